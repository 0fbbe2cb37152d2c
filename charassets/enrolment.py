"""Taking reference pictures into the gallery: from folders, from records of the workspace, from what people confirmed.

What belongs here: where references come from, and what a change of the gallery is called. Not here: galleries themselves
(``charassets.identity``). Every change makes a new version; the ones before stay and can be put back.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from charassets.curation import Edit, EditLog, live
from charassets.errors import UsageError
from charassets.extraction import Extraction, extract
from charassets.identity import references as kept
from charassets.identity import shelf
from charassets.identity.gallery import Gallery, made
from charassets.identity.recognition import Recogniser, Shown
from charassets.identity.references import REFERENCES, checked_name
from charassets.identity.shelf import Shelved
from charassets.identity.traits import to_mapping
from charassets.lake.fragments import Lake
from charassets.schema import CHARACTER_ATTRIBUTES, CLIP_EMBEDDINGS, SINGLE_CHARACTER_IMAGES
from charassets.settings import Settings
from charassets.stages.character_identities import CharacterIdentities
from charassets.stages.contract import Batch, Reads

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".avif", ".tif", ".tiff"})
"""Endings of files in a folder that are taken for pictures; what the bytes are is the decoder's to say."""

CONFIRMED, CORRECTED = "confirmed", "corrected"
NOBODY = "Unknown"
"""The name by which people say that a picture shows nobody of the gallery."""

_FEW = 4  # held-out pictures below which a share of right names means nothing


@dataclass(frozen=True)
class Taken:
    """What became of an addition.

    Attributes:
        shelved: the gallery now in force.
        added: reference pictures taken in.
        refused: pictures that could not be used, with the reason.
    """

    shelved: Shelved
    added: int
    refused: tuple[str, ...]


@dataclass(frozen=True)
class Grown:
    """What confirmed and corrected names did to the gallery.

    Attributes:
        shelved: the gallery in force; None where there is none.
        changed: a new version was made.
        added: references that are new.
        removed: references whose edit was undone.
        before: share of the new pictures that the gallery named rightly without them; None where they are too few.
        after: the same with one half of them, asked about the other half, both ways round.
    """

    shelved: Shelved | None
    changed: bool
    added: int = 0
    removed: int = 0
    before: float | None = None
    after: float | None = None


def add_folder(lake: Lake, settings: Settings, folder: Path) -> Taken:
    """Take in a folder: a folder below it is a character; a picture directly in it is one by its own name.

    Raises:
        UsageError: the folder is not there, or holds no picture that can be used.
    """
    if not folder.is_dir():
        raise UsageError("the folder is not there", where=str(folder), todo="name a folder of folders, one a character")
    rows: list[dict[str, Any]] = []
    refused: list[str] = []
    models: set[str] = set()
    for name, path in _listed(folder):
        found = extract(path.read_bytes(), _words_beside(path), settings)
        if found.embedding is None or found.embedder is None:
            refused.append(f"{path.name}: {found.verdict}, {found.reason}")
            continue
        models.add(found.embedder)
        rows.append(_row(found, settings, checked_name(name), path.relative_to(folder).as_posix(), "folder"))
    if not rows:
        raise UsageError("no picture could be used", where=str(folder), todo=refused[0] if refused else "add some")
    return _taken(lake, settings, kept.rows(rows), models.pop(), f"added {folder.name}", refused)


def add_records(lake: Lake, settings: Settings, names: Mapping[str, str], how: str) -> Taken:
    """Take in records of the workspace.

    Args:
        lake: the lake.
        settings: bounds and models.
        names: record to character.
        how: cluster, tags or table.

    Raises:
        UsageError: none of the records was embedded.
    """
    rows, model = from_records(lake, settings, names, dict.fromkeys(names, how))
    if not rows.num_rows:
        raise UsageError("none of these records has an embedding", where="gallery", todo="`charassets run` comes first")
    return _taken(lake, settings, rows, model, f"added {len(names)} records by {how}", ())


