"""Pictures of the clustering: the map of a sample, and sheets with a row of members a character.

What belongs here: whom they show, and the vectors of those. Not here: drawing (``charassets.images``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from charassets.errors import Rejected
from charassets.exports.character_facts import CharacterFacts
from charassets.images.contact_sheet import sheet
from charassets.images.decode import decode
from charassets.images.scatter_plot import scatter_plot
from charassets.lake.fragments import Lake
from charassets.schema import CLIP_EMBEDDINGS
from charassets.settings import ImageSettings
from charassets.similarity.plane import principal_axes
from charassets.similarity.vectors import Vectors, gather
from charassets.stages.collection import StoredCollection

COLUMNS_OF_A_SHEET = 8
"""Members of a character on a sheet: its most typical ones, and at the end its least typical one."""

_SAMPLE = 5_000  # points of the map: more hide each other
_TILE = 112  # px
_SHEET_BYTES = 400_000
_LIMITS = ImageSettings(min_side=1, max_aspect=1e6)  # crops are our own

_SAMPLED = f"""
    WITH ranked AS (
        SELECT record_id, character_id, (row_number() OVER (PARTITION BY character_id ORDER BY md5(record_id)) - 0.5)
            / count(*) OVER (PARTITION BY character_id) AS place
        FROM records SEMI JOIN chosen USING (record_id) WHERE NOT text_only
    )
    SELECT record_id, character_id FROM ranked ORDER BY place, md5(record_id) LIMIT {_SAMPLE}
"""  # noqa: S608 - of every character its share, by a hash, so that it stays the same

_ROW = """
    SELECT record_id FROM records SEMI JOIN chosen USING (record_id)
    LEFT JOIN (SELECT record_id, similarity FROM character_clusters) AS looks USING (record_id)
    WHERE character_id = ? ORDER BY character_representative DESC, similarity DESC NULLS LAST, record_id
"""


def cluster_map(con: duckdb.DuckDBPyConnection, lake: Lake, largest: Sequence[CharacterFacts]) -> bytes:
    """PNG: a sample of the pictures on the principal axes of their embeddings, the largest characters in the legend."""
    sampled = con.execute(_SAMPLED).fetchall()
    found = _vectors(lake, [record for record, _ in sampled])
    shown = np.flatnonzero(found.row >= 0)
    places, share = principal_axes(found.values[found.row[shown]])
    names = [character.character_id for character in largest]
    order = {name: k for k, name in enumerate(dict.fromkeys([*names, *sorted({c for _, c in sampled if c})]))}
    groups = [order.get(sampled[i][1], -1) for i in shown.tolist()]
    total = con.execute(
        "SELECT count(*) FROM records SEMI JOIN chosen USING (record_id) WHERE NOT text_only"
    ).fetchall()
    title = f"{len(shown):,} of {total[0][0]:,} pictures; two axes of embeddings show {share:.0%} of their differences"
    legend = [f"{c.name or c.character_id} ({c.pictures:,})" for c in largest]
    return scatter_plot(places, groups, legend, title)


def nearest_others(
    con: duckdb.DuckDBPyConnection, lake: Lake, shown: Sequence[CharacterFacts], others: Sequence[CharacterFacts]
) -> dict[str, tuple[str, float]]:
    """Of each shown character the other one whose representative looks most like its own, with the cosine."""
    everyone = list({c.character_id: c for c in (*others, *shown)}.values())
    found = _vectors(lake, [c.representative for c in everyone])
    there = [i for i in range(len(everyone)) if found.row[i] >= 0]
    vectors = found.values[found.row[there]].astype(np.float32)
    place = {everyone[i].character_id: k for k, i in enumerate(there)}
    nearest: dict[str, tuple[str, float]] = {}
    for character in shown:
        row = place.get(character.character_id)
        if row is not None and len(there) > 1:
            cosine = vectors @ vectors[row]
            cosine[row] = -2
            best = int(cosine.argmax())
            nearest[character.character_id] = (everyone[there[best]].character_id, round(float(cosine[best]), 4))
    return nearest


def _vectors(lake: Lake, records: Sequence[str]) -> Vectors:
    return gather(StoredCollection(CLIP_EMBEDDINGS.name, lake.fragments(CLIP_EMBEDDINGS.name)).batches, records)


@dataclass(frozen=True)
class Rows:
    """Which members are shown of some characters, a row each.

    Attributes:
        labels: record to the line under it.
        members: character to the records of its row.
    """

    labels: Mapping[str, str]
    members: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, con: duckdb.DuckDBPyConnection, shown: Sequence[CharacterFacts]) -> "Rows":
        """The most typical members of each, and the least typical one."""
        labels: dict[str, str] = {}
        members: dict[str, list[str]] = {}
        for character in shown:
            records = [record for (record,) in con.execute(_ROW, [character.character_id]).fetchall()]
            kept = records[: COLUMNS_OF_A_SHEET - 1] + records[COLUMNS_OF_A_SHEET - 1 :][-1:]
            members[character.character_id] = kept
            title = f"{character.name or character.character_id} ({character.pictures})"
            labels |= {record: "" for record in kept} | {kept[0]: title}
            if len(kept) == COLUMNS_OF_A_SHEET:
                labels[kept[-1]] = "least typical"
        return cls(labels, members)

    def drawn(self, shown: Sequence[Sequence[str]], thumbnails: Mapping[str, NDArray[np.uint8]]) -> bytes | None:
        """WebP with a row a character; None where there is no picture at all."""
        blank = np.full((8, 8, 3), 246, np.uint8)
        pictures, labels = [], []
        for row in shown:
            there = [record for record in row if record in thumbnails]
            filling = COLUMNS_OF_A_SHEET - len(there) if there else 0
            pictures += [thumbnails[record] for record in there] + [blank] * filling
            labels += [self.labels[record] for record in there] + [""] * filling
        if not pictures:
            return None
        return sheet(pictures, labels, columns=COLUMNS_OF_A_SHEET, tile=_TILE, max_bytes=_SHEET_BYTES)


def thumbnail(data: bytes) -> NDArray[np.uint8] | None:
    """A picture small enough to be kept until the sheet is drawn, (h, w, 3) uint8; None where it cannot be shown."""
    import cv2

    try:
        pixels = decode(data, _LIMITS).pixels
    except Rejected:
        return None
    scale = min(1.0, _TILE / max(pixels.shape[:2]))
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
