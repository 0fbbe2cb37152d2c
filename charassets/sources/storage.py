"""Bytes and listings of local folders and of object stores, told apart by ``://``.

What belongs here: reading what lies at a path, with sizes checked first. Not here: what the bytes mean. Local paths use the
operating system directly (a scan of a million files must cost seconds); URIs go through ``pyarrow.fs``.
"""

import io
import os
import stat as stat_flags
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import IO, NamedTuple
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import pyarrow as pa
from pyarrow import fs

from charassets.errors import Rejected, SourceError, UsageError

_READ_AHEAD = 64 << 10  # one request of an object store brings a tar header and usually the next one


class Stamp(NamedTuple):
    """Size in bytes and modification time: what tells a changed file without reading it."""

    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder; ``stamp`` is filled where the listing gives it for free."""

    name: str
    path: str
    is_dir: bool
    stamp: Stamp | None = None
    is_link: bool = False


def is_uri(path: str) -> bool:
    """Whether the path is for ``pyarrow.fs`` and not for the operating system."""
    return "://" in path


def join(folder: str, name: str) -> str:
    """Path of a name in a folder; in a URI the name is percent-encoded and options after ``?`` stay at the end."""
    if not is_uri(folder):
        return os.path.join(folder, name)  # noqa: PTH118 - a million joins: pathlib costs ten times as much
    uri = urlsplit(folder)
    return urlunsplit(uri._replace(path=f"{uri.path.rstrip('/')}/{quote(name)}"))


def parts(path: str) -> list[str]:
    """Names on the way to a path, from the outside in: in a URI the bucket, then the decoded names."""
    if not is_uri(path):
        return [part for part in path.split("/") if part]
    uri = urlsplit(path)
    return [uri.netloc, *(unquote(part) for part in uri.path.split("/") if part)]


def parent(path: str) -> str:
    """Folder that holds the path."""
    if not is_uri(path):
        return os.path.dirname(path)  # noqa: PTH120 - see join
    uri = urlsplit(path)
    return urlunsplit(uri._replace(path=uri.path.rstrip("/").rpartition("/")[0]))


def with_suffix(path: str, suffix: str) -> str:
    """Path of the file beside this one that has the same stem."""
    if not is_uri(path):
        return os.path.splitext(path)[0] + suffix  # noqa: PTH122 - see join
    uri = urlsplit(path)
    return urlunsplit(uri._replace(path=os.path.splitext(uri.path)[0] + suffix))  # noqa: PTH122


@lru_cache(maxsize=64)
def _store(root: str) -> tuple[fs.FileSystem, str]:
    try:
        return fs.FileSystem.from_uri(root)
    except (pa.ArrowException, OSError) as error:
        raise UsageError(f"cannot open the store: {_line(error)}", where=root, todo="check the URI") from None


def _resolve(uri: str) -> tuple[fs.FileSystem, str]:
    bucket = urlsplit(uri)
    store, base = _store(urlunsplit(bucket._replace(path="")))
    return store, f"{base.rstrip('/')}/{unquote(bucket.path).strip('/')}".rstrip("/")


def look(path: str) -> Entry | None:
    """What lies at a path: None if nothing does, an entry with its stamp otherwise.

    Raises:
        SourceError: the place cannot be asked (no permission, no network).
    """
    name = path.rpartition("/")[2] if not is_uri(path) else parts(path)[-1]
    try:
        if not is_uri(path):
            found = os.stat(path)  # noqa: PTH116 - see join
            stamp = Stamp(found.st_size, found.st_mtime_ns)
            return Entry(name, path, stat_flags.S_ISDIR(found.st_mode), stamp)
        store, inner = _resolve(path)
        info = store.get_file_info(inner)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SourceError(f"cannot be read: {_line(error)}", where=path, todo="check permissions and network") from None
    if info.type == fs.FileType.NotFound:
        return None
    return Entry(name, path, info.type == fs.FileType.Directory, Stamp(info.size or 0, info.mtime_ns or 0))


def entries(folder: str) -> list[Entry]:
    """The names in a folder, in no particular order. Local files are not stat-ed: most names need it only later.

    Raises:
        SourceError: the folder cannot be listed.
    """
    try:
        if not is_uri(folder):
            with os.scandir(folder) as scan:
                return [Entry(e.name, e.path, e.is_dir(), is_link=e.is_symlink()) for e in scan]
        store, inner = _resolve(folder)
        return [
            Entry(
                info.base_name,
                join(folder, info.base_name),
                info.type == fs.FileType.Directory,
                Stamp(info.size or 0, info.mtime_ns or 0),
            )
            for info in store.get_file_info(fs.FileSelector(inner))
        ]
    except OSError as error:
        raise SourceError(f"cannot list the folder: {_line(error)}", where=folder, todo="check permissions") from None


@contextmanager
def opened(path: str) -> Iterator[IO[bytes]]:
    """A seekable binary file.

    Raises:
        OSError: it is missing or unreadable; every ``pyarrow.fs`` failure is one too.
    """
    if not is_uri(path):
        with open(path, "rb") as file:  # noqa: PTH123 - see join
            yield file
        return
    store, inner = _resolve(path)
    with store.open_input_file(inner) as remote, io.BufferedReader(remote, _READ_AHEAD) as file:  # type: ignore[arg-type]
        yield file


def arrow_file(path: str) -> pa.NativeFile:
    """A random-access Arrow file, for the Parquet reader.

    Raises:
        OSError: it is missing or unreadable.
    """
    if not is_uri(path):
        return pa.OSFile(path)
    store, inner = _resolve(path)
    return store.open_input_file(inner)


def read_file(path: str, max_bytes: int) -> bytes:
    """All bytes of a small file, its size checked before a byte is read.

    Raises:
        Rejected: ``missing_file``, ``not_a_regular_file``, ``empty``, ``too_many_bytes`` or ``unreadable``.
    """
    try:
        data = _read_remote(path, max_bytes) if is_uri(path) else _read_local(path, max_bytes)
    except (FileNotFoundError, NotADirectoryError):
        raise Rejected("missing_file", path) from None
    except OSError as error:
        raise Rejected("unreadable", _line(error)) from None
    if not data:
        raise Rejected("empty")
    check_size(len(data), max_bytes)
    return data


def check_size(size: int, max_bytes: int) -> None:
    """Hold a size against the limit.

    Raises:
        Rejected: ``too_many_bytes``.
    """
    if size > max_bytes:
        raise Rejected("too_many_bytes", f"{size:,} bytes, the limit is {max_bytes:,}")


def _read_local(path: str, max_bytes: int) -> bytes:
    # Opening a named pipe would wait for a writer for ever; non-blocking it opens at once and is recognised.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0) as file:  # noqa: PTH123
        found = os.fstat(file.fileno())
        if not stat_flags.S_ISREG(found.st_mode):
            raise Rejected("not_a_regular_file", path)
        check_size(found.st_size, max_bytes)
        return file.read(max_bytes + 1)  # a file that grows meanwhile is still caught by its length


def _read_remote(path: str, max_bytes: int) -> bytes:
    store, inner = _resolve(path)
    with store.open_input_file(inner) as file:
        check_size(file.size(), max_bytes)
        return file.read()


def read_range(path: str, offset: int, length: int) -> bytes:
    """Some bytes of a file.

    Raises:
        Rejected: ``missing_file``, or ``unreadable`` when the range cannot be had in full.
    """
    try:
        with opened(path) as file:
            file.seek(offset)
            data = file.read(length)
    except (FileNotFoundError, NotADirectoryError):
        raise Rejected("missing_file", path) from None
    except OSError as error:
        raise Rejected("unreadable", _line(error)) from None
    if len(data) != length:
        raise Rejected("unreadable", f"the file ends {length - len(data):,} bytes too early")
    return data


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
