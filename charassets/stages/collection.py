"""Runs a collection step: one fragment, shard ``all``, from every shard of its inputs that is there."""

import time
from collections.abc import Iterator, Sequence

import pyarrow as pa

from charassets import progress
from charassets.errors import CharassetsError
from charassets.lake.fingerprint import fingerprint
from charassets.lake.fragments import Fragment, Lake
from charassets.schema import BOOKS, TABLES
from charassets.stages.contract import CollectionStage, Outcome
from charassets.stages.runner import ShardResult

ALL = "all"
"""Shard name of a collection table."""

_NO_DIGEST = b"\0" * 16  # collection rows are not reused one by one


class StoredCollection:
    """The fragments of one table, in shard order."""

    def __init__(self, table: str, fragments: Sequence[Fragment]) -> None:
        self._schema, self._fragments = TABLES[table].arrow, fragments

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

    def beside(self, role: str) -> pa.Table | None:
        """A table kept beside the rows of a collection table."""
        kept = [fragment.read(role=role) for fragment in self._fragments if fragment.manifest.has(role)]
        return pa.concat_tables(kept) if kept else None

    def made_by(self, own_fingerprint: str) -> bool:
        """Whether the step of this fingerprint made every fragment."""
        return all(fragment.manifest.stage_fingerprint == own_fingerprint for fragment in self._fragments)


def run_collection(stage: CollectionStage, lake: Lake) -> ShardResult:
    """Bring a collection table up to date with the shards that are there.

    Raises:
        CharassetsError: the step failed; the fragment before stays as it was.
    """
    started = time.perf_counter()
    fragments = {table: lake.fragments(table) for table in stage.reads}
    versions = {table: fingerprint({f.manifest.shard: f.version for f in found}) for table, found in fragments.items()}
    own = stage.own_fingerprint()
    wanted = fingerprint({"stage": own, "inputs": versions})
    before = lake.fragment(stage.name, ALL)
    if before is not None and before.is_whole() and before.manifest.fingerprint == wanted:
        progress.advance(stage.name, before.manifest.counts["in"], reused=True)
        return ShardResult(before.manifest, True, 0, before.manifest.counts["in"], time.perf_counter() - started)
    inputs = {table: StoredCollection(table, found) for table, found in fragments.items()}
    if stage.continues and before is not None and before.is_whole():
        inputs[stage.name] = StoredCollection(stage.name, [before])
    outcome = stage.compute(inputs)
    books = _books(stage, inputs[next(iter(stage.reads))], outcome)
    with lake.writer(stage.name, ALL, stage.schema) as writer:
        writer.add(outcome.rows, books)
        for role, table in outcome.extras.items():
            writer.keep(role, table)
        manifest = writer.commit(wanted, own, versions)
    progress.advance(stage.name, books.num_rows)
    return ShardResult(manifest, False, books.num_rows, 0, time.perf_counter() - started)


def _books(stage: CollectionStage, driver: StoredCollection, outcome: Outcome) -> pa.Table:
    kept = dict.fromkeys(outcome.rows.column("record_id").to_pylist())
    lines = [(record, _NO_DIGEST, "row", None, None) for record in kept]
    lines += [(r.record_id, _NO_DIGEST, "rejected", r.code, r.detail or None) for r in outcome.rejected]
    lines += [(record, _NO_DIGEST, "skipped", code, None) for record, code in outcome.skipped.items()]
    records = driver.table(["record_id"]).column("record_id").to_pylist()
    if sorted(line[0] for line in lines) != sorted(records):
        raise CharassetsError(
            f"{stage.name} was given {len(records)} records and accounts for {len(lines)}", todo="report this as a bug"
        )
    return (
        pa.table([list(column) for column in zip(*lines, strict=True)], schema=BOOKS) if lines else BOOKS.empty_table()
    )
