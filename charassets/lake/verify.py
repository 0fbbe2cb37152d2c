"""Checks and cleans a lake: re-hashes what manifests name, sweeps what no manifest names."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from charassets.errors import StorageError, VerificationError
from charassets.lake.fragments import MANIFEST, Lake, Manifest, folder, verify_file
from charassets.schema import TABLES

SWEEP_AFTER_S = 24 * 3600.0
"""Age from which an unnamed file is garbage: longer than any run takes between writing a part and its manifest."""


@dataclass(frozen=True)
class Damage:
    """Something wrong with a stored fragment: which file, and what is wrong in words."""

    table: str
    shard: str
    what: str


@dataclass(frozen=True)
class Verification:
    """What ``verify`` read: fragments, files and bytes, and the damage it found."""

    fragments: int
    files: int
    bytes: int
    damage: tuple[Damage, ...]


def verify(lake: Lake) -> Verification:
    """Re-hash every file that a manifest names, and check that the books balance."""
    fragments = files = size = 0
    damage: list[Damage] = []
    for table, shard in _committed(lake):
        fragments += 1
        try:
            manifest = _manifest(lake, table, shard)
        except (VerificationError, StorageError) as error:
            damage.append(Damage(table, shard, str(error)))
            continue
        for entry in manifest.files:
            files += 1
            size += entry.bytes
            try:
                verify_file(lake.store, f"{folder(table, shard)}/{entry.name}", entry)
            except (VerificationError, StorageError) as error:
                damage.append(Damage(table, shard, str(error)))
        counts = manifest.counts
        if counts["in"] != counts["row"] + counts["rejected"] + counts["skipped"]:
            damage.append(Damage(table, shard, f"the books do not balance: {dict(counts)}"))
    return Verification(fragments, files, size, tuple(damage))


def sweep(lake: Lake, now_s: float, keep: Collection[str] = (), older_than_s: float = SWEEP_AFTER_S) -> list[str]:
    """Delete files that no manifest names: what crashes and replaced fragments left.

    Args:
        lake: the lake.
        now_s: the present, in seconds since the epoch.
        keep: paths below the root that a live warehouse still reads.
        older_than_s: younger files are left, since a run may be about to name them.

    Returns:
        The paths that were deleted.

    Raises:
        VerificationError: a manifest is damaged, so that it is not known what it names; nothing more is deleted.
    """
    gone = list(unnamed(lake, now_s, keep, older_than_s))
    for path in gone:
        lake.store.delete(path)
    return gone


def unnamed(lake: Lake, now_s: float, keep: Collection[str] = (), older_than_s: float = SWEEP_AFTER_S) -> Iterator[str]:
    """What ``sweep`` would delete, path by path.

    Raises:
        VerificationError: a manifest is damaged, so that it is not known what it names.
    """
    for table in TABLES:
        for shard in lake.store.folders(table):
            fragment = lake.fragment(table, shard)
            named = {MANIFEST} if fragment is None else {MANIFEST, *(f.name for f in fragment.manifest.files)}
            for entry in list(lake.store.files(folder(table, shard))):
                name = entry.path.rpartition("/")[2]
                if name not in named and entry.path not in keep and now_s - entry.mtime > older_than_s:
                    yield entry.path


def _committed(lake: Lake) -> Iterator[tuple[str, str]]:
    for table in TABLES:
        for shard in lake.shards(table):
            yield table, shard


def _manifest(lake: Lake, table: str, shard: str) -> Manifest:
    fragment = lake.fragment(table, shard)
    if fragment is None:
        raise VerificationError("manifest vanished", where=f"{table}/{shard}", todo="run again")
    return fragment.manifest
