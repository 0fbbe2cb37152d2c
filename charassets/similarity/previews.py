"""Previews put where any of them is at hand: in one unnamed file, since a collection's do not fit into memory.

What belongs here: putting away and taking out. Not here: which previews are wanted (``looks``) and where they come from.
"""

import os
import tempfile
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.similarity.places import Places


class Previews:
    """Previews of n pictures by place; those never given are missing. The file lies in ``TMPDIR`` and goes with the object."""

    def __init__(self, n: int) -> None:
        self._file = tempfile.TemporaryFile(prefix="charassets-previews-")  # noqa: SIM115 - goes with the object
        self._start, self._size = np.full(n, -1, np.int64), np.zeros(n, np.int64)
        self._end = 0

    @classmethod
    def gathered(cls, names: pa.Array, batches: Iterable[pa.Table], columns: Sequence[str]) -> "tuple[Previews, ...]":
        """What the columns have of some contents, one object a column.

        Args:
            names: their ``image_id``, each once.
            batches: rows with ``image_id`` and the columns; of several rows of a content the first that has a value counts.
            columns: of binary values.
        """
        found = tuple(cls(len(names)) for _ in columns)
        where = Places(names)
        for batch in batches if len(names) else ():
            places = where.of(batch["image_id"])
            wanted = np.flatnonzero(places >= 0)
            if len(wanted):
                batch, places = batch.take(pa.array(wanted)), places[wanted]
                for column, held in zip(columns, found, strict=True):
                    held._take_in(places, batch[column])  # noqa: SLF001 - of its own class
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
