"""Fragments: the rows of one table and one shard, named by a manifest and never changed.

A fragment is a Parquet file of rows, a Parquet file of books (what became of every input record), further files a stage
keeps beside its rows, and the manifest that names them with their sha256. The manifest is written last and is the only
truth; readers follow it, never a glob.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from charassets.errors import StorageError, UsageError, VerificationError
from charassets.lake import faults
from charassets.lake.cache import digest_of
from charassets.lake.checked import Checked
from charassets.lake.fingerprint import canonical
from charassets.lake.footers import Footers
from charassets.lake.store import Store
from charassets.schema import BOOKS, TABLES

MANIFEST = "manifest.json"
MANIFEST_FORMAT = 1
_ROW_GROUP_ROWS = 2_048
_ROW_GROUP_BYTES = 32 << 20


@dataclass(frozen=True)
class FileEntry:
    """A file of a fragment: role ``rows``, ``books`` or one of the stage's own, name, hex sha256, size in bytes, number of rows."""

    role: str
    name: str
    sha256: str
    bytes: int
    rows: int


@dataclass(frozen=True)
class Manifest:
    """What a fragment holds and what it was made from.

    Attributes:
        table: table's name.
        shard: shard key; ``all`` for a table of the whole collection.
        schema_version: version of the table's schema.
        fingerprint: digest of the stage and its inputs; the same fingerprint means there is nothing to compute.
        stage_fingerprint: digest of the stage alone; rows may be reused while it stands.
        inputs: input table to the version of the fragment (or fragments) that was read.
        files: the files.
        counts: records by outcome: ``in``, ``row``, ``rejected``, ``skipped``.
        rejections: rejected records by code.
    """

    table: str
    shard: str
    schema_version: int
    fingerprint: str
    stage_fingerprint: str
    inputs: Mapping[str, str]
    files: tuple[FileEntry, ...]
    counts: Mapping[str, int]
    rejections: Mapping[str, int]

    @property
    def version(self) -> str:
        """Digest of the content: fragments with equal bytes have equal versions, however they were made."""
        content = [self.schema_version, sorted((f.role, f.sha256) for f in self.files if f.role == "rows")]
        return hashlib.sha256(canonical(content)).hexdigest()

    def file(self, role: str) -> FileEntry:
        """The file of a role."""
        return next(f for f in self.files if f.role == role)

    def has(self, role: str) -> bool:
        """Whether there is a file of this role."""
        return any(f.role == role for f in self.files)

    def to_bytes(self) -> bytes:
        """JSON, the same for the same fragment: it holds no time and no host."""
        content = {"format": MANIFEST_FORMAT, **asdict(self)}
        return orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2) + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes, where: str) -> Self:
        """Read a manifest.

        Raises:
            VerificationError: not a manifest, or of a format this version does not know.
        """
        try:
            content = orjson.loads(data)
            if content.pop("format") != MANIFEST_FORMAT:
                raise ValueError("unknown manifest format")
            files = tuple(FileEntry(**entry) for entry in content.pop("files"))
            return cls(files=files, **content)
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise VerificationError(
                f"damaged manifest: {error}", where=where, todo="delete it; the next run rebuilds"
            ) from None


class Fragment:
    """A committed fragment, open for reading. A file is hashed before it is read, if it was written to since the last time."""

    def __init__(self, store: Store, manifest: Manifest, checked: Checked, footers: Footers) -> None:
        self._store, self._checked, self._footers = store, checked, footers
        self.manifest = manifest
        self._folder = folder(manifest.table, manifest.shard)

    @property
    def version(self) -> str:
        """Digest of the content."""
        return self.manifest.version

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.manifest.file("rows").rows

    def is_whole(self) -> bool:
        """Every file is there in its full length: a look, not a hash; ``charassets verify`` hashes."""
        return all(self._store.size(f"{self._folder}/{file.name}") == file.bytes for file in self.manifest.files)

    def path(self, role: str = "rows") -> str:
        """Path of a file below the lake's root."""
        return f"{self._folder}/{self.manifest.file(role).name}"

    def _open(self, role: str, columns: list[str] | None = None) -> pa.NativeFile:
        """The file, hashed; of an object store a copy at hand, or ranges where the big columns are not asked for.

        Ranges are not hashed, as that would bring the whole file: they rest on the pages' checksums and the store's own.
        """
        entry = self.manifest.file(role)
        path = self.path(role)
        if self._store.is_far:
            if role == "rows" and columns is not None and self._is_narrow(columns):
                return self._store.open_input(path)
            if (local := self._store.at_hand(path, entry.sha256)) is not None:
                return pa.OSFile(str(local))
        self._checked.ensure(path, entry.sha256, lambda: verify_file(self._store, path, entry))
        return self._store.open_input(path)

    def _is_narrow(self, columns: list[str]) -> bool:
        table = TABLES[self.manifest.table]
        return table.wide and not any(_is_bytes(table.arrow.field(name).type) for name in columns)

    def read(self, columns: list[str] | None = None, role: str = "rows") -> pa.Table:
        """All rows of the given columns.

        Raises:
            UsageError: an earlier version of the project wrote it, without one of the columns.
            VerificationError: the file is not the one that was written.
        """
        with self._open(role, columns) as source:
            file, names = self._footers.opened(source, self.manifest.file(role).sha256)
            self._check_there(columns or (), names)
            table = file.read(columns=columns, use_threads=False)
            return table if columns is None else table.select(columns)

    def batches(self, columns: list[str], batch_rows: int, *, coded: bool = False) -> Iterator[pa.Table]:
        """The rows in order, ``batch_rows`` at a time; one row group is held in memory.

        Args:
            columns: those that are wanted.
            batch_rows: rows of a batch, or fewer.
            coded: strings come as numbers into a dictionary of each batch: half the time where they repeat.

        Raises:
            UsageError: an earlier version of the project wrote it, without one of the columns.
            VerificationError: the file is not the one that was written.
        """
        with self._open("rows", columns) as source:
            file, names = self._footers.opened(
                source, self.manifest.file("rows").sha256, self._strings(columns) if coded else ()
            )
            self._check_there(columns, names)
            for batch in file.iter_batches(batch_rows, columns=columns, use_threads=False):
                yield pa.Table.from_batches([batch.select(columns)])

    def _strings(self, columns: Sequence[str]) -> list[str]:
        schema = TABLES[self.manifest.table].arrow
        return [name for name in columns if name in schema.names and pa.types.is_string(schema.field(name).type)]

    def _check_there(self, columns: Sequence[str], names: frozenset[str]) -> None:
        if lacking := [name for name in columns if name not in names]:
            table = self.manifest.table
            raise UsageError(
                f"{table} was written by an earlier version, without {', '.join(lacking)}",
                where=self.manifest.shard,
                todo=f"materialize {table} again",
            )