def remove(lake: Lake, settings: Settings, names: Sequence[str]) -> Shelved:
    """Take characters out.

    Raises:
        UsageError: one is not in the gallery, or nobody would be left.
    """
    shelved = in_force(lake)
    if absent := sorted(set(names) - set(shelved.gallery.names)):
        raise UsageError(
            f"{absent[0]!r} is not in the gallery", where="gallery", todo="`charassets gallery list` shows them"
        )
    rows = shelved.gallery.references
    left = rows.filter(~pc.field("name").isin(pa.array(list(names), pa.string())))
    if not any(left["name"].to_pylist()):
        raise UsageError(
            "nobody would be left", where="gallery", todo="`charassets gallery rollback`, or keep a character"
        )
    gallery = made(left, shelved.gallery.model, settings.identity)
    return shelf.put(lake.store, gallery, f"removed {', '.join(names)}", passed_over=shelved.passed_over)


def rollback(lake: Lake, log: EditLog, digest: str | None) -> Shelved:
    """Put a version in force again, by default the one before.

    What people confirmed since is passed over from now on, until a later version is put back: it would otherwise return with
    the next run.

    Raises:
        UsageError: there is no such version.
    """
    versions = shelf.versions(lake.store)
    in_force(lake)
    now = versions[-1].digest
    before = [version.digest for version in versions if version.digest != now]
    if digest is None and not before:
        raise UsageError("there is no version before this one", where="gallery", todo="nothing was changed")
    chosen = digest or before[-1]
    target = shelf.put_back(lake.store, chosen, frozenset(), f"put back {chosen[:12]} instead of {now[:12]}")
    held = {cell for cell in target.gallery.references["record_id"].to_pylist() if cell}
    standing = _told(log)
    passed = frozenset(edit.id for record, (_, _, edit) in standing.items() if record not in held)
    return shelf.put(lake.store, target.gallery, str(target.notes["why"]), passed_over=passed) if passed else target


def in_force(lake: Lake) -> Shelved:
    """The gallery in force.

    Raises:
        UsageError: there is none.
    """
    found = shelf.current(lake.store)
    if found is None:
        raise UsageError("there is no gallery yet", where="gallery", todo="`charassets gallery add FOLDER` makes one")
    return found


def grow(lake: Lake, settings: Settings, log: EditLog) -> Grown:
    """Make references of the pictures whose character people confirmed or corrected, and let go of those they took back.

    A new version is made only if something changed. How right it was before and is now is measured on the new pictures
    themselves, each asked about by a gallery that does not hold it.

    Raises:
        CharassetsError: the lake was embedded by another model than the gallery.
    """
    shelved = shelf.current(lake.store)
    passed = shelved.passed_over if shelved else frozenset()
    told = {record: said for record, said in _told(log).items() if said[2].id not in passed}
    old = shelved.gallery.references if shelved else REFERENCES.empty_table()
    learnt = [how in (CONFIRMED, CORRECTED) for how in old["how"].to_pylist()]
    names = dict(zip(old["record_id"].to_pylist(), old["name"].to_pylist(), strict=True))
    was = {r: names[r] for r, is_learnt in zip(old["record_id"].to_pylist(), learnt, strict=True) if is_learnt}
    wanted = {record: "" if name == NOBODY else name for record, (name, _, _) in told.items()}
    new = {record: name for record, name in wanted.items() if was.get(record) != name}
    gone = {record for record, name in was.items() if wanted.get(record) != name}
    rows, model = from_records(lake, settings, new, {record: told[record][1] for record in new})
    if not rows.num_rows and not gone:
        return Grown(shelved, False)
    again = gone | {record for record in new if record in names}
    stay = old.filter(pa.array([record not in again for record in old["record_id"].to_pylist()], pa.bool_()))
    together = pa.concat_tables([stay, rows])
    if not any(together["name"].to_pylist()):
        return Grown(shelved, False)
    model = shelved.gallery.model if shelved else model
    before, after = _measured(shelved.gallery if shelved else None, stay, rows, model, settings)
    figures = {"before": before, "after": after, "added": rows.num_rows, "removed": len(gone)}
    why = f"people's word: {rows.num_rows} references added, {len(gone)} taken back"
    put = shelf.put(lake.store, made(together, model, settings.identity), why, figures, passed)
    return Grown(put, True, rows.num_rows, len(gone), before, after)


