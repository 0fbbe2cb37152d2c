"""Runs a collection step: one fragment, shard ``all``, from every shard of its inputs that is there."""

import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from charassets import progress
from charassets.errors import CharassetsError
from charassets.lake import drafts
from charassets.lake.fingerprint import fingerprint
from charassets.lake.fragments import Fragment, Lake
from charassets.schema import BOOKS, TABLES
from charassets.similarity.places import Places
from charassets.stages.contract import CollectionStage, Outcome
from charassets.stages.runner import ShardResult

ALL = "all"
"""Shard name of a collection table."""

_WRITTEN_AT_ONCE = 65_536  # rows: a row group each

_NO_DIGEST = b"\0" * 16  # collection rows are not reused one by one


class StoredCollection:
    """The fragments of one table, in shard order."""

    def __init__(self, table: str, fragments: Sequence[Fragment]) -> None:
        self._table, self._schema, self._fragments = table, TABLES[table].arrow, fragments

    @property
    def rows(self) -> int:
        """Rows in all shards."""
        return sum(fragment.rows for fragment in self._fragments)

    def table(self, columns: Sequence[str]) -> pa.Table:
        """All rows of some columns."""
        pieces = [fragment.read(list(columns)).select(list(columns)) for fragment in self._fragments if fragment.rows]
        return pa.concat_tables(pieces) if pieces else pa.schema([self._schema.field(c) for c in columns]).empty_table()

    def batches(self, columns: Sequence[str], batch_rows: int = 4096) -> Iterator[pa.Table]:
        """All rows of some columns, streamed."""
        for fragment in self._fragments:
            yield from fragment.batches(list(columns), batch_rows)

    def coded(self, columns: Sequence[str], batch_rows: int = 4096) -> Iterator[pa.Table]:
        """All rows of some columns, streamed, with strings as numbers into a dictionary."""
        for fragment in self._fragments:
            yield from fragment.batches(list(columns), batch_rows, coded=True)

    def parts(self) -> "list[StoredCollection]":
        """The shards one by one."""
        return [StoredCollection(self._table, [fragment]) for fragment in self._fragments]

    @property
    def versions(self) -> dict[str, str]:
        """The shards, in order, and a digest of the rows of each."""
        return {fragment.manifest.shard: fragment.version for fragment in self._fragments}

    def beside(self, role: str) -> pa.Table | None:
        """A table kept beside the rows of a collection table."""
        kept = [fragment.read(role=role) for fragment in self._fragments if fragment.manifest.has(role)]
        return pa.concat_tables(kept) if kept else None

    def made_by(self, own_fingerprint: str) -> bool:
        """Whether the step of this fingerprint made every fragment."""
        return self.makers <= {own_fingerprint}

    @property
    def makers(self) -> frozenset[str]:
        """Fingerprints of the steps that made it."""
        return frozenset(fragment.manifest.stage_fingerprint for fragment in self._fragments)


def run_collection(stage: CollectionStage, lake: Lake) -> ShardResult:
    """Bring a collection table up to date with the shards that are there.

    Raises:
        CharassetsError: the step failed; the fragment before stays as it was.
    """
    started = time.perf_counter()
    fragments = {table: lake.fragments(table) for table in stage.reads}
    versions = _versions(fragments)
    own = stage.own_fingerprint()
    wanted = fingerprint({"stage": own, "inputs": versions})
    before = lake.fragment(stage.name, ALL)
    if before is not None and before.is_whole() and before.manifest.fingerprint == wanted:
        progress.advance(stage.name, before.manifest.counts["in"], reused=True)
        return ShardResult(before.manifest, True, 0, before.manifest.counts["in"], time.perf_counter() - started)
    progress.begin(stage.name)
    inputs = {table: StoredCollection(table, found) for table, found in fragments.items()}
    if stage.continues and before is not None and before.is_whole():
        inputs[stage.name] = StoredCollection(stage.name, [before])
    halfway = drafts.Drafts(lake.store, stage.name)
    with drafts.kept_in(halfway):
        outcome = stage.compute(inputs)
    books = _books(stage, inputs[next(iter(stage.reads))], outcome)
    with lake.writer(stage.name, ALL, stage.schema) as writer:
        for start in range(0, max(1, len(outcome.rows)), _WRITTEN_AT_ONCE):
            rows = outcome.rows.slice(start, _WRITTEN_AT_ONCE)
            writer.add(rows, books if not start else BOOKS.empty_table())
        for role, table in outcome.extras.items():
            writer.keep(role, table)
        manifest = writer.commit(wanted, own, versions)
    halfway.drop()
    progress.advance(stage.name, books.num_rows)
    return ShardResult(manifest, False, books.num_rows, 0, time.perf_counter() - started)


def versions_of(lake: Lake, stage: CollectionStage) -> dict[str, str]:
    """What a step would be made from now: input table to a digest of its shards."""
    return _versions({table: lake.fragments(table) for table in stage.reads})


def _versions(fragments: Mapping[str, Sequence[Fragment]]) -> dict[str, str]:
    return {table: fingerprint({f.manifest.shard: f.version for f in found}) for table, found in fragments.items()}


def _books(stage: CollectionStage, driver: StoredCollection, outcome: Outcome) -> pa.Table:
    """A line for every record of the driver."""
    kept = outcome.rows["record_id"].unique()
    refused, skipped = outcome.rejected, outcome.skipped
    parts = [
        _lines(kept, "row"),
        _lines(
            pa.array([r.record_id for r in refused], pa.string()),
            "rejected",
            pa.array([r.code for r in refused], pa.string()),
            pa.array([r.detail or None for r in refused], pa.string()),
        ),
        _lines(pa.array(list(skipped), pa.string()), "skipped", pa.array(list(skipped.values()), pa.string())),
    ]
    lines = pa.concat_tables(parts)
    records = driver.table(["record_id"])["record_id"]
    times = np.bincount(Places(records).of(lines["record_id"]) + 1, minlength=len(records) + 1)
    if times[0] or (times[1:] != 1).any():
        raise CharassetsError(
            f"{stage.name} was given {len(records)} records and accounts for {len(lines)}", todo="report this as a bug"
        )
    return lines


def _lines(records: pa.Array, outcome: str, codes: pa.Array | None = None, details: pa.Array | None = None) -> pa.Table:
    n = len(records)
    columns = [records, pa.repeat(pa.scalar(_NO_DIGEST, BOOKS.field("input_digest").type), n), pa.repeat(outcome, n)]
    columns += [pa.nulls(n, pa.string()) if column is None else column for column in (codes, details)]
    return pa.table(columns, names=BOOKS.names).cast(BOOKS)
