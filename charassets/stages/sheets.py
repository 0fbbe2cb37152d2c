"""Contact sheets of the lake: which pictures a person should see after a run.

What belongs here: choosing crops and labelling them. Not here: drawing (``charassets.images.contact_sheet``) or showing.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from charassets.errors import Rejected
from charassets.images.contact_sheet import sheet
from charassets.images.decode import decode
from charassets.lake.fragments import Fragment, Lake
from charassets.schema import CHARACTER_CLUSTERS, NEAR_DUPLICATES, SINGLE_CHARACTER_IMAGES, TRACKS
from charassets.settings import GateSettings, ImageSettings
from charassets.stages.collection import ALL
from charassets.stages.gates import verdicts

TILES = 24
"""Pictures of a sheet: three rows of eight, about 40 kB."""

SHARDS_READ = 4
"""Shards whose crops are read for a sheet of the collection; a sheet is a sample, not a reason to read the lake."""

JUDGED = list(SINGLE_CHARACTER_IMAGES.narrow)
"""Columns the verdict is read from."""

_STORED_CROPS = ImageSettings(min_side=1)  # our own files, measured when they were written

Picture = tuple[NDArray[np.uint8], str]


def kept_and_refused(fragment: Fragment, gates: GateSettings, max_bytes: int) -> dict[str, bytes]:
    """Sheets of a shard's single-character crops and of the others with the reason, evenly sampled.

    Args:
        fragment: a fragment of ``single_character_images``.
        gates: the verdict's thresholds.
        max_bytes: most bytes of each sheet.
    """
    judged = verdicts(fragment.read(JUDGED), gates)
    names, verdict = judged["record_id"].to_pylist(), judged["verdict"].to_pylist()
    kept = _spread([n for n, v in zip(names, verdict, strict=True) if v == "single"])
    refused = _spread([n for n, v in zip(names, verdict, strict=True) if v != "single"])
    labels = dict.fromkeys(kept, "") | {n: v for n, v in zip(names, verdict, strict=True) if n in set(refused)}
    pictures = _crops([fragment], labels)
    sheets = {"kept": [pictures[n] for n in kept if n in pictures]}
    sheets["refused"] = [pictures[n] for n in refused if n in pictures]
    return {title: _drawn(chosen, max_bytes) for title, chosen in sheets.items() if chosen}


def characters(lake: Lake, max_bytes: int) -> dict[str, bytes]:
    """A sheet of the representatives of the largest characters."""
    fragment = lake.fragment(CHARACTER_CLUSTERS.name, ALL)
    if fragment is None:
        return {}
    rows = fragment.read(["record_id", "character_id", "representative"])
    sizes = {v["values"]: v["counts"] for v in rows["character_id"].drop_null().value_counts().to_pylist()}
    shown = rows.filter(rows["representative"])
    labels = {
        record: f"{name} ({sizes[name]})"
        for record, name in zip(shown["record_id"].to_pylist(), shown["character_id"].to_pylist(), strict=True)
        if name in sizes
    }
    largest = sorted(labels, key=lambda record: -sizes[labels[record].partition(" ")[0]])[: TILES * 2]
    return _collection_sheet(lake, "characters", {record: labels[record] for record in largest}, max_bytes)


def duplicates(lake: Lake, max_bytes: int) -> dict[str, bytes]:
    """A sheet of duplicate groups: each keeper followed by its copies."""
    fragment = lake.fragment(NEAR_DUPLICATES.name, ALL)
    if fragment is None:
        return {}
    rows = fragment.read(["record_id", "group_id", "relation"])
    columns = (rows[name].to_pylist() for name in ("group_id", "relation", "record_id"))
    lines = sorted(zip(*columns, strict=True), key=lambda line: (line[0], line[1] != "self"))
    grouped = {group for group, relation, _ in lines if relation != "self"}
    labels = {record: "keeper" if how == "self" else how for group, how, record in lines if group in grouped}
    return _collection_sheet(lake, "duplicates", dict(list(labels.items())[: TILES * 2]), max_bytes)


def tracks(lake: Lake, max_bytes: int) -> dict[str, bytes]:
    """A sheet of the frames that stand for tracks, film by film, each with its name and its first second."""
    fragment = lake.fragment(TRACKS.name, ALL)
    if fragment is None:
        return {}
    rows = fragment.read(["record_id", "name", "first_s"]).slice(0, TILES * 2)
    columns = (rows[name].to_pylist() for name in ("record_id", "name", "first_s"))
    labels = {record: f"{name or 'unknown'} {first:.0f} s" for record, name, first in zip(*columns, strict=True)}
    return _collection_sheet(lake, "tracks", labels, max_bytes)


def pixels_of(crop: bytes) -> NDArray[np.uint8] | None:
    """A stored crop as (H, W, 3) uint8 RGB; None where it cannot be shown (so thin that it is beyond the aspect limit)."""
    try:
        return decode(crop, _STORED_CROPS).pixels
    except Rejected:
        return None


def _collection_sheet(lake: Lake, title: str, labels: Mapping[str, str], max_bytes: int) -> dict[str, bytes]:
    """A sheet of these records in this order, of as many as a few shards hold."""
    if not labels:
        return {}
    pictures = _crops(lake.fragments(SINGLE_CHARACTER_IMAGES.name), labels)
    chosen = [pictures[record] for record in labels if record in pictures][:TILES]
    return {title: _drawn(chosen, max_bytes)} if chosen else {}


def _crops(fragments: Iterable[Fragment], labels: Mapping[str, str]) -> dict[str, Picture]:
    """Decoded crops of some records with their labels."""
    found: dict[str, Picture] = {}
    read = 0
    for fragment in fragments:
        if read == SHARDS_READ or len(found) >= len(labels):
            break
        if labels.keys().isdisjoint(fragment.read(["record_id"])["record_id"].to_pylist()):
            continue
        read += 1
        for batch in fragment.batches(["record_id", "crop"], 256):
            for record, crop in zip(batch["record_id"].to_pylist(), batch["crop"], strict=True):
                if record in labels and crop.is_valid and (pixels := pixels_of(crop.as_py())) is not None:
                    found[record] = (pixels, labels[record])
    return found


def _spread(names: Sequence[str]) -> list[str]:
    """At most ``TILES`` names, evenly from all."""
    step = max(1, -(-len(names) // TILES))
    return list(names[::step])


def _drawn(pictures: Sequence[Picture], max_bytes: int) -> bytes:
    return sheet([pixels for pixels, _ in pictures], [label for _, label in pictures], max_bytes=max_bytes)