def from_records(
    lake: Lake, settings: Settings, names: Mapping[str, str], how: Mapping[str, str]
) -> tuple[pa.Table, str]:
    """References of records of the lake, shard by shard, and the embedder of their vectors."""
    stage = CharacterIdentities(settings)
    found: list[dict[str, Any]] = []
    models: set[str] = set()
    for batch in _batches(lake, stage.reads, names):
        shown, side = stage.shown(batch), batch.sides[SINGLE_CHARACTER_IMAGES.name]
        pictures = {row["record_id"]: row for row in side.drop_columns(["crop"]).to_pylist()}
        models.update(batch.records["model"].to_pylist())
        for i, (record, traits) in enumerate(zip(batch.record_ids, to_mapping(shown.answers), strict=True)):
            facts = {key: pictures[record][key] for key in ("image_id", "phash", "signatures", "preview")}
            head = shown.head[i]
            found.append(
                {
                    **facts,
                    "name": names[record] and checked_name(names[record]),
                    "origin": f"record {record}",
                    "how": how[record],
                    "record_id": record,
                    "figure": shown.figure[i].astype("<f2").tobytes(),
                    "head": head.astype("<f2").tobytes() if head.any() else None,
                    "traits": orjson.dumps(traits),
                }
            )
    if len(models) > 1:
        raise UsageError(
            "the records were embedded by different models", where="gallery", todo="`charassets run` first"
        )
    return kept.rows(found), next(iter(models), "")


def shown_of(found: Extraction, settings: Settings) -> Shown:
    """What is known of an extracted picture, for a recogniser; it has an embedding."""
    stage = CharacterIdentities(settings)
    return stage.shown(_batch_of(found, stage.reads))


def _row(found: Extraction, settings: Settings, name: str, origin: str, how: str) -> dict[str, Any]:
    shown = shown_of(found, settings)
    image = found.tables[SINGLE_CHARACTER_IMAGES.name].to_pylist()[0]
    return {
        **{key: image[key] for key in ("image_id", "phash", "signatures", "preview")},
        "name": name,
        "origin": origin,
        "how": how,
        "figure": shown.figure[0].astype("<f2").tobytes(),
        "head": shown.head[0].astype("<f2").tobytes() if shown.head[0].any() else None,
        "traits": orjson.dumps(to_mapping(shown.answers)[0]),
    }


def _batch_of(found: Extraction, reads: Mapping[str, Reads]) -> Batch:
    driver, *sides = reads
    tables = {name: found.tables[name].select(["record_id", *read.columns]) for name, read in reads.items()}
    return Batch(tables[driver], {name: tables[name] for name in sides})


def _batches(lake: Lake, reads: Mapping[str, Reads], names: Mapping[str, str]) -> Iterator[Batch]:
    wanted = pa.array(list(names), pa.string())
    for shard in lake.shards(CLIP_EMBEDDINGS.name):
        pieces: dict[str, pa.Table] = {}
        for table, read in reads.items():
            fragment = lake.fragment(table, shard)
            if fragment is None:
                break
            columns = ["record_id", *read.columns]
            parts = [b.filter(pc.is_in(b["record_id"], value_set=wanted)) for b in fragment.batches(columns, 1024)]  # pyright: ignore[reportAttributeAccessIssue]
            pieces[table] = pa.concat_tables([p.select(columns) for p in parts]) if parts else pa.table({})
        driver = pieces.get(CLIP_EMBEDDINGS.name)
        if len(pieces) == len(reads) and driver is not None and driver.num_rows:
            yield Batch(driver, {t: pieces[t] for t in (SINGLE_CHARACTER_IMAGES.name, CHARACTER_ATTRIBUTES.name)})


