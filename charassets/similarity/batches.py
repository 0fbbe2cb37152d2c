"""Small batches put together to larger ones: many shards are small, and some steps cost the same for few rows as for many.

What belongs here: the putting together. Not here: reading.
"""

from collections.abc import Iterable, Iterator

import pyarrow as pa


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
