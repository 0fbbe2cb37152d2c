"""Previews put where any of them is at hand: in one unnamed file, since a collection's do not fit into memory.

What belongs here: putting away and taking out. Not here: which previews are wanted (``looks``) and where they come from.
"""

import os
import tempfile
from collections.abc import Callable, Iterable

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
    def gathered(cls, names: pa.Array, batches: Iterable[pa.Table], column: str = "preview") -> "Previews":
        """The previews of some contents, or what another column has of them.

        Args:
            names: their ``image_id``, each once.
            batches: rows with ``image_id`` and the column; of several rows of a content the first that has one counts.
            column: of binary values.
        """
        found = cls(len(names))
        where = Places(names)
        for batch in batches if len(names) else ():
            places = where.of(batch["image_id"])
            places[~batch[column].is_valid().to_numpy()] = -1
            places[places >= 0] = np.where(found.there[places[places >= 0]], -1, places[places >= 0])
            _, first = np.unique(places, return_index=True)
            first = first[places[first] >= 0]
            for place, preview in zip(places[first].tolist(), batch[column].take(pa.array(first)), strict=True):
                found.add(place, preview.as_buffer())
        return found

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
