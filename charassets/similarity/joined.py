"""Vectors that hold how a figure looks and what is known of it: its embedding, its head's, and its stable traits.

What belongs here: the parts as numbers, their weights, the graph in the new distances. Not here: which traits are stable and where
they are read from (``charassets.stages.character_clusters``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charassets.similarity.graph import Graph, graph_of, keys_of
from charassets.similarity.vectors import Vectors, halved, room, single

_AT_ONCE = 1_024  # rows in single precision at a time: 2 MB
_LISTS_AT_ONCE = 64  # lists of neighbours: sixteen each are 2 MB


@dataclass(frozen=True)
class Trait:
    """What is known of one trait of n records.

    Attributes:
        value: int64, shape (n,): the value's number, 0 up to ``options``; -1 where it is not known.
        confidence: float32, shape (n,), 0-1.
        options: how many values there are.
    """

    value: NDArray[np.int64]
    confidence: NDArray[np.float32]
    options: int


def looks(figures: NDArray[np.float16], heads: Vectors, weight: float) -> NDArray[np.float16]:
    """Unit vectors whose cosine is a weighted mean of the figures' and the heads'.

    The head tells who somebody is where dress and pose change. Where no head is seen the figure stands for it: both come from
    one embedder, and a block of zeros would set that picture apart from all others.

    Args:
        figures: float16, shape (n, d), unit norm.
        heads: those of the same n records.
        weight: share of the heads, 0-1.

    Returns:
        float16, shape (n, 2 d); ``figures`` themselves where the weight is 0 or no head is known.
    """
    if weight <= 0 or not (heads.row >= 0).any():
        return figures
    n, d = figures.shape
    result = room(n, 2 * d)
    for first in range(0, n, _AT_ONCE):
        rows = slice(first, first + _AT_ONCE)
        figure = single(figures, rows)
        head = np.where((heads.row[rows] >= 0)[:, None], single(heads.values, rows), figure)
        whole = np.concatenate([float(np.sqrt(1 - weight)) * figure, float(np.sqrt(weight)) * head], axis=1)
        whole /= np.maximum(np.linalg.norm(whole, axis=1, keepdims=True), 1e-6)
        halved(whole, result[rows])
    return result


def joined(vectors: NDArray[np.float16], traits: Sequence[Trait], weight: float) -> NDArray[np.float16]:
    """Unit vectors whose cosine is a weighted mean of the looks' and the traits'.

    A trait is a block of numbers: the confidence at its value, less the share of each value in the collection, so that two
    figures with green hair have more in common than two with brown. A trait that is not known is a block of zeros and speaks
    neither for nor against: the fewer are known, the more the looks decide, and where none is they decide alone.

    Args:
        vectors: float16, shape (n, d), unit norm.
        traits: what is known of the n records.
        weight: share of the traits where all are known for certain, 0-1.

    Returns:
        float16, shape (n, d + the options of all traits); ``vectors`` themselves where the weight is 0 or nothing is known.
    """
    known = [trait for trait in traits if (trait.value >= 0).any()]
    if weight <= 0 or not known:
        return vectors
    n, d = vectors.shape
    result = room(n, d + sum(trait.options for trait in known))
    spoken = [_spoken(trait) for trait in known]
    for first in range(0, n, _AT_ONCE):
        rows = slice(first, first + _AT_ONCE)
        blocks = [said[t.value[rows]] * t.confidence[rows, None] for t, said in zip(known, spoken, strict=True)]
        told = np.concatenate(blocks, axis=1).astype(np.float32)
        told *= np.sqrt(weight / len(traits))
        whole = np.concatenate([float(np.sqrt(1 - weight)) * single(vectors, rows), told], axis=1)
        whole /= np.maximum(np.linalg.norm(whole, axis=1, keepdims=True), 1e-6)
        halved(whole, result[rows])
    return result


def _spoken(trait: Trait) -> NDArray[np.float64]:
    """What each value says when it is certain, shape (options + 1, options); the last, which is that of -1, says nothing."""
    known = trait.value[trait.value >= 0]
    usual = np.bincount(known, minlength=trait.options) / len(known)
    return np.concatenate([np.eye(trait.options) - usual, np.zeros((1, trait.options))])


def measured_anew(graph: Graph, vectors: NDArray[np.float16]) -> Graph:
    """The same edges with the cosines of other vectors of the same rows, nearest first again."""
    n, k = graph.shape
    keys = np.empty((n, k), np.uint64)
    for first in range(0, n, _LISTS_AT_ONCE):
        rows = slice(first, first + _LISTS_AT_ONCE)
        near = graph.neighbours[rows]
        theirs = single(vectors, np.maximum(near, 0).ravel()).reshape(*near.shape, vectors.shape[1])
        keys[rows] = keys_of(near, np.clip(np.einsum("nd,nkd->nk", single(vectors, rows), theirs), -1, 1))
    keys.sort(axis=1)
    return graph_of(keys, k)
