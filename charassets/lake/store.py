"""Where bytes are kept: a local folder, or any object store that pyarrow.fs opens. Durable, all-or-nothing puts.

What belongs here: names to bytes. Not here: what a fragment is (``charassets.lake.fragments``).
"""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import pyarrow as pa
from pyarrow import fs

from charassets.errors import StorageError, UsageError
from charassets.lake import faults

TEMPORARY = ".tmp"
"""Ending of unfinished files; never ``.parquet``, because DuckDB's globs read dot-files too."""


@dataclass(frozen=True)
class Entry:
    """A stored file: its path below the root, size in bytes and modification time in seconds since the epoch."""

    path: str
    size: int
    mtime: float


class Store(Protocol):
    """Names to bytes. Paths are relative to the root, with forward slashes. Everything else raises StorageError."""

    @property
    def root(self) -> str:
        """The root, for messages and for SQL."""
        ...

    def put_file(self, local: Path, path: str) -> None:
        """Publish a finished local file under ``path``, whole or not at all; the local file is used up."""
        ...

    def put_bytes(self, data: bytes, path: str) -> None:
        """Publish ``data`` under ``path``, whole or not at all."""
        ...

    def read_bytes(self, path: str) -> bytes | None:
        """The bytes under ``path``, or None where there is nothing."""
        ...

    def open_input(self, path: str) -> pa.NativeFile:
        """A seekable file for reading."""
        ...

    def size(self, path: str) -> int | None:
        """Bytes under ``path``, or None where there is nothing."""
        ...

    def files(self, prefix: str) -> Iterator[Entry]:
        """All files below the folder ``prefix``, temporary ones too, in no order."""
        ...

    def folders(self, prefix: str) -> list[str]:
        """Names of the folders directly below ``prefix``, sorted."""
        ...

    def delete(self, path: str) -> None:
        """Remove a file; nothing happens where there is none."""
        ...

    def scratch(self, path: str) -> Path:
        """A fresh local path for a file that will be put under ``path``."""
        ...


@contextmanager
def _storage_errors(doing: str, where: str) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise StorageError(
            f"cannot {doing}: {error}", where=where, todo="check space, permissions and the disk"
        ) from error


