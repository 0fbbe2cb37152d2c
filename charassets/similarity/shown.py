"""What a look needs of pictures, their previews and corners, by place: from files, or as a table that goes to another process.

What belongs here: the values of some pictures. Not here: where they come from (``previews``), what is made of them (``looker``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_CORNERS = ("signatures", "signatures_mirrored", "places", "places_mirrored")


class Held(Protocol):
    """Binary values of n pictures, some of them missing."""

    @property
    def there(self) -> NDArray[np.bool_]:
        """Which are there, shape (n,)."""
        ...

    def __getitem__(self, place: int) -> bytes:
        """That of a place where there is one."""
        ...


class Column:
    """Those of a column."""

    def __init__(self, values: pa.ChunkedArray) -> None:
        self._values = values
        self.there: NDArray[np.bool_] = values.is_valid().to_numpy()

    def __getitem__(self, place: int) -> bytes:
        """That of a row."""
        return self._values[place].as_py()


class Some:
    """Those of some places, renumbered in their order."""

    def __init__(self, held: Held, places: NDArray[np.int64]) -> None:
        self._held, self._places = held, places
        self.there: NDArray[np.bool_] = held.there[places]

    def __getitem__(self, place: int) -> bytes:
        """That of a place where there is one."""
        return self._held[int(self._places[place])]


@dataclass(frozen=True)
class Shown:
    """What is known of n pictures.

    Attributes:
        previews: as they are stored; None where no look needs them.
        corners: signatures, those of the mirror images, and the places of both; None where nobody knows corners.
    """

    previews: Held | None
    corners: Sequence[Held] | None

    def of(self, places: NDArray[np.int64]) -> "Shown":
        """That of some pictures, by their place among these."""
        previews = None if self.previews is None else Some(self.previews, places)
        return Shown(previews, None if self.corners is None else [Some(side, places) for side in self.corners])

    def table(self, places: NDArray[np.int64]) -> pa.Table:
        """That of some pictures as a table, a column for what is known at all."""
        columns = {} if self.previews is None else {"preview": self.previews}
        columns |= zip(_CORNERS, self.corners or (), strict=self.corners is not None)
        return pa.table({name: _column(held, places) for name, held in columns.items()})

    @classmethod
    def read(cls, table: pa.Table) -> "Shown":
        """From such a table."""
        known = {name: Column(table[name]) for name in table.column_names}
        return cls(known.get("preview"), [known[name] for name in _CORNERS] if _CORNERS[0] in known else None)


def _column(held: Held, places: NDArray[np.int64]) -> pa.Array:
    there = held.there[places].tolist()
    return pa.array(
        [held[place] if known else None for place, known in zip(places.tolist(), there, strict=True)], pa.binary()
    )
