"""A workspace in an object store: what of it is copied here and back, file by file.

What belongs here: the settings file, the warehouse, reports and exports. Not here: the lake and its artefacts, which are read and
written where they lie (``object_store``), and the edit log, which has its own protocol (``charassets.curation.shared``). Dagster's
state, downloads, thumbnails, jobs and trainings stay on the machine that makes them.
"""

import os
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson

from charassets.errors import BusyError, StorageError
from charassets.lake.s3 import ChangedError, bucket_of
from charassets.settings import SETTINGS_FILE, copy_of, is_uri

_TAGS = ".remote"
_AT_ONCE = 8
_NEW_ENOUGH_S = 10.0


class Remote:
    """A workspace in an object store and its folder here.

    Args:
        uri: the workspace.
        folder: what is here of it.
    """

    def __init__(self, uri: str, folder: Path) -> None:
        self.bucket = bucket_of(uri)
        self._folder = folder
        self._looked: dict[str, float] = {}

    @property
    def copy(self) -> str:
        """What tells this machine's copy of the workspace from every other: chosen at random once."""
        path = self._folder / _TAGS / "copy"
        try:
            return path.read_text()
        except FileNotFoundError:
            self._write(path, secrets.token_hex(16).encode())
            return path.read_text()

    def pull(self, name: str, new_enough_s: float = 0.0) -> bool:
        """Bring a file here up to date; True where it changed. A file that is not there is left as it is here.

        Args:
            name: of the file, below the workspace.
            new_enough_s: a look this long ago is as good as one now.

        Raises:
            StorageError: the store cannot be read, or the file not written.
        """
        now = time.monotonic()
        if now - self._looked.get(name, -1e9) < new_enough_s:
            return False
        self._looked[name] = now
        found = self.bucket.look(name)
        if found is None or (found.tag == self._tag(name) and (self._folder / name).exists()):
            return False
        temporary = self._folder / f"{name}.{os.getpid()}-{secrets.token_hex(4)}.tmp"
        try:
            temporary.parent.mkdir(parents=True, exist_ok=True)
            self.bucket.download(name, temporary)
            temporary.replace(self._folder / name)
        except OSError as error:
            raise StorageError(f"cannot write: {error}", where=str(temporary), todo="check space") from error
        finally:
            temporary.unlink(missing_ok=True)
        self._remember(name, found.tag)
        return True

    def push(self, name: str) -> None:
        """Publish a file that was made here, whatever is there: the caller holds the workspace.

        Raises:
            StorageError: it cannot be written.
        """
        self.bucket.upload(self._folder / name, name)
        found = self.bucket.look(name)
        if found is not None:
            self._remember(name, found.tag)

    def push_settings(self) -> None:
        """Publish the settings file, unless somebody changed it there since it was read.

        Raises:
            BusyError: somebody did.
            StorageError: it cannot be written.
        """
        data = (self._folder / SETTINGS_FILE).read_bytes()
        try:
            tag = self.bucket.put(data, SETTINGS_FILE, self._tag(SETTINGS_FILE), conditional=True)
        except ChangedError:
            raise BusyError(
                "somebody changed the settings of this workspace meanwhile", where=self.bucket.uri, todo="run again"
            ) from None
        self._remember(SETTINGS_FILE, tag)

    def push_folder(self, name: str) -> int:
        """Make a folder there as it is here; answers the number of files that were sent. What did not change is not sent.

        Raises:
            StorageError: something cannot be written.
        """
        local = self._folder / name
        here = {
            f"{name}/{path.relative_to(local).as_posix()}": path
            for path in sorted(local.rglob("*"))
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(local).parts)
        }
        book = self._folder / _TAGS / f"{name.replace('/', '~')}.sent"
        sent: dict[str, list[int]] = orjson.loads(book.read_bytes()) if book.is_file() else {}
        stamps = {key: [(status := path.stat()).st_size, status.st_mtime_ns] for key, path in here.items()}
        wanted = [key for key in here if sent.get(key) != stamps[key]]
        gone = [key for key in self.bucket.names(f"{name}/") if key not in here]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda key: self.bucket.upload(here[key], key), wanted))
            list(pool.map(self.bucket.delete, gone))
        self._write(book, orjson.dumps(stamps))
        return len(wanted)

    def _tag(self, name: str) -> str | None:
        try:
            return (self._folder / _TAGS / f"{name}.tag").read_text()
        except FileNotFoundError:
            return None

    def _remember(self, name: str, tag: str) -> None:
        self._write(self._folder / _TAGS / f"{name}.tag", tag.encode())

    def _write(self, path: Path, data: bytes) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
            temporary.write_bytes(data)
            temporary.replace(path)
        except OSError as error:
            raise StorageError(f"cannot write: {error}", where=str(path), todo="check space") from error


def follow(place: str | None = None) -> None:
    """Read the settings file of the workspace anew where it lies in an object store; nothing happens where it does not.

    Args:
        place: folder or URI; None: the one ``CHARASSETS_WORKSPACE`` names.

    Raises:
        StorageError: the store cannot be read.
    """
    named = place or os.environ.get("CHARASSETS_WORKSPACE", "")
    if is_uri(named):
        remote_of(named, copy_of(named)).pull(SETTINGS_FILE, _NEW_ENOUGH_S)


_remotes: dict[tuple[str, Path], Remote] = {}


def remote_of(uri: str, folder: Path) -> Remote:
    """The remote of a workspace, one a process, so that it knows when it looked last."""
    return _remotes.setdefault((uri, folder), Remote(uri, folder))