class FragmentWriter:
    """Writes one fragment: ``add`` rows and books, then ``commit``. Without a commit nothing is published.

    Use it as a context manager: leaving it without ``commit`` removes the unfinished files.
    """

    def __init__(self, store: Store, table: str, shard: str, schema: pa.Schema, wide: frozenset[str]) -> None:
        self._store, self._table, self._shard, self._schema = store, table, shard, schema
        self._scratch = store.scratch(f"{folder(table, shard)}/rows")
        self._replaces = store.tag(f"{folder(table, shard)}/{MANIFEST}")
        faults.hit("part_open")
        self._parquet = pq.ParquetWriter(self._scratch, schema, write_page_checksum=True, **_encodings(schema, wide))
        self._waiting: list[pa.Table] = []
        self._books: list[pa.Table] = []
        self._extras: dict[str, pa.Table] = {}
        self._rows = 0

    def __enter__(self) -> Self:
        """Start writing."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove what was not committed."""
        if self._parquet.is_open:
            self._parquet.close()
        self._scratch.unlink(missing_ok=True)

    def add(self, rows: pa.Table, books: pa.Table) -> None:
        """Append rows of the fragment's schema, and the books of the records they came from."""
        self._books.append(books.cast(BOOKS))
        if rows.num_rows:
            self._waiting.append(rows.select(self._schema.names).cast(self._schema))
        waiting = sum(t.num_rows for t in self._waiting)
        if waiting >= _ROW_GROUP_ROWS or sum(t.nbytes for t in self._waiting) >= _ROW_GROUP_BYTES:
            self._flush()

    def keep(self, role: str, table: pa.Table) -> None:
        """Publish a further table with the fragment, read back by ``Fragment.read(role=...)``; it is no part of the version."""
        self._extras[role] = table

    def _flush(self) -> None:
        if not self._waiting:
            return
        faults.hit("part_write")
        table = pa.concat_tables(self._waiting).combine_chunks()
        try:
            self._parquet.write_table(table, row_group_size=max(1, table.num_rows))
        except OSError as error:
            raise StorageError(
                f"cannot write: {error}", where=str(self._scratch), todo="check space and permissions"
            ) from error
        self._rows += table.num_rows
        self._waiting.clear()

    def commit(self, fingerprint: str, stage_fingerprint: str, inputs: Mapping[str, str]) -> Manifest:
        """Publish the fragment: rows, books, then the manifest that makes them visible.

        Raises:
            StorageError: something could not be written; the fragment before stays as it was.
            BusyError: another process committed this fragment since the writer was made; its fragment stays.
        """
        self._flush()
        self._parquet.close()
        books = pa.concat_tables(self._books) if self._books else BOOKS.empty_table()
        extras = tuple(self._publish_table(role, table) for role, table in self._extras.items())
        files = (self._publish("rows", self._scratch, self._rows), self._publish_table("books", books), *extras)
        outcomes = _count(books, "outcome")
        manifest = Manifest(
            table=self._table,
            shard=self._shard,
            schema_version=TABLES[self._table].version,
            fingerprint=fingerprint,
            stage_fingerprint=stage_fingerprint,
            inputs=dict(inputs),
            files=files,
            counts={"in": books.num_rows, **{k: outcomes.get(k, 0) for k in ("row", "rejected", "skipped")}},
            rejections=_count(books, "code", "rejected"),
        )
        faults.hit("manifest")
        self._store.put_if(manifest.to_bytes(), f"{folder(self._table, self._shard)}/{MANIFEST}", self._replaces)
        faults.hit("after_manifest")
        return manifest

    def _publish_table(self, role: str, table: pa.Table) -> FileEntry:
        scratch = self._store.scratch(f"{folder(self._table, self._shard)}/{role}")
        try:
            pq.write_table(table, scratch, compression="ZSTD", write_page_checksum=True)
            return self._publish(role, scratch, table.num_rows)
        finally:
            scratch.unlink(missing_ok=True)

    def _publish(self, role: str, scratch: Path, rows: int) -> FileEntry:
        digest, size = digest_of(scratch), scratch.stat().st_size
        stem = "part" if role == "rows" else role
        name = f"{stem}-{digest[:12]}.parquet"
        self._store.put_file(scratch, f"{folder(self._table, self._shard)}/{name}", digest)
        return FileEntry(role, name, digest, size, rows)


