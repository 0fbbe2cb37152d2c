"""Where names stand in an array of names: millions of them, without a Python object each.

What belongs here: the look-up. Not here: what the names are of.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def as_array(names: Sequence[str] | pa.Array | pa.ChunkedArray) -> pa.Array:
    """Names as one Arrow array of strings."""
    if isinstance(names, pa.Array):
        return names
    if isinstance(names, pa.ChunkedArray):
        return names.combine_chunks()  # pyright: ignore[reportAttributeAccessIssue]
    return pa.array(names, pa.string())


class Places:
    """The places of n different names.

    Args:
        names: strings, each once.
    """

    def __init__(self, names: Sequence[str] | pa.Array | pa.ChunkedArray) -> None:
        self._names = as_array(names)

    def __len__(self) -> int:
        """How many names there are."""
        return len(self._names)

    def of(self, asked: pa.Array | pa.ChunkedArray) -> NDArray[np.int64]:
        """The place of every name asked about, -1 where it has none. Each call reads all names once: ask about many.

        Of a chunked array of numbers into dictionaries only the dictionaries are looked up.
        """
        if not len(asked):
            return np.empty(0, np.int64)
        if isinstance(asked, pa.ChunkedArray) and pa.types.is_dictionary(asked.type):
            return self._of_coded(asked)
        places = pc.index_in(asked, value_set=self._names, skip_nulls=True)  # pyright: ignore[reportAttributeAccessIssue]
        return places.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)

    def _of_coded(self, asked: pa.ChunkedArray) -> NDArray[np.int64]:
        spellings = [chunk.dictionary for chunk in asked.chunks]
        found = self.of(pa.concat_arrays(spellings))
        first = np.cumsum([0, *map(len, spellings)])
        codes = [c.indices.fill_null(-1).to_numpy(zero_copy_only=False) for c in asked.chunks]
        return np.concatenate(
            [np.append(found[a:b], -1)[code] for code, a, b in zip(codes, first, first[1:], strict=False)]
        )
