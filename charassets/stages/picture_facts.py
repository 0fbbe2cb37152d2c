"""What duplicates are told of every picture, worked out shard by shard and kept from run to run.

What belongs here: reading measurements, verdicts and numbers of tags, and going on with those of shards that stand as they were.
Not here: the verdict (``gates``), what is made of the facts (``near_duplicates``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from charassets.attributes.spelling import pieces
from charassets.lake.fingerprint import fingerprint
from charassets.schema import SINGLE_CHARACTER_IMAGES
from charassets.settings import GateSettings
from charassets.similarity.batches import gathered
from charassets.similarity.pictures import PICTURES
from charassets.similarity.places import Places
from charassets.stages.contract import Collection
from charassets.stages.gates import verdict_sql, verdicts

FACTS, FACTS_OF = "facts1", "facts_of1"
"""Roles of the tables to go on from, which are kept beside the rows; the number is raised by hand when facts are read otherwise."""

FACTS_OF_SCHEMA = pa.schema(
    [
        pa.field("shard", pa.string(), False),
        pa.field("made_of", pa.string(), False),
        pa.field("rows", pa.int64(), False),
    ]
)
"""A row a shard, in order: what its facts were made of, and how many there are."""

_MEASURED = tuple(name for name in PICTURES.names if name not in ("single", "tags"))
READ = tuple(dict.fromkeys((*SINGLE_CHARACTER_IMAGES.narrow, *_MEASURED)))
"""Columns of ``single_character_images`` that facts are read from."""

READ_TAGS = ("record_id", "tags")
"""Columns of ``raw_shards``."""

_JUDGED_AT_ONCE = 65_536  # records; the columns without the crop are half a kilobyte each
_COUNTED_AT_ONCE = 65_536


@dataclass(frozen=True)
class PictureFacts:
    """The facts of all records of a collection.

    Attributes:
        rows: schema ``PICTURES``, one row a record, shard by shard; records of words alone have no ``image_id``.
        of: schema ``FACTS_OF_SCHEMA``.
    """

    rows: pa.Table
    of: pa.Table

    @classmethod
    def read(
        cls, images: Collection, raw: Collection, gates: GateSettings, before: Collection | None = None
    ) -> "PictureFacts":
        """The facts of the shards that are there.

        What was kept of a shard stands where nothing that it hangs on changed since: its pictures, its tags, the gates.

        Args:
            images: ``single_character_images``.
            raw: ``raw_shards``, of the same shards.
            gates: thresholds.
            before: what the run before kept (``extras``).
        """
        verdict = fingerprint({"sql": verdict_sql("pictures", "gates"), "gates": gates.model_dump()})
        lines = raw.versions
        made_of = {
            shard: fingerprint({"images": version, "tags": lines.get(shard, ""), "verdict": verdict})
            for shard, version in images.versions.items()
        }
        kept = _kept(before) if before is not None else {}
        stands = {shard: kept[shard][1] for shard in made_of if shard in kept and kept[shard][0] == made_of[shard]}
        new = [part for shard, part in zip(made_of, images.parts(), strict=True) if shard not in stands]
        words = [
            part for shard, part in zip(lines, raw.parts(), strict=True) if shard in made_of and shard not in stands
        ]
        fresh, done = _facts(new, words, gates), 0
        found, sizes = [PICTURES.empty_table()], []
        for shard, part in zip(made_of, images.parts(), strict=True):
            facts = stands.get(shard)
            if facts is None:
                facts, done = fresh.slice(done, part.rows), done + part.rows
            found.append(facts)
            sizes.append(len(facts))
        of = pa.table([list(made_of), list(made_of.values()), sizes], schema=FACTS_OF_SCHEMA)
        return cls(pa.concat_tables(found).combine_chunks(), of)

    @property
    def pictured(self) -> NDArray[np.bool_]:
        """Which records have a picture, shape (n,)."""
        return self.rows["image_id"].is_valid().to_numpy()

    def by_shard(self, values: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """What is said of all records, shape (n,), shard by shard."""
        ends = np.cumsum(self.of["rows"].to_numpy())
        return np.split(values, ends[:-1]) if len(ends) else []

    @property
    def pictures(self) -> pa.Table:
        """The rows with a picture."""
        pictured = self.pictured
        return self.rows if pictured.all() else self.rows.filter(pa.array(pictured))

    def extras(self) -> dict[str, pa.Table]:
        """The tables to keep beside the rows."""
        return {FACTS: self.rows, FACTS_OF: self.of}


def _kept(before: Collection) -> dict[str, tuple[str, pa.Table]]:
    """What the facts of each shard were made of, and the facts, of the run before."""
    rows, of = before.beside(FACTS), before.beside(FACTS_OF)
    if rows is None or of is None:
        return {}
    sizes = of["rows"].to_numpy()
    starts = (np.cumsum(sizes) - sizes).tolist()
    parts = [rows.slice(start, size).cast(PICTURES) for start, size in zip(starts, sizes.tolist(), strict=True)]
    told = zip(of["made_of"].to_pylist(), parts, strict=True)
    return dict(zip(of["shard"].to_pylist(), told, strict=True))


def _facts(images: Sequence[Collection], raw: Sequence[Collection], gates: GateSettings) -> pa.Table:
    """The facts of some shards, schema ``PICTURES``."""
    schema = pa.schema([PICTURES.field(name) for name in PICTURES.names if name != "tags"])
    found = [schema.empty_table()]
    read = (batch for part in images for batch in part.batches(READ))
    for batch in gathered(read, _JUDGED_AT_ONCE):
        single = pc.equal(verdicts(batch, gates)["verdict"], "single").combine_chunks()  # pyright: ignore[reportAttributeAccessIssue]
        found.append(batch.append_column("single", single).select(schema.names).cast(schema))
    rows = pa.concat_tables(found).combine_chunks()
    counts = pa.array(_tag_counts(raw, rows["record_id"].combine_chunks()))
    return rows.append_column(PICTURES.field("tags"), counts).select(PICTURES.names)


def _tag_counts(raw: Sequence[Collection], records: pa.Array) -> NDArray[np.int32]:
    """Number of tags of each record's line: the richer line breaks a tie between equal pictures."""
    where = Places(records)
    counts = np.zeros(len(records), np.int32)
    read = (batch for part in raw for batch in part.batches(READ_TAGS))
    for batch in gathered(read, _COUNTED_AT_ONCE):
        places = where.of(batch["record_id"])
        for place, line in zip(places.tolist(), batch["tags"].to_pylist(), strict=True):
            if line and place >= 0:
                counts[place] = sum(map(bool, map(str.strip, pieces(line))))
    return counts
