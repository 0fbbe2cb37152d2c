"""Small batches put together to larger ones: many shards are small, and some steps cost the same for few rows as for many.

What belongs here: the putting together, and strings in place of their codes. Not here: reading.
"""

from collections.abc import Collection, Iterable, Iterator
from itertools import accumulate

import pyarrow as pa
import pyarrow.compute as pc

_NONE = pa.array([], pa.string())


def gathered(batches: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """The same rows in the same order, in batches of at least ``rows`` but for the last."""
    held: list[pa.Table] = []
    for batch in batches:
        held.append(batch)
        if sum(table.num_rows for table in held) >= rows:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held)


def among(column: pa.ChunkedArray, names: pa.Array) -> pa.ChunkedArray:
    """Which rows of a column of numbers into dictionaries have one of some names; only the dictionaries are looked up."""
    spellings = [chunk.dictionary for chunk in column.chunks]
    found = pc.is_in(pa.concat_arrays([_NONE, *spellings]), value_set=names)  # pyright: ignore[reportAttributeAccessIssue]
    first = [0, *accumulate(map(len, spellings))]
    chunks = zip(column.chunks, first[:-1], map(len, spellings), strict=True)
    rows = [found.slice(start, length).take(chunk.indices) for chunk, start, length in chunks]
    return pa.chunked_array(rows, pa.bool_())


def spelled(batch: pa.Table, but: Collection[str] = ()) -> pa.Table:
    """A batch with strings where it has numbers into a dictionary: to be asked for when the rows nobody wants are gone.

    Args:
        batch: rows.
        but: columns that stay numbers.
    """
    for i, field in enumerate(batch.schema):
        if pa.types.is_dictionary(field.type) and field.name not in but:
            spelling = field.with_type(field.type.value_type)
            batch = batch.set_column(i, spelling, batch[field.name].cast(spelling.type))
    return batch