class LocalStore:
    """A folder. A put is temporary file, fsync, rename, fsync of the folder: a crash leaves the old or the new file."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    @property
    def root(self) -> str:
        """The folder's absolute path."""
        return str(self._root)

    def scratch(self, path: str) -> Path:
        """A temporary name beside the final one, so that the rename stays within one file system."""
        final = self._root / path
        with _storage_errors("make a folder", str(final.parent)):
            final.parent.mkdir(parents=True, exist_ok=True)
        return final.with_name(f"{final.name}.{os.getpid()}-{secrets.token_hex(4)}{TEMPORARY}")

    def put_file(self, local: Path, path: str) -> None:
        """Publish ``local`` under ``path``."""
        final = self._root / path
        with _storage_errors("write", str(final)):
            faults.hit("part_fsync")
            with local.open("rb+") as file:
                os.fsync(file.fileno())
            faults.hit("part_replace")
            local.replace(final)
            faults.hit("dir_fsync")
            folder = os.open(final.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def put_bytes(self, data: bytes, path: str) -> None:
        """Publish ``data`` under ``path``."""
        temporary = self.scratch(path)
        with _storage_errors("write", str(self._root / path)):
            try:
                faults.hit("bytes_write")
                temporary.write_bytes(data)
                self.put_file(temporary, path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise

    def read_bytes(self, path: str) -> bytes | None:
        """The bytes under ``path``, or None."""
        with _storage_errors("read", str(self._root / path)):
            try:
                return (self._root / path).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None

    def open_input(self, path: str) -> pa.NativeFile:
        """The file under ``path``."""
        with _storage_errors("read", str(self._root / path)):
            return pa.OSFile(str(self._root / path))

    def size(self, path: str) -> int | None:
        """Bytes under ``path``."""
        with _storage_errors("read", str(self._root / path)):
            try:
                return (self._root / path).stat().st_size
            except (FileNotFoundError, NotADirectoryError):
                return None

    def files(self, prefix: str) -> Iterator[Entry]:
        """All files below ``prefix``."""
        for folder, _, names in os.walk(self._root / prefix):
            for name in names:
                full = Path(folder) / name
                with suppress(FileNotFoundError):  # swept or renamed while we looked
                    status = full.stat()
                    yield Entry(full.relative_to(self._root).as_posix(), status.st_size, status.st_mtime)

    def folders(self, prefix: str) -> list[str]:
        """Folders directly below ``prefix``."""
        with _storage_errors("list", str(self._root / prefix)):
            try:
                return sorted(entry.name for entry in os.scandir(self._root / prefix) if entry.is_dir())
            except FileNotFoundError:
                return []

    def delete(self, path: str) -> None:
        """Remove ``path``."""
        with _storage_errors("delete", str(self._root / path)):
            faults.hit("delete")
            (self._root / path).unlink(missing_ok=True)


class ObjectStore:
    """An object store. One put makes an object visible whole, so final names are written directly, manifest last."""

    def __init__(self, filesystem: fs.FileSystem, root: str, uri: str) -> None:
        self._fs, self._prefix, self._uri = filesystem, root.rstrip("/"), uri.rstrip("/")

    @property
    def root(self) -> str:
        """The URI the store was opened with."""
        return self._uri

    def _full(self, path: str) -> str:
        return f"{self._prefix}/{path}"

    def scratch(self, path: str) -> Path:
        """A name in the system's temporary folder."""
        handle, name = tempfile.mkstemp(prefix="charassets-", suffix=f"-{Path(path).name}{TEMPORARY}")
        os.close(handle)
        return Path(name)

    def put_file(self, local: Path, path: str) -> None:
        """Upload ``local``; its size is known beforehand, an interrupted upload publishes nothing."""
        self.put_bytes(local.read_bytes(), path)
        local.unlink()

    def put_bytes(self, data: bytes, path: str) -> None:
        """Upload ``data``. The stream is only opened once all bytes are at hand: closing it publishes them."""
        with _storage_errors("write", f"{self._uri}/{path}"):
            faults.hit("object_put")
            stream: BinaryIO = self._fs.open_output_stream(self._full(path))
            stream.write(data)
            stream.close()

    def read_bytes(self, path: str) -> bytes | None:
        """The bytes under ``path``, or None."""
        with _storage_errors("read", f"{self._uri}/{path}"):
            try:
                with self._fs.open_input_stream(self._full(path)) as stream:
                    return stream.read()
            except FileNotFoundError:
                return None

    def open_input(self, path: str) -> pa.NativeFile:
        """The object under ``path``, read by ranges."""
        with _storage_errors("read", f"{self._uri}/{path}"):
            return self._fs.open_input_file(self._full(path))

    def size(self, path: str) -> int | None:
        """Bytes of the object."""
        with _storage_errors("read", f"{self._uri}/{path}"):
            info = self._fs.get_file_info(self._full(path))
        return info.size if info.type == fs.FileType.File else None

    def _infos(self, prefix: str, *, recursive: bool) -> list[fs.FileInfo]:
        selector = fs.FileSelector(self._full(prefix).rstrip("/"), allow_not_found=True, recursive=recursive)
        with _storage_errors("list", f"{self._uri}/{prefix}"):
            return self._fs.get_file_info(selector)

    def files(self, prefix: str) -> Iterator[Entry]:
        """All objects below ``prefix``."""
        for info in self._infos(prefix, recursive=True):
            if info.type == fs.FileType.File:
                changed = info.mtime.timestamp() if info.mtime else 0.0
                yield Entry(info.path.removeprefix(self._prefix + "/"), info.size or 0, changed)

    def folders(self, prefix: str) -> list[str]:
        """Common prefixes directly below ``prefix``."""
        infos = self._infos(prefix, recursive=False)
        return sorted(info.base_name for info in infos if info.type == fs.FileType.Directory)

    def delete(self, path: str) -> None:
        """Remove the object."""
        with _storage_errors("delete", f"{self._uri}/{path}"), suppress(FileNotFoundError):
            self._fs.delete_file(self._full(path))


def open_store(root: str) -> Store:
    """The store at ``root``: a folder, or a URI such as ``s3://bucket/prefix?region=...``.

    Raises:
        UsageError: a URI that pyarrow.fs does not open.
    """
    if "://" not in root:
        return LocalStore(Path(root))
    try:
        filesystem, path = fs.FileSystem.from_uri(root)
    except (OSError, pa.ArrowException) as error:
        raise UsageError(
            f"cannot open the lake: {error}", where=root, todo="give a folder or an s3:// or gs:// URI"
        ) from None
    if isinstance(filesystem, fs.LocalFileSystem):
        return LocalStore(Path(path))
    return ObjectStore(filesystem, path, root.partition("?")[0])
