"""Runs a stage over a shard: fingerprints, row reuse, alignment of inputs, the books, the commit.

What belongs here: everything that is the same for all stages. Not here: what a stage computes, nor who asked for it; the
Dagster asset, the command line and a remote worker all call ``run_stage``.
"""

import hashlib
import time
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from charassets import progress
from charassets.errors import CharassetsError, UsageError
from charassets.lake.fingerprint import fingerprint
from charassets.lake.fragments import Fragment, Lake, Manifest
from charassets.schema import BOOKS
from charassets.stages.contract import Batch, Outcome, Reads, Stage


@dataclass(frozen=True)
class ShardResult:
    """What became of a shard.

    Attributes:
        manifest: manifest of the fragment that stands now.
        unchanged: the fragment stood already; nothing was read or computed.
        computed: records that went through the stage.
        reused: records copied from the previous fragment.
        seconds: wall time of the call.
    """

    manifest: Manifest
    unchanged: bool
    computed: int
    reused: int
    seconds: float


def run_stage(stage: Stage, shard: str, lake: Lake) -> ShardResult:
    """Bring one shard of a stage's table up to date.

    Raises:
        UsageError: an input fragment is missing (its stage has not run on this shard).
        CharassetsError: the stage failed on the whole shard; the fragment before stays as it was.
    """
    started = time.perf_counter()
    task = _Task.of(stage, shard, lake)
    if (standing := task.standing(started)) is not None:
        return standing
    progress.begin(stage.name)
    before = task.before
    reusable = before if before and before.manifest.stage_fingerprint == task.own and not stage.expands else None
    books = _Books(stage, task.inputs, reusable)
    with lake.writer(stage.name, shard, stage.schema) as writer:
        for rows, entries in books.post():
            writer.add(rows, entries)
            progress.advance(stage.name, entries.num_rows)
        manifest = writer.commit(task.wanted, task.own, task.versions)
    return ShardResult(manifest, False, books.computed, books.reused, time.perf_counter() - started)


def standing(stage: Stage, shard: str, lake: Lake) -> ShardResult | None:
    """What ``run_stage`` would answer where there is nothing to compute, else None; a look at manifests, in milliseconds.

    Raises:
        UsageError: an input fragment is missing (its stage has not run on this shard).
    """
    started = time.perf_counter()
    return _Task.of(stage, shard, lake).standing(started)


@dataclass(frozen=True)
class _Task:
    """A shard of a stage before anything is read: what it is made from, and the fragment that stands."""

    stage: Stage
    inputs: Mapping[str, Fragment]
    versions: Mapping[str, str]
    own: str
    wanted: str
    before: Fragment | None

    @classmethod
    def of(cls, stage: Stage, shard: str, lake: Lake) -> "_Task":
        inputs = _inputs(stage, shard, lake)
        versions = {table: fragment.version for table, fragment in inputs.items()}
        own = stage.own_fingerprint()
        before = lake.fragment(stage.name, shard)
        if before is not None and not before.is_whole():
            before = None  # somebody deleted or cut a file of it: made again from the input
        return cls(stage, inputs, versions, own, fingerprint({"stage": own, "inputs": versions}), before)

    def standing(self, started: float) -> ShardResult | None:
        if self.before is None or self.before.manifest.fingerprint != self.wanted:
            return None
        manifest = self.before.manifest
        progress.advance(self.stage.name, manifest.counts["in"], reused=True)
        return ShardResult(manifest, True, 0, manifest.counts["in"], time.perf_counter() - started)


def _inputs(stage: Stage, shard: str, lake: Lake) -> dict[str, Fragment]:
    inputs: dict[str, Fragment] = {}
    for table in stage.reads:
        fragment = lake.fragment(table, shard)
        if fragment is None:
            raise UsageError(
                f"{stage.name} needs {table}, which is not there", where=shard, todo=f"materialize {table} first"
            )
        inputs[table] = fragment
    return inputs


@dataclass(frozen=True)
class _Plan:
    """A driver batch: what is copied and what is computed."""

    batch: Batch
    digests: Mapping[str, bytes]
    reuse: frozenset[str]


