"""How many bits of binary codes differ, each with each.

What belongs here: the count. Not here: the nearest of many codes (``charassets.identity.drawings``), and what follows from it
(``poses``, ``alignment``).
"""

import numpy as np
from numpy.typing import NDArray

WHOLE_BYTES = 8
"""A code fills a multiple of so many bytes: faiss counts others byte by byte."""


def differing_bits(codes: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Differing bits of each of n codes with each of m others, (n, m): a seventh of the time of a product of rows of signs.

    Args:
        codes: shape (n, b), contiguous.
        others: shape (m, b), contiguous.

    Raises:
        ValueError: codes of different lengths, beyond whose end faiss would read.
    """
    import faiss

    if codes.shape[1] != others.shape[1]:
        raise ValueError(f"codes of {codes.shape[1]} and of {others.shape[1]} bytes")
    found = np.empty((len(codes), len(others)), np.int32)
    if found.size:
        ends = (faiss.swig_ptr(values) for values in (codes, others))
        faiss.hammings(*ends, len(codes), len(others), codes.shape[1], faiss.swig_ptr(found))  # pyright: ignore[reportAttributeAccessIssue]
    return found
