"""Where bytes are kept: what a store is, and the one that is a folder. Durable, all-or-nothing puts.

What belongs here: names to bytes. Not here: object stores (``object_store``), and what a fragment is (``fragments``).
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from charassets.errors import StorageError
from charassets.lake import faults
from charassets.lake.cache import FileCache

TEMPORARY = ".tmp"
"""Ending of unfinished files; never ``.parquet``, because DuckDB's globs read dot-files too."""


@dataclass(frozen=True)
class Entry:
    """A stored file: its path below the root, size in bytes and modification time in seconds since the epoch."""

    path: str
    size: int
    mtime: float


@dataclass(frozen=True)
class Stamp:
    """What a file system says of a file that changes whenever somebody writes to it.

    Attributes:
        text: inode, size, times of the content and of the inode in nanoseconds; without spaces.
        changed_s: the later of the times, in seconds since the epoch.
    """

    text: str
    changed_s: float


class Store(Protocol):
    """Names to bytes. Paths are relative to the root, with forward slashes. Everything else raises StorageError."""

    @property
    def root(self) -> str:
        """The root, for messages and for SQL."""
        ...

    @property
    def is_far(self) -> bool:
        """Whether reading goes over a network."""
        ...

    def put_file(self, local: Path, path: str, sha256: str | None = None) -> None:
        """Publish a finished local file under ``path``, whole or not at all; the local file is used up.

        With its ``sha256``, an object store keeps it at hand.
        """
        ...

    def put_bytes(self, data: bytes, path: str) -> None:
        """Publish ``data`` under ``path``, whole or not at all."""
        ...

    def tag(self, path: str) -> str | None:
        """What tells the version under ``path`` from every other, for ``put_if``; None where there is nothing."""
        ...

    def put_if(self, data: bytes, path: str, tag: str | None) -> None:
        """Publish ``data`` under ``path`` if the version there is still the one of ``tag``.

        A folder has one writer, which the workspace's lock sees to: there it is a plain put.

        Raises:
            BusyError: another process published something else there meanwhile, or holds the workspace.
        """
        ...

    def read_bytes(self, path: str) -> bytes | None:
        """The bytes under ``path``, or None where there is nothing."""
        ...

    def open_input(self, path: str) -> pa.NativeFile:
        """A seekable file for reading."""
        ...

    def at_hand(self, path: str, sha256: str) -> Path | None:
        """A copy on this machine, verified, fetched if need be; None where the store keeps no copies.

        Raises:
            VerificationError: what is stored has another content, or is gone.
        """
        ...

    def size(self, path: str) -> int | None:
        """Bytes under ``path``, or None where there is nothing."""
        ...

    def stamp(self, path: str) -> "Stamp | None":
        """What the file system says of a file; None where there is no file, or no file system."""
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
def storage_errors(doing: str, where: str) -> Iterator[None]:
    """Tell what the operating system or ``pyarrow.fs`` says as a failure of the storage."""
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

    @property
    def is_far(self) -> bool:
        """It is here."""
        return False

    def scratch(self, path: str) -> Path:
        """A temporary name beside the final one, so that the rename stays within one file system."""
        final = self._root / path
        with storage_errors("make a folder", str(final.parent)):
            final.parent.mkdir(parents=True, exist_ok=True)
        return final.with_name(f"{final.name}.{os.getpid()}-{secrets.token_hex(4)}{TEMPORARY}")

    def put_file(self, local: Path, path: str, sha256: str | None = None) -> None:
        """Publish ``local`` under ``path``."""
        del sha256  # what is here needs no copy
        final = self._root / path
        with storage_errors("write", str(final)):
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
        with storage_errors("write", str(self._root / path)):
            try:
                faults.hit("bytes_write")
                temporary.write_bytes(data)
                self.put_file(temporary, path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise

    def tag(self, path: str) -> str | None:
        """Inode, time and size."""
        with storage_errors("read", str(self._root / path)):
            try:
                status = (self._root / path).stat()
            except (FileNotFoundError, NotADirectoryError):
                return None
        return f"{status.st_ino}-{status.st_mtime_ns}-{status.st_size}"

    def put_if(self, data: bytes, path: str, tag: str | None) -> None:
        """A put: the lock of the workspace keeps a folder to one writer."""
        del tag
        self.put_bytes(data, path)

    def at_hand(self, path: str, sha256: str) -> Path | None:
        """No copies: the files are here."""
        del path, sha256

    def read_bytes(self, path: str) -> bytes | None:
        """The bytes under ``path``, or None."""
        with storage_errors("read", str(self._root / path)):
            try:
                return (self._root / path).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None

    def open_input(self, path: str) -> pa.NativeFile:
        """The file under ``path``."""
        with storage_errors("read", str(self._root / path)):
            return pa.OSFile(str(self._root / path))

    def size(self, path: str) -> int | None:
        """Bytes under ``path``."""
        with storage_errors("read", str(self._root / path)):
            try:
                return (self._root / path).stat().st_size
            except (FileNotFoundError, NotADirectoryError):
                return None

    def stamp(self, path: str) -> Stamp | None:
        """Inode, size and times."""
        try:
            status = (self._root / path).stat()
        except OSError:
            return None
        times = status.st_mtime_ns, status.st_ctime_ns
        return Stamp(f"{status.st_ino}-{status.st_size}-{times[0]}-{times[1]}", max(times) / 1e9)

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
        with storage_errors("list", str(self._root / prefix)):
            try:
                return sorted(entry.name for entry in os.scandir(self._root / prefix) if entry.is_dir())
            except FileNotFoundError:
                return []

    def delete(self, path: str) -> None:
        """Remove ``path``."""
        with storage_errors("delete", str(self._root / path)):
            faults.hit("delete")
            (self._root / path).unlink(missing_ok=True)


def open_store(root: str, cache: FileCache | None = None) -> Store:
    """The store at ``root``: a folder, or a URI such as ``s3://bucket/prefix?region=...``.

    Args:
        root: folder or URI.
        cache: where files of an object store are kept on this machine; None: they are read there again and again.

    Raises:
        UsageError: a URI that pyarrow.fs does not open, or one with credentials in it.
    """
    if "://" not in root:
        return LocalStore(Path(root))
    from charassets.lake.object_store import opened

    return opened(root, cache)
