"""Previews put where any of them is at hand: in one unnamed file, since a collection's do not fit into memory.

What belongs here: putting away and taking out. Not here: which previews are wanted (``looks``) and where they come from.
"""

import os
import tempfile
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


class Previews:
    """Previews of n pictures by place; those never given are missing. The file lies in ``TMPDIR`` and goes with the object."""

    def __init__(self, n: int) -> None:
        self._file = tempfile.TemporaryFile(prefix="charassets-previews-")  # noqa: SIM115 - goes with the object
        self._start, self._size = np.full(n, -1, np.int64), np.zeros(n, np.int64)
        self._end = 0

    @classmethod
    def gathered(
        cls, n: int, batches: Iterable[tuple[NDArray[np.int64], pa.Table]], columns: Sequence[str]
    ) -> "tuple[Previews, ...]":
        """What the columns have of n contents, one object a column.

        Args:
            n: how many contents are asked about.
            batches: rows with the columns, and the place of each row's content, -1 for one that nobody asked about; of several
                rows of a content the first that has a value counts.
            columns: of binary values.
        """
        found = tuple(cls(n) for _ in columns)
        for places, batch in batches:
            wanted = np.flatnonzero(places >= 0)
            if len(wanted):
                rows = batch.take(pa.array(wanted))
                for column, held in zip(columns, found, strict=True):
                    held._take_in(places[wanted], rows[column])  # noqa: SLF001 - of its own class
        return found

    def _take_in(self, places: NDArray[np.int64], values: pa.ChunkedArray) -> None:
        fresh = np.flatnonzero(values.is_valid().to_numpy() & ~self.there[places])
        _, first = np.unique(places[fresh], return_index=True)
        first = fresh[first]
        for place, value in zip(places[first].tolist(), values.take(pa.array(first)), strict=True):
            self.add(place, value.as_buffer())

    def add(self, place: int, preview: pa.Buffer | bytes) -> None:
        """Put one away."""
        self._file.write(preview)
        self._start[place], self._size[place] = self._end, len(preview)
        self._end += len(preview)

    @property
    def there(self) -> NDArray[np.bool_]:
        """Which are there, shape (n,)."""
        return self._start >= 0

    def __getitem__(self, place: int) -> bytes:
        """The preview of a place that is there."""
        self._file.flush()
        return os.pread(self._file.fileno(), int(self._size[place]), int(self._start[place]))


Load = Callable[[pa.Array], Previews]
"""Previews of contents, by their place in the array of content ids that is asked about."""