class _Books:
    """Posts every record of a shard exactly once: copied, computed, rejected or skipped."""

    def __init__(self, stage: Stage, inputs: Mapping[str, Fragment], reusable: Fragment | None) -> None:
        self._stage, self._inputs = stage, inputs
        self._old = _Previous(reusable, stage.schema) if reusable is not None else None
        self.computed = 0
        self.reused = 0

    def post(self) -> Iterator[tuple[pa.Table, pa.Table]]:
        """Rows and books, batch by batch, in the driver's order."""
        planned: list[_Plan] = []  # plans whose outcome is awaited; a stage may look a few batches ahead
        outcomes = self._stage.process(self._to_compute(planned))
        for outcome in outcomes:
            while planned and not self._needs_stage(planned[0]):
                yield self._posted(planned.pop(0), None)
            yield self._posted(planned.pop(0), outcome)
        for plan in planned:
            if self._needs_stage(plan):
                raise CharassetsError(f"stage {self._stage.name} left a batch unanswered", todo="report this as a bug")
            yield self._posted(plan, None)

    def _to_compute(self, planned: list[_Plan]) -> Iterator[Batch]:
        for batch in _aligned(self._stage, self._inputs):
            ids = [] if self._stage.expands else batch.record_ids
            digests = dict(zip(ids, _row_digests(self._stage.reads, batch), strict=True)) if ids else {}
            reuse = self._old.unchanged(digests) if self._old is not None else frozenset()
            plan = _Plan(batch, digests, reuse)
            planned.append(plan)
            if self._needs_stage(plan):
                yield _without(batch, reuse) if reuse else batch

    def _needs_stage(self, plan: _Plan) -> bool:
        return self._stage.expands or len(plan.reuse) < len(plan.digests)

    def _posted(self, plan: _Plan, outcome: Outcome | None) -> tuple[pa.Table, pa.Table]:
        rows, entries = self._copied(plan)
        if outcome is not None:
            computed = self._entries(plan, outcome)
            self.computed += computed.num_rows
            rows, entries = (
                pa.concat_tables([rows, outcome.rows.cast(self._stage.schema)]),
                pa.concat_tables([entries, computed]),
            )
        if plan.reuse and outcome is not None:
            order = {record: i for i, record in enumerate(plan.digests)}
            rows, entries = _in_order(rows, order), _in_order(entries, order)
        self._check(plan, entries)
        return rows, entries

    def _copied(self, plan: _Plan) -> tuple[pa.Table, pa.Table]:
        if self._old is None or not plan.reuse:
            return self._stage.schema.empty_table(), BOOKS.empty_table()
        self.reused += len(plan.reuse)
        return self._old.copy(plan.reuse)

    def _entries(self, plan: _Plan, outcome: Outcome) -> pa.Table:
        kept = dict.fromkeys(outcome.rows.column("record_id").to_pylist())
        entries = [(record, "row", None, None) for record in kept]
        entries += [(r.record_id, "rejected", r.code, r.detail or None) for r in outcome.rejected]
        entries += [(record, "skipped", code, None) for record, code in outcome.skipped.items()]
        order = {record: i for i, record in enumerate(plan.digests)}
        if not self._stage.expands:
            entries.sort(key=lambda entry: order.get(entry[0], -1))
        names, outcomes, codes, details = zip(*entries, strict=True) if entries else ((), (), (), ())
        digests = [plan.digests.get(name, b"\0" * 16) for name in names]
        return pa.table([list(names), digests, list(outcomes), list(codes), list(details)], schema=BOOKS)

    def _check(self, plan: _Plan, entries: pa.Table) -> None:
        """Rows in = rows out + rejected + skipped, each record once."""
        posted = entries.column("record_id").to_pylist()
        if len(set(posted)) != len(posted):
            twice = next(record for record in posted if posted.count(record) > 1)
            raise CharassetsError(
                f"stage {self._stage.name} answered record {twice} twice", todo="report this as a bug"
            )
        if not self._stage.expands and posted != list(plan.digests):
            raise CharassetsError(
                f"stage {self._stage.name} was given {len(plan.digests)} records and accounts for {len(posted)}",
                todo="report this as a bug",
            )


@dataclass(frozen=True)
class _Entry:
    """A line of the previous books and its place in them."""

    place: int
    digest: bytes
    outcome: str
    code: str | None
    detail: str | None


class _Previous:
    """The previous fragment of a shard, read in order alongside the input."""

    def __init__(self, fragment: Fragment, schema: pa.Schema) -> None:
        self._schema = schema
        columns = (fragment.read(role="books").column(name).to_pylist() for name in BOOKS.names)
        lines = enumerate(zip(*columns, strict=True))
        self._entries: dict[str, _Entry] = {record: _Entry(place, *line) for place, (record, *line) in lines}
        self._batches = fragment.batches(schema.names, 256)
        self._held = schema.empty_table()
        self._last = -1  # place of the last record promised: rows can only be read forward

    def unchanged(self, digests: Mapping[str, bytes]) -> frozenset[str]:
        """Records of a driver batch whose answer can be copied."""
        found = []
        for record, digest in digests.items():
            entry = self._entries.get(record)
            if entry is not None and entry.digest == digest and entry.place > self._last:
                self._last = entry.place
                found.append(record)
        return frozenset(found)

    def copy(self, records: frozenset[str]) -> tuple[pa.Table, pa.Table]:
        """Rows and books of these records."""
        names = sorted(records, key=lambda record: self._entries[record].place)
        entries = [self._entries[name] for name in names]
        columns = [names, *([getattr(e, f) for e in entries] for f in ("digest", "outcome", "code", "detail"))]
        wanted = {name for name, entry in zip(names, entries, strict=True) if entry.outcome == "row"}
        return self._rows(wanted), pa.table(columns, schema=BOOKS)

    def _rows(self, wanted: set[str]) -> pa.Table:
        missing, pieces = set(wanted), [self._schema.empty_table()]
        while wanted:
            if self._held.num_rows == 0:
                self._held = next(self._batches, self._schema.empty_table()).cast(self._schema)
                if self._held.num_rows == 0:
                    break
            names = self._held.column("record_id").to_pylist()
            further = bool(missing - set(names))
            cut = len(names) if further else max((i + 1 for i, name in enumerate(names) if name in wanted), default=0)
            pieces.append(_only(self._held.slice(0, cut), wanted))
            missing -= set(names[:cut])
            self._held = self._held.slice(cut)
            if self._held.num_rows:  # else the last record may go on in the next batch
                break
        return pa.concat_tables(pieces)


