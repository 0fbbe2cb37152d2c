"""Publishing a folder at once: written beside its place, verified, then renamed into it.

What belongs here: manifests, hashes, the swap. Not here: what is in the folder.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from charassets.errors import StorageError, UsageError
from charassets.exports.index import LISTED_SUFFIXES, captions

MANIFEST = "manifest.json"
"""The last file written; a folder without one is no export."""


@dataclass(frozen=True)
class Published:
    """An export that stands.

    Attributes:
        path: its folder.
        manifest: what its manifest says.
        unchanged: it stood already; nothing was written.
    """

    path: Path
    manifest: Mapping[str, Any]
    unchanged: bool


def publish(
    folder: Path, fingerprint: str, write: Callable[[Path], Mapping[str, Any]], *, replace_edited: bool = False
) -> Published:
    """Publish what ``write`` writes, unless the folder holds it already.

    Args:
        folder: where the export shall stand.
        fingerprint: digest of all that decides its content.
        write: fills a new folder and answers facts for the manifest.
        replace_edited: replace an export even where somebody changed its files since.

    Raises:
        UsageError: the folder holds something that is no export, or an export with edits that would be lost.
        StorageError: the folder cannot be written; what stood there stands.
    """
    folder = folder.absolute()
    before = read_manifest(folder)
    if before is None and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError("the folder holds something that is no export", where=str(folder), todo="name a new folder")
    whole = before is not None and not missing_files(folder, before)
    if before is not None and whole and before["fingerprint"] == fingerprint:
        return Published(folder, before, True)
    edited = edited_files(folder, before) if before is not None and not replace_edited else []
    if edited:
        raise UsageError(
            f"{len(edited)} files of this export were edited since, e.g. {edited[0]}",
            where=str(folder),
            todo="`charassets import-back` takes the edits; --yes replaces the export without them",
        )
    scratch = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    try:
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        facts = write(scratch)
        manifest = {"fingerprint": fingerprint, **facts, "files": _files(scratch)}
        (scratch / MANIFEST).write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n")
        _swap(scratch, folder)
    except OSError as error:
        raise StorageError(
            f"cannot write the export: {error.strerror or error}", where=str(folder), todo="check space and permissions"
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return Published(folder, manifest, False)


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of an export; None where there is none that can be read."""
    try:
        manifest = orjson.loads((folder / MANIFEST).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    return manifest if isinstance(manifest, dict) and {"fingerprint", "files", "format"} <= manifest.keys() else None


def missing_files(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Files the manifest names that are gone or of another size: a look, not a hash."""
    return [file["path"] for file in manifest["files"] if _size(folder / file["path"]) != file["bytes"]]


def edited_files(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Files of words whose bytes are no longer those published, by name: what the manifest lists, and captions."""
    changed = [
        file["path"]
        for file in manifest["files"]
        if (folder / file["path"]).is_file() and _sha256(folder / file["path"]) != file["sha256"]
    ]
    for path, text in captions(folder):
        place = folder / path
        if place.is_file() and place.read_bytes() != text.encode() + b"\n":
            changed.append(path)
    return changed


def _files(folder: Path) -> list[dict[str, Any]]:
    """Every file at the top, or one folder down, that is not one of the pictures: those the index names."""
    found = (path for path in sorted(folder.glob("*")) + sorted(folder.glob("*/*")) if path.suffix in LISTED_SUFFIXES)
    return [
        {"path": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size, "sha256": _sha256(path)}
        for path in found
    ]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _swap(scratch: Path, folder: Path) -> None:
    """Put the new folder in place of the old one: two renames, so that nobody ever sees half of either."""
    for path in (*scratch.glob("*"), scratch):
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    if folder.exists():
        folder.rename(old)
    try:
        scratch.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
