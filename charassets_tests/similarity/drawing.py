"""Unit vectors drawn around centres, as the tests of the neighbour graph need them."""

import numpy as np
from numpy.typing import NDArray


def drawn(n: int, dim: int = 48, seed: int = 0, spread: float = 0.7) -> NDArray[np.float16]:
    """About twenty vectors a centre."""
    random = np.random.default_rng(seed)
    centres = max(1, n // 20)
    vectors = random.standard_normal((centres, dim))[random.integers(0, centres, n)]
    return unit(vectors + spread * random.standard_normal((n, dim)))


def copies_of(vectors: NDArray[np.float16], noise: float = 0.01, seed: int = 1) -> NDArray[np.float16]:
    """Each vector once more, a little off."""
    return unit(vectors.astype(np.float64) + noise * np.random.default_rng(seed).standard_normal(vectors.shape))


def unit(vectors: NDArray) -> NDArray[np.float16]:
    """Of norm 1, in half precision."""
    return (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)).astype(np.float16)


def brute_force(vectors: NDArray[np.float16]) -> NDArray[np.float32]:
    """All cosines; that of a vector with itself is -2."""
    single = vectors.astype(np.float32)
    scores = single @ single.T
    np.fill_diagonal(scores, -2)
    return scores
