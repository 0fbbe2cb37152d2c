"""Parquet files whose footers are known: small shards are opened often in a run, and a footer takes as long as two columns.

What belongs here: keeping footers. Not here: whether a file is the one that was written (``fragments``).
"""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import pyarrow as pa
import pyarrow.parquet as pq

_MOST = 1_024  # footers kept, the last ones asked for
_LARGEST = 256  # columns times row groups, 100 kB; larger shards have more, and take longer to read anyway


class Footers:
    """Opens Parquet files by their content; for several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[str, tuple[pq.FileMetaData, frozenset[str]]] = OrderedDict()

    def opened(
        self, source: pa.NativeFile, sha256: str, coded: Sequence[str] = ()
    ) -> tuple[pq.ParquetFile, frozenset[str]]:
        """A file and the names of its columns.

        Args:
            source: open for reading; it stays the caller's.
            sha256: of its bytes: files with the same have the same footer.
            coded: columns of strings that are read as numbers into a dictionary.
        """
        with self._lock:
            known = self._kept.get(sha256)
            if known is not None:
                self._kept.move_to_end(sha256)
        if known is not None:
            return pq.ParquetFile(
                source, metadata=known[0], read_dictionary=list(coded), page_checksum_verification=True
            ), known[1]
        file = pq.ParquetFile(source, read_dictionary=list(coded), page_checksum_verification=True)
        names = frozenset(file.schema_arrow.names)
        if file.metadata.num_columns * file.metadata.num_row_groups <= _LARGEST:
            with self._lock:
                self._kept[sha256] = file.metadata, names
                while len(self._kept) > _MOST:
                    self._kept.popitem(last=False)
        return file, names
