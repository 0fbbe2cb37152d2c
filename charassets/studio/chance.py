"""Weighted choice, quickly: a picture asks for some thirty of them.

What belongs here: choosing one of a few named things. Not here: which things there are and how often they occur.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import accumulate
from typing import TypeVar

import numpy as np

Thing = TypeVar("Thing")


def pick(rng: np.random.Generator, things: Sequence[Thing], weights: tuple[float, ...]) -> Thing:
    """One of ``things``, each as often as its weight says; takes one number from ``rng``.

    The same draw as ``rng.choice(things, p=...)``, which checks and sums its weights anew at every call and is ten times slower.
    """
    return things[bisect_right(_ladder(weights), rng.random())]


def pick_key(rng: np.random.Generator, weights: Mapping[str, float]) -> str:
    """One key of ``weights``, as often as its value says."""
    return pick(rng, tuple(weights), tuple(weights.values()))


@cache
def _ladder(weights: tuple[float, ...]) -> list[float]:
    steps = list(accumulate(weights))
    return [step / steps[-1] for step in steps]