def _only(table: pa.Table, records: Container[str]) -> pa.Table:
    """The rows of these records."""
    return table.filter(pa.array([name in records for name in table.column("record_id").to_pylist()], pa.bool_()))


def _aligned(stage: Stage, inputs: Mapping[str, Fragment]) -> Iterator[Batch]:
    """Driver batches with the other inputs' rows of the same records; every table keeps the driver's record order."""
    driver, *others = stage.reads
    key = [] if stage.expands else ["record_id"]
    everyone = inputs[driver].read(["record_id"])["record_id"].combine_chunks() if others else pa.array([], pa.string())
    sides = {
        table: _Side(
            inputs[table], ["record_id", *_without_key(stage.reads[table].columns)], stage.batch_rows, everyone
        )
        for table in others
    }
    columns = key + (list(stage.reads[driver].columns) if stage.expands else _without_key(stage.reads[driver].columns))
    for records in inputs[driver].batches(columns, stage.batch_rows):
        names = [] if stage.expands else records.column("record_id").to_pylist()
        yield Batch(records, {table: side.take(names) for table, side in sides.items()})


def _without_key(columns: Sequence[str]) -> list[str]:
    return [name for name in columns if name != "record_id"]


class _Side:
    """A side input read forward; both tables keep one order, and each may hold records that the other lacks.

    Args:
        fragment: the side input.
        columns: read of it.
        batch_rows: records a batch of the driver.
        everyone: the driver's records; rows of others are passed over.
    """

    def __init__(self, fragment: Fragment, columns: list[str], batch_rows: int, everyone: pa.Array) -> None:
        self._batches = _of_records(fragment.batches(columns, batch_rows * 4), everyone)
        self._held: pa.Table | None = next(self._batches, None)
        self._empty = self._held.slice(0, 0) if self._held is not None else fragment.read(columns).slice(0, 0)

    def take(self, names: Sequence[str]) -> pa.Table:
        """All rows of the records ``names``."""
        wanted, pieces = set(names), []
        while self._held is not None:
            held = self._held.column("record_id").to_pylist()
            cut = next((i for i, name in enumerate(held) if name not in wanted), len(held))
            pieces.append(self._held.slice(0, cut))
            if cut < len(held):
                self._held = self._held.slice(cut)
                break
            self._held = next(self._batches, None)
        return pa.concat_tables(pieces) if pieces else self._empty


def _of_records(batches: Iterator[pa.Table], records: pa.Array) -> Iterator[pa.Table]:
    for batch in batches:
        yield batch.filter(pc.is_in(batch.column("record_id"), value_set=records))  # pyright: ignore[reportAttributeAccessIssue]


def _row_digests(reads: Mapping[str, Reads], batch: Batch) -> list[bytes]:
    """A 16-byte digest for every record: over the key columns of the driver's row and of all its side rows."""
    driver, *others = reads
    digests = [hashlib.blake2b(part, digest_size=16) for part in _rendered(batch.records, reads[driver].key_columns)]
    place = {record: i for i, record in enumerate(batch.record_ids)}
    for table in others:
        side = batch.sides[table]
        for record, part in zip(
            side.column("record_id").to_pylist(), _rendered(side, reads[table].key_columns), strict=True
        ):
            digests[place[record]].update(b"\x1e" + part)
    return [digest.digest() for digest in digests]


def _rendered(table: pa.Table, columns: Sequence[str]) -> Iterator[bytes]:
    """Each row's values as bytes that differ whenever a value does."""
    names = [name for name in columns if name != "record_id"]
    if not names:
        return iter([b""] * table.num_rows)
    values = zip(*(table.column(name).to_pylist() for name in names), strict=True)
    return (orjson.dumps(row, default=bytes.hex) for row in values)


def _without(batch: Batch, reused: frozenset[str]) -> Batch:
    keep = frozenset(batch.record_ids) - reused
    return Batch(_only(batch.records, keep), {name: _only(side, keep) for name, side in batch.sides.items()})


def _in_order(table: pa.Table, order: Mapping[str, int]) -> pa.Table:
    """Rows sorted by their record's place; rows of one record keep their order."""
    names = table.column("record_id").to_pylist()
    return table.take(pa.array(sorted(range(len(names)), key=lambda i: (order[names[i]], i)), pa.int64()))
