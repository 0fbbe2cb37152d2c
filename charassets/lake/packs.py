"""Bytes by name that a step can make again but would rather find: packs of them beside the tables.

What belongs here: keeping and finding them, within a bound. Not here: what they are. ``packs/<table>/<role>/<digest>.bin`` is bytes
end to end, the ``.parquet`` of the same name says whose; no manifest names them. Losing a pack costs time and nothing else, so
that they may be deleted at any time. Of a lake in a bucket none are kept: fetching would take longer than making.
"""

import hashlib
import io
import shutil
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from charassets.errors import StorageError
from charassets.lake.store import TEMPORARY, Store

_FOLDER = "packs"
_SHARE = 0.25  # of the disk that is free, with what packs take
_INDEX = pa.schema(
    [
        pa.field("name", pa.string(), False),
        pa.field("start", pa.int64(), False),
        pa.field("size", pa.int32(), False),
        pa.field("crc", pa.uint32(), False),
    ]
)


class Packs:
    """The packs of one table.

    Args:
        store: of the lake.
        table: its name.
        share: of the disk that is free they may take.
    """

    def __init__(self, store: Store, table: str, share: float = _SHARE) -> None:
        self._store, self._folder, self._share = store, f"{_FOLDER}/{table}", share

    def keep(self, role: str, items: Iterable[tuple[str, bytes]]) -> None:
        """Keep bytes by name, in one pack; the oldest packs go where there is no room. Other roles of the table go too."""
        if self._store.is_far:
            return
        for entry in list(self._store.files(self._folder)):
            if entry.path.endswith(TEMPORARY):  # of a run that was killed: one at a time computes a table
                self._store.delete(entry.path)
        path = f"{self._folder}/{role}/new"
        local, lines, end, digest = self._store.scratch(path), [], 0, hashlib.sha256()
        try:
            with local.open("wb") as file:
                for name, data in items:
                    file.write(data)
                    lines.append((name, end, len(data), zlib.crc32(data)))
                    digest.update(data)
                    end += len(data)
            if not lines or not self._make_room(role, end):
                return
            name = digest.hexdigest()[:32]
            self._store.put_file(local, f"{self._folder}/{role}/{name}.bin")
            index = io.BytesIO()
            columns = zip(*lines, strict=True)
            pq.write_table(pa.table(list(columns), schema=_INDEX), index, compression="zstd")
            self._store.put_bytes(index.getvalue(), f"{self._folder}/{role}/{name}.parquet")
        except (OSError, StorageError):
            return  # the disk is full: making it again costs time, failing would cost the run
        finally:
            local.unlink(missing_ok=True)

    def found(self, role: str, names: pa.Array) -> Iterator[tuple[int, bytes]]:
        """What is kept of some names, each once: their places among those asked about, and bytes. What is damaged is left out."""
        if self._store.is_far or not len(names):
            return
        given = np.zeros(len(names), bool)
        for entry in sorted(self._store.files(f"{self._folder}/{role}"), key=lambda entry: entry.path):
            if not entry.path.endswith(".parquet"):
                continue
            try:
                index = pq.read_table(io.BytesIO(self._store.read_bytes(entry.path) or b""), schema=_INDEX)
                places = pc.index_in(index["name"], value_set=names).fill_null(-1).to_numpy()  # pyright: ignore[reportAttributeAccessIssue]
                wanted = np.flatnonzero(places >= 0)
                wanted = wanted[~given[places[wanted]]]
                if not len(wanted):
                    continue
                lines = index.take(pa.array(wanted)).select(["start", "size", "crc"]).to_pylist()
                with self._store.open_input(f"{entry.path.removesuffix('.parquet')}.bin") as file:
                    for place, line in zip(places[wanted].tolist(), lines, strict=True):
                        file.seek(line["start"])
                        data = file.read(line["size"])
                        if len(data) == line["size"] and zlib.crc32(data) == line["crc"] and not given[place]:
                            given[place] = True
                            yield place, data
            except (OSError, StorageError, pa.ArrowException):
                continue

    def _make_room(self, role: str, wanted: int) -> bool:
        """Let packs of other roles go, and the oldest of this one that leave no room; False where there is none even so."""
        packs = [entry for entry in self._store.files(self._folder) if entry.path.endswith((".bin", ".parquet"))]
        taken = sum(entry.size for entry in packs)
        bound = self._share * (shutil.disk_usage(self._store.root).free + taken)
        if wanted > bound:
            return False
        for entry in sorted(packs, key=lambda entry: (f"/{role}/" in entry.path, entry.mtime)):
            if f"/{role}/" in entry.path and taken + wanted <= bound:
                break
            self._store.delete(entry.path)
            taken -= entry.size
        return True


_current: ContextVar[Packs | None] = ContextVar("charassets_packs", default=None)


@contextmanager
def kept_in(packs: Packs) -> Iterator[None]:
    """Let ``keep`` and ``found`` of this context mean these packs, so that steps need no handle on the lake."""
    token = _current.set(packs)
    try:
        yield
    finally:
        _current.reset(token)


def keep(role: str, items: Iterable[tuple[str, bytes]]) -> None:
    """Keep bytes where the context says; nothing happens where it does not."""
    packs = _current.get()
    if packs is not None:
        packs.keep(role, items)


def found(role: str, names: pa.Array) -> Iterator[tuple[int, bytes]]:
    """What an earlier run kept; nothing where the context does not say."""
    packs = _current.get()
    return iter(()) if packs is None else packs.found(role, names)
