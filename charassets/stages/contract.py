"""The Stage contract: what a stage declares, what it is handed, what it answers.

A stage is a pure function from the fragments of a shard to one fragment. It knows no Dagster, no paths of the lake and no
clock; the runner (``charassets.stages.runner``) feeds it and keeps the books.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import pyarrow as pa

from charassets.lake.fingerprint import fingerprint
from charassets.schema import Table

JsonValue = str | int | float | bool | None | Sequence["JsonValue"] | Mapping[str, "JsonValue"]


@dataclass(frozen=True)
class Reads:
    """The columns a stage reads of one input table.

    Attributes:
        columns: columns the stage is handed (``record_id`` always comes first and need not be named).
        key: the columns that decide the result, when they are fewer: ``crop_id`` stands for ``crop``. Rows whose key did
            not change are copied from the previous fragment instead of being computed again.
    """

    columns: tuple[str, ...]
    key: tuple[str, ...] | None = None

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns that enter a row's digest."""
        return self.columns if self.key is None else self.key


@dataclass(frozen=True)
class Batch:
    """The input rows of some records.

    Attributes:
        records: rows of the first input table (the driver): one row a record, ``record_id`` and the columns read.
        sides: for every other input table, the rows of those records in the same order (0..n rows a record).
    """

    records: pa.Table
    sides: Mapping[str, pa.Table] = field(default_factory=dict)

    @property
    def record_ids(self) -> list[str]:
        """The records of the batch, in order."""
        return self.records.column("record_id").to_pylist()


@dataclass(frozen=True)
class Rejection:
    """A record that could not be used: ``code`` is a key of ``charassets.schema.REJECTION_CODES``."""

    record_id: str
    code: str
    detail: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a stage answers to one batch; every record of the batch stands in exactly one of the three.

    Attributes:
        rows: table with the stage's schema, records in the batch's order (several rows a record in a long table).
        rejected: records that could not be used, with the reason.
        skipped: records the stage has nothing to say about, with a short reason code (``no_crop``, ``no_evidence``).
        extras: further tables a collection step keeps beside its rows, by role, for its own next run.
    """

    rows: pa.Table
    rejected: Sequence[Rejection] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    extras: Mapping[str, pa.Table] = field(default_factory=dict)


class _Declared(ABC):
    """What every step of the pipeline declares.

    Class attributes:
        table: the output table; its name is the step's name and the asset's.
        code_version: raised by hand when the same input would give another output.
        reads: input tables and the columns read.
    """

    table: ClassVar[Table]
    code_version: ClassVar[str]
    reads: ClassVar[Mapping[str, Reads]]

    @property
    def name(self) -> str:
        """The step's name: its table's."""
        return self.table.name

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema of the rows; a step narrows a type here when only its settings know it (vector length)."""
        return self.table.arrow

    @abstractmethod
    def settings_read(self) -> Mapping[str, JsonValue]:
        """The settings that change the output (never paths, devices or batch sizes; a stage never reads a gate)."""

    def weights(self) -> Mapping[str, str]:
        """The models used: name to sha256."""
        return {}

    def own_fingerprint(self) -> str:
        """Digest of all that decides the output but the input: name, code, schema, settings, weights."""
        return fingerprint(
            {
                "stage": self.name,
                "code": self.code_version,
                "schema": self.table.version,
                "settings": dict(self.settings_read()),
                "weights": dict(self.weights()),
            }
        )


class Stage(_Declared):
    """One step of the pipeline over one shard at a time.

    Class attributes:
        reads: the first input table is the driver that gives the records and their order.
        batch_rows: records handed over at a time.
        cpus: cores that a worker of the stage keeps busy.
        expands: the driver's rows are not records themselves (source items): the stage's answer names the records.
    """

    batch_rows: ClassVar[int] = 256
    cpus: ClassVar[float] = 1.0
    expands: ClassVar[bool] = False

    @property
    def uses_gpu(self) -> bool:
        """Whether the stage runs a model that belongs on a GPU, where there is one."""
        return False

    @abstractmethod
    def process(self, batches: Iterator[Batch]) -> Iterator[Outcome]:
        """Answer every batch with one outcome, in order. May look ahead (prefetch) but in bounded memory.

        Raises:
            CharassetsError: for what concerns the whole shard (a model is missing, a disk fails). Anything that concerns
                one record is a rejection.
        """


class Collection(Protocol):
    """All shards of one input table, as a collection step sees them."""

    @property
    def rows(self) -> int:
        """Rows in all shards."""
        ...

    def table(self, columns: Sequence[str]) -> pa.Table:
        """All rows of some columns, shard by shard in order. For narrow columns only."""
        ...

    def batches(self, columns: Sequence[str], batch_rows: int = 4096) -> Iterator[pa.Table]:
        """The same, streamed."""
        ...

    def coded(self, columns: Sequence[str], batch_rows: int = 4096) -> Iterator[pa.Table]:
        """The same, streamed, with strings as numbers into a dictionary (``charassets.similarity.batches.spelled``)."""
        ...

    def parts(self) -> "Sequence[Collection]":
        """The shards one by one, in order."""
        ...

    @property
    def versions(self) -> Mapping[str, str]:
        """The shards, in order, and a digest of the rows of each."""
        ...

    def beside(self, role: str) -> pa.Table | None:
        """A table that the step kept beside its rows (``Outcome.extras``), if there is one."""
        ...

    def made_by(self, own_fingerprint: str) -> bool:
        """Whether the very step of this fingerprint made all of it."""
        ...

    @property
    def makers(self) -> frozenset[str]:
        """Fingerprints of the steps that made it: while they stand, the same content gives the same columns."""
        ...


class CollectionStage(_Declared):
    """One step of the pipeline over the whole collection; its single fragment is shard ``all``.

    Class attributes:
        continues: the step is also handed its own table as it stands, under its own name, if there is one: to bring it up
            to date, or to carry names over.
    """

    continues: ClassVar[bool] = False

    @abstractmethod
    def compute(self, inputs: Mapping[str, Collection]) -> Outcome:
        """Answer every record of the first input table: a row, a rejection or a skip."""
