"""Draws vectors as an image embedder leaves them: a narrow cone with identities, strangers and planted copies.

What belongs here: the data of ``bench.similarity``. A common mean makes all cosines high (strangers .39, one identity .77),
identities have log-normal sizes and lie in super-groups, the spectrum falls by a power law, a tenth belongs to nobody, and a
twentieth are copies of others at cosines from .97 up.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charassets.similarity.vectors import room

DIM = 512
_BLOCK = 50_000
_DECAY = -0.35  # the spectrum falls as rank to this power
_SIZE = 25  # vectors an identity, on average
_IDENTITIES_A_GROUP = 15
_STRANGERS = 0.1
_COPIES = 0.05


@dataclass(frozen=True)
class Drawn:
    """Vectors whose truth is known.

    Attributes:
        vectors: float16, shape (n, 512), unit norm, in random order; a memory map from a gigabyte on.
        identity: int32, shape (n,): -1 for strangers.
        copy_of: int64, shape (n,): the row each planted copy was made from, -1 for all others.
    """

    vectors: NDArray[np.float16]
    identity: NDArray[np.int32]
    copy_of: NDArray[np.int64]

    def are_copies(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which pairs are a copy and its original, or two copies of one original."""
        root = np.where(self.copy_of >= 0, self.copy_of, np.arange(len(self.copy_of)))
        return root[left] == root[right]


def draw(n: int, seed: int = 0) -> Drawn:
    """N vectors; the same n and seed give the same vectors."""
    random = np.random.default_rng(seed)
    spectrum = np.arange(1, DIM + 1, dtype=np.float32) ** _DECAY
    spectrum /= np.linalg.norm(spectrum)
    mean = random.standard_normal(DIM).astype(np.float32)
    mean /= np.linalg.norm(mean)
    copies = int(n * _COPIES)
    identity, centres, spread = _identities(n - copies, random, spectrum)
    place = random.permutation(n)  # of the i-th drawn vector
    values = room(n, DIM)
    for start in range(0, n - copies, _BLOCK):
        who = identity[start : start + _BLOCK]
        stranger = (who < 0)[:, None]
        noise = random.standard_normal((len(who), DIM), dtype=np.float32) * spectrum
        centre = np.where(stranger, random.standard_normal((len(who), DIM), dtype=np.float32) * spectrum, centres[who])
        block = mean + centre + noise * np.where(stranger, 0.5, spread[who][:, None])
        values[place[start : start + len(who)]] = _unit(block)
    source = random.choice(n - copies, copies, replace=False)
    for start in range(0, copies, _BLOCK):
        rows = place[source[start : start + _BLOCK]]
        size = random.uniform(0.05, 0.25, (len(rows), 1)).astype(np.float32)
        noise = random.standard_normal((len(rows), DIM), dtype=np.float32) * spectrum * size
        made = place[n - copies + start : n - copies + start + len(rows)]
        values[made] = _unit(values[rows].astype(np.float32) + noise)
    names = np.empty(n, np.int32)
    names[place] = np.concatenate([identity, identity[source]])
    copy_of = np.full(n, -1)
    copy_of[place[n - copies :]] = place[source]
    return Drawn(values, names, copy_of)


def _identities(
    n: int, random: np.random.Generator, spectrum: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.float32]]:
    """Who each of n vectors shows (-1 a stranger), the centre of every identity, and how far its vectors stray."""
    count = max(200, n // _SIZE)
    weight = random.lognormal(0, 1.0, count)
    strangers = int(n * _STRANGERS)
    who = random.choice(count, n - strangers, p=weight / weight.sum()).astype(np.int32)
    groups = max(20, count // _IDENTITIES_A_GROUP)
    shared = random.standard_normal((groups, DIM), dtype=np.float32)[random.integers(0, groups, count)]
    own = random.standard_normal((count, DIM), dtype=np.float32)
    centres = ((0.7 * shared + 0.714 * own) * spectrum).astype(np.float32)
    spread = random.uniform(0.5, 1.0, count).astype(np.float32)
    return np.concatenate([who, np.full(strangers, -1, np.int32)]), centres, spread


def _unit(vectors: NDArray) -> NDArray[np.float16]:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