class Lake:
    """All fragments below one root."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._checked = Checked(store)
        self._footers = Footers()

    def fragment(self, table: str, shard: str) -> Fragment | None:
        """The committed fragment, or None where there is none.

        Raises:
            VerificationError: the manifest is damaged, or of a newer version of the project.
        """
        path = f"{folder(table, shard)}/{MANIFEST}"
        data = self.store.read_bytes(path)
        if data is None:
            return None
        manifest = Manifest.from_bytes(data, f"{self.store.root}/{path}")
        if (manifest.table, manifest.shard) != (table, shard):
            raise VerificationError(
                "the manifest is of another fragment", where=path, todo="delete it; the next run rebuilds"
            )
        return Fragment(self.store, manifest, self._checked, self._footers)

    def shards(self, table: str) -> list[str]:
        """Shards of a table that are committed, sorted."""
        return [
            name
            for name in self.store.folders(table)
            if self.store.read_bytes(f"{table}/{name}/{MANIFEST}") is not None
        ]

    def fragments(self, table: str) -> list[Fragment]:
        """All committed fragments of a table, by shard."""
        found = (self.fragment(table, shard) for shard in self.store.folders(table))
        return [fragment for fragment in found if fragment is not None]

    def writer(self, table: str, shard: str, schema: pa.Schema) -> FragmentWriter:
        """A writer for a new fragment of ``table`` and ``shard``."""
        wide = frozenset(f.name for f in schema if TABLES[table].wide and _is_bytes(f.type))
        return FragmentWriter(self.store, table, shard, schema, wide)


def folder(table: str, shard: str) -> str:
    """Folder of a fragment below the lake's root."""
    return f"{table}/{shard}"


def verify_file(store: Store, path: str, entry: FileEntry) -> None:
    """Re-hash a stored file.

    Raises:
        VerificationError: it is missing, or its bytes are not those that were written.
    """
    todo = "delete the manifest.json beside it and run again: it is computed anew"
    digest, size = hashlib.sha256(), 0
    try:
        with store.open_input(path) as source:
            while block := source.read(1 << 20):
                digest.update(block)
                size += len(block)
    except (FileNotFoundError, StorageError):
        raise VerificationError("file is missing", where=f"{store.root}/{path}", todo=todo) from None
    if digest.hexdigest() != entry.sha256:
        raise VerificationError(
            f"file is damaged: {size} bytes with sha256 {digest.hexdigest()[:12]}, expected {entry.bytes} with {entry.sha256[:12]}",
            where=f"{store.root}/{path}",
            todo=todo,
        )


def _is_bytes(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind)


def _encodings(schema: pa.Schema, wide: frozenset[str]) -> dict[str, Any]:
    """Per-column options: bytes that are compressed already get no codec, dictionary or statistics (17 times faster)."""
    leaves = _leaves(schema)
    narrow = [leaf for leaf in leaves if leaf.split(".")[0] not in wide]
    codecs = {leaf: "ZSTD" if leaf in narrow else "NONE" for leaf in leaves}
    return {"compression": codecs, "use_dictionary": narrow, "write_statistics": narrow}


def _leaves(schema: pa.Schema) -> list[str]:
    """Parquet's paths of the leaf columns, which is what per-column options are keyed by."""

    def walk(name: str, kind: pa.DataType) -> Iterator[str]:
        if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
            yield from walk(f"{name}.list.element", kind.value_type)
        elif pa.types.is_struct(kind):
            for field in kind:
                yield from walk(f"{name}.{field.name}", field.type)
        else:
            yield name

    return [leaf for field in schema for leaf in walk(field.name, field.type)]


def _count(books: pa.Table, column: str, outcome: str | None = None) -> dict[str, int]:
    rows = books if outcome is None else books.filter(pc.equal(books["outcome"], outcome))  # pyright: ignore[reportAttributeAccessIssue]
    counted = rows[column].value_counts()
    return dict(sorted(zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True)))