def _taken(lake: Lake, settings: Settings, rows: pa.Table, model: str, why: str, refused: Iterable[str]) -> Taken:
    shelved = shelf.current(lake.store)
    passed: frozenset[str] = frozenset()
    added = rows.num_rows
    if shelved is not None:
        if shelved.gallery.model != model:
            raise UsageError(
                f"the gallery was made with {shelved.gallery.model}, these pictures with {model}",
                where="gallery",
                todo="use the profile it was made with",
            )
        old, passed = shelved.gallery.references, shelved.passed_over
        known = set(zip(old["name"].to_pylist(), old["image_id"].to_pylist(), strict=True))
        pairs = zip(rows["name"].to_pylist(), rows["image_id"].to_pylist(), strict=True)
        rows = rows.filter(pa.array([pair not in known for pair in pairs], pa.bool_()))
        added = rows.num_rows
        rows = pa.concat_tables([old, rows])
    if shelved is not None and not added:
        return Taken(shelved, 0, tuple(refused))
    return Taken(
        shelf.put(lake.store, made(rows, model, settings.identity), why, passed_over=passed), added, tuple(refused)
    )


def _listed(folder: Path) -> Iterator[tuple[str, Path]]:
    """Name and picture, in order; links are not followed out of the folder."""
    for entry in sorted(folder.iterdir()):
        if entry.is_symlink():
            continue
        if entry.is_dir():
            inside = (path for path in sorted(entry.iterdir()) if path.suffix.lower() in PICTURES and path.is_file())
            yield from ((entry.name, path) for path in inside if not path.is_symlink())
        elif entry.suffix.lower() in PICTURES:
            yield entry.stem, entry


def _words_beside(path: Path) -> str | None:
    sidecar = path.with_suffix(".txt")
    return sidecar.read_text(encoding="utf-8", errors="replace")[:20_000] if sidecar.is_file() else None


def _told(log: EditLog) -> dict[str, tuple[str, str, Edit]]:
    """Record to the last name that stands, how it was said, and in which edit."""
    found: dict[str, tuple[str, str, Edit]] = {}
    for edit in live(log.edits()):
        if edit.op in ("identity.confirm", "identity.correct"):
            how = CONFIRMED if edit.op == "identity.confirm" else CORRECTED
            found |= {record: (edit.args["name"], how, edit) for record in edit.args["record_ids"]}
    return found


def _measured(
    old: Gallery | None, stay: pa.Table, new: pa.Table, model: str, settings: Settings
) -> tuple[float | None, float | None]:
    """Share of the new pictures named rightly before, and with one half of them asked about the other."""
    named = new.filter(pc.field("name") != "")
    if old is None or named.num_rows < _FEW:
        return None, None
    places = np.arange(named.num_rows)
    right = 0.0
    for half in (0, 1):
        taught = pa.concat_tables([stay, named.take(pa.array(places[places % 2 == half]))])
        held = named.take(pa.array(places[places % 2 != half]))
        right += _right(made(taught, model, settings.identity), held, settings)
    return _right(old, named, settings) / named.num_rows, right / named.num_rows


def _right(gallery: Gallery, pictures: pa.Table, settings: Settings) -> int:
    dim = gallery.dim
    figure, head = (kept.vectors(pictures, column, dim) for column in ("figure", "head"))
    shown = Shown(figure, head, kept.answers(pictures), [None] * len(figure))
    found = Recogniser(gallery, settings.identity).identify(shown)
    return sum(one.name == name for one, name in zip(found, pictures["name"].to_pylist(), strict=True))
