"""A bounded folder of files kept by their sha256: what was read of an object store stays at hand, verified once.

What belongs here: keeping and letting go. Not here: where the files come from. Processes may share it: a name is a content, files
appear whole, and a reader that has one open keeps it though it is let go.
"""

import hashlib
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from charassets.errors import StorageError, VerificationError

_SCRATCH = ".tmp"


class FileCache:
    """The folder.

    Args:
        folder: made on first use.
        most_bytes: files beyond this go, the least recently read first; 0 keeps nothing but what is in use.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder, self._most = folder, most_bytes

    def scratch(self, name: str) -> Path:
        """A fresh name for an unfinished file."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"cannot make the folder: {error}", where=str(self._folder), todo="check it") from error
        return self._folder / f"{name}.{os.getpid()}-{secrets.token_hex(4)}{_SCRATCH}"

    def has(self, sha256: str) -> bool:
        """Whether the content is at hand."""
        return (self._folder / sha256).is_file()

    def get(self, sha256: str, fetch: Callable[[Path], None], where: str) -> Path:
        """The file of that content, fetched if need be.

        Raises:
            VerificationError: what was fetched has another content.
        """
        path = self._folder / sha256
        try:
            os.utime(path)  # read now: it stays longest
        except OSError:
            temporary = self.scratch(sha256)
            try:
                fetch(temporary)
                found = digest_of(temporary)
                if found != sha256:
                    raise VerificationError(
                        f"file is damaged: {temporary.stat().st_size} bytes with sha256 {found[:12]}, expected {sha256[:12]}",
                        where=where,
                        todo="run again; if it is still named then, delete the fragment's manifest.json and run once more",
                    ) from None
                self.adopt(temporary, sha256)
            finally:
                temporary.unlink(missing_ok=True)
        return path

    def adopt(self, local: Path, sha256: str) -> None:
        """Take over a file whose content is known."""
        local.replace(self._folder / sha256)
        self._make_room(spare=sha256)

    def _make_room(self, spare: str) -> None:
        held = []
        for entry in os.scandir(self._folder):
            with suppress(FileNotFoundError):
                if not entry.name.endswith(_SCRATCH):
                    status = entry.stat()
                    held.append((status.st_mtime, status.st_size, entry.name))
        excess = sum(size for _, size, _ in held) - self._most
        for _, size, name in sorted(held):
            if excess <= 0:
                return
            if name != spare:
                (self._folder / name).unlink(missing_ok=True)
                excess -= size


def digest_of(path: Path) -> str:
    """Hex sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
