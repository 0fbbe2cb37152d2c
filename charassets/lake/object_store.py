"""A store in a bucket: whatever ``pyarrow.fs`` opens for reading; on S3, puts that hold to the version they replace.

What belongs here: a lake's files as objects. Not here: single requests (``s3``), copies of a whole workspace (``remote``).
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from pyarrow import fs

from charassets.errors import BusyError, StorageError, UsageError, VerificationError
from charassets.lake import faults
from charassets.lake.cache import FileCache
from charassets.lake.s3 import Bucket, ChangedError, bucket_of
from charassets.lake.store import TEMPORARY, Entry, LocalStore, Stamp, Store, storage_errors
from charassets.settings import refuse_credentials

_guards: dict[str, Callable[[], None]] = {}
"""Plain URI of a workspace this process holds to what makes sure of it; asked before anything is published below it."""


def guard(uri: str, check: Callable[[], None] | None) -> None:
    """Have every put below ``uri`` preceded by a check, or by none any more."""
    plain = uri.partition("?")[0].rstrip("/")
    if check is None:
        _guards.pop(plain, None)
    else:
        _guards[plain] = check


class ObjectStore:
    """An object store. One put makes an object visible whole, so final names are written directly, manifest last.

    Args:
        filesystem: reads and lists; writes where there is no bucket.
        root: the root, as the filesystem names it.
        uri: the root, for people.
        bucket: makes conditional puts; None where the store is not S3.
        cache: keeps what was read and written.
    """

    def __init__(
        self, filesystem: fs.FileSystem, root: str, uri: str, bucket: Bucket | None, cache: FileCache | None
    ) -> None:
        self._fs, self._prefix, self._uri = filesystem, root.rstrip("/"), uri.rstrip("/")
        self._bucket, self._cache = bucket, cache

    @property
    def root(self) -> str:
        """The URI the store was opened with."""
        return self._uri

    @property
    def is_far(self) -> bool:
        """It is elsewhere."""
        return True

    @property
    def filesystem(self) -> fs.FileSystem:
        """What reads the store, for a reader that opens files of it by itself."""
        return self._fs

    def _full(self, path: str) -> str:
        return f"{self._prefix}/{path}"

    def scratch(self, path: str) -> Path:
        """A name in the cache's folder, or in the system's temporary one."""
        if self._cache is not None:
            return self._cache.scratch(Path(path).name)
        handle, name = tempfile.mkstemp(prefix="charassets-", suffix=f"-{Path(path).name}{TEMPORARY}")
        os.close(handle)
        return Path(name)

    def put_file(self, local: Path, path: str, sha256: str | None = None) -> None:
        """Upload ``local``; an interrupted upload publishes nothing."""
        self._check()
        if self._bucket is None:
            self.put_bytes(local.read_bytes(), path)
        else:
            with storage_errors("write", f"{self._uri}/{path}"):
                faults.hit("object_put")
            self._bucket.upload(local, path)
        if self._cache is not None and sha256 is not None:
            self._cache.adopt(local, sha256)
        else:
            local.unlink()

    def put_bytes(self, data: bytes, path: str) -> None:
        """Upload ``data``. The stream is only opened once all bytes are at hand: closing it publishes them."""
        self._check()
        with storage_errors("write", f"{self._uri}/{path}"):
            faults.hit("object_put")
            if self._bucket is None:
                stream: BinaryIO = self._fs.open_output_stream(self._full(path))
                stream.write(data)
                stream.close()
        if self._bucket is not None:
            self._bucket.put(data, path)

    def tag(self, path: str) -> str | None:
        """The object's ETag; None where there is no object."""
        found = None if self._bucket is None else self._bucket.look(path)
        return None if found is None else found.tag

    def put_if(self, data: bytes, path: str, tag: str | None) -> None:
        """Upload ``data`` with ``If-Match`` or ``If-None-Match``; stores other than S3 know neither here, and take it plainly."""
        if self._bucket is None:
            self.put_bytes(data, path)
            return
        self._check()
        with storage_errors("write", f"{self._uri}/{path}"):
            faults.hit("object_put")
        try:
            self._bucket.put(data, path, tag, conditional=True)
        except ChangedError:
            if self.read_bytes(path) != data:  # else the other writer said the same, or it was our own lost answer
                raise BusyError(
                    "another process published another version meanwhile",
                    where=f"{self._uri}/{path}",
                    todo="run again when it has ended",
                ) from None

    def read_bytes(self, path: str) -> bytes | None:
        """The bytes under ``path``, or None."""
        with storage_errors("read", f"{self._uri}/{path}"):
            try:
                with self._fs.open_input_stream(self._full(path)) as stream:
                    return stream.read()
            except FileNotFoundError:
                return None

    def open_input(self, path: str) -> pa.NativeFile:
        """The object under ``path``, read by ranges."""
        with storage_errors("read", f"{self._uri}/{path}"):
            return self._fs.open_input_file(self._full(path))

    def at_hand(self, path: str, sha256: str) -> Path | None:
        """A verified copy in the cache."""
        if self._cache is None:
            return None
        where = f"{self._uri}/{path}"
        try:
            return self._cache.get(sha256, lambda local: self._download(path, local), where)
        except (StorageError, OSError):
            if self.size(path) is None:
                todo = "run again; if it is still named then, delete the fragment's manifest.json and run once more"
                raise VerificationError("file is missing", where=where, todo=todo) from None
            raise

    def _download(self, path: str, local: Path) -> None:
        if self._bucket is not None:
            self._bucket.download(path, local)
            return
        with self._fs.open_input_stream(self._full(path)) as stream, local.open("wb") as file:
            while block := stream.read(1 << 20):
                file.write(block)

    def size(self, path: str) -> int | None:
        """Bytes of the object."""
        with storage_errors("read", f"{self._uri}/{path}"):
            info = self._fs.get_file_info(self._full(path))
        return info.size if info.type == fs.FileType.File else None

    def _infos(self, prefix: str, *, recursive: bool) -> list[fs.FileInfo]:
        selector = fs.FileSelector(self._full(prefix).rstrip("/"), allow_not_found=True, recursive=recursive)
        with storage_errors("list", f"{self._uri}/{prefix}"):
            return self._fs.get_file_info(selector)

    def stamp(self, path: str) -> Stamp | None:
        """None: a bucket has no inodes, and copies at hand are checked by their own rules."""
        del path

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
        with storage_errors("delete", f"{self._uri}/{path}"), suppress(FileNotFoundError):
            self._fs.delete_file(self._full(path))

    def _check(self) -> None:
        for held, check in _guards.items():
            if f"{self._uri}/".startswith(f"{held}/"):
                check()


def opened(root: str, cache: FileCache | None) -> Store:
    """The store of a URI.

    Raises:
        UsageError: a URI that ``pyarrow.fs`` does not open, or one with credentials in it.
    """
    refuse_credentials(root)
    try:
        filesystem, path = fs.FileSystem.from_uri(root)
    except (OSError, pa.ArrowException) as error:
        raise UsageError(
            f"cannot open the lake: {error}", where=root, todo="give a folder or an s3:// or gs:// URI"
        ) from None
    if isinstance(filesystem, fs.LocalFileSystem):
        return LocalStore(Path(path))
    bucket = bucket_of(root) if root.startswith("s3://") else None
    return ObjectStore(filesystem, path, root.partition("?")[0], bucket, cache)
