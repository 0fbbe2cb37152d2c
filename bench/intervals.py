"""Figures with intervals from drawing groups anew: two pictures of one character are no two witnesses (Efron, Tibshirani 1993).

What belongs here: shares, differences and areas with 95 % intervals. Not here: what is measured.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charassets.identity.calibration import auc

DRAWS = 1_000


@dataclass(frozen=True)
class Measured:
    """A figure with its interval; ``n`` pictures."""

    what: str
    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.what:<62} {self.value:7.3f}  ({self.low:.3f} to {self.high:.3f})  n={self.n}"


def share(what: str, values: NDArray[np.generic], mask: NDArray[np.bool_], who: NDArray[np.int64]) -> Measured:
    """The mean of some pictures' values: a share, or a difference of shares."""
    return _drawn(what, lambda rows: float(values[rows].astype(float).mean()), mask, who)


def known_auc(
    what: str, score: NDArray[np.float64], known: NDArray[np.bool_], mask: NDArray[np.bool_], who: NDArray[np.int64]
) -> Measured:
    """The chance that a known one of some pictures scores higher than one of a stranger."""

    def of(rows: NDArray[np.int64]) -> float:
        side = known[rows]
        found = auc(score[rows][side], score[rows][~side])
        return np.nan if found is None else found

    return _drawn(what, of, mask, who)


def _drawn(
    what: str, of: Callable[[NDArray[np.int64]], float], mask: NDArray[np.bool_], who: NDArray[np.int64]
) -> Measured:
    """A figure over some pictures, and its interval when characters are drawn anew."""
    rows = np.flatnonzero(mask)
    if not len(rows):
        return Measured(what, np.nan, np.nan, np.nan, 0)
    groups = [rows[who[rows] == k] for k in np.unique(who[rows])]
    rng = np.random.default_rng(0)
    drawn = [of(np.concatenate([groups[k] for k in rng.integers(len(groups), size=len(groups))])) for _ in range(DRAWS)]
    low, high = (float(np.nanquantile(drawn, q)) for q in (0.025, 0.975))
    return Measured(what, of(rows), low, high, len(rows))
