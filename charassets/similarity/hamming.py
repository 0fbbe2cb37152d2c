"""How many bits of binary codes differ, each with each.

What belongs here: the count. Not here: the nearest of many codes (``charassets.identity.drawings``), and what follows from it
(``poses``, ``alignment``).
"""

import numpy as np
from numpy.typing import NDArray

WHOLE_BYTES = 8
"""A code fills a multiple of so many bytes: faiss counts others byte by byte."""


def differing_bits(codes: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Differing bits of each of n codes with each of m others, (n, m): a twelfth of the time of a product of rows of signs.

    Args:
        codes: shape (n, b), contiguous.
        others: shape (m, b), contiguous.
    """
    import faiss

    found = np.empty((len(codes), len(others)), np.int32)
    if found.size:
        ends = (faiss.swig_ptr(values) for values in (codes, others))
        faiss.hammings(*ends, len(codes), len(others), codes.shape[1], faiss.swig_ptr(found))  # pyright: ignore[reportAttributeAccessIssue]
    return found
