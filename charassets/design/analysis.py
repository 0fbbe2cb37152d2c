"""Which design features tell two groups of pictures apart: effect sizes, and p-values corrected for looking at many features.

What belongs here: the comparison. Not here: how groups are chosen, and classifiers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST = 8
"""Pictures a group needs: below it the normal approximation of the rank test does not hold (Mann and Whitney, 1947)."""


@dataclass(frozen=True)
class Separation:
    """How well one feature separates group a from group b.

    Attributes:
        feature: its name.
        mean_a: mean in group a.
        mean_b: mean in group b.
        d: Cohen's d with pooled standard deviation; above 0 where a is larger; 0 where nothing varies.
        auc: probability that a picture of a has the larger value (ties count half), 0-1; 0.5 says nothing.
        p: two-sided p-value of the Mann-Whitney U test.
        q: p corrected for the number of features (Benjamini and Hochberg, 1995): the expected share of false finds among
            features with at most this q.
    """

    feature: str
    mean_a: float
    mean_b: float
    d: float
    auc: float
    p: float
    q: float


def separating_features(
    names: Sequence[str], a: NDArray[np.floating], b: NDArray[np.floating]
) -> tuple[Separation, ...]:
    """Compare two groups feature by feature, the clearest first.

    Args:
        names: k feature names.
        a: (n, k) values of the first group.
        b: (m, k) values of the second group.

    Raises:
        ValueError: a group has fewer than ``FEWEST`` pictures, or the shapes do not fit the names.
    """
    from scipy.stats import false_discovery_control, mannwhitneyu

    if a.ndim != 2 or b.ndim != 2 or not a.shape[1] == b.shape[1] == len(names):
        raise ValueError(f"{len(names)} features, but values of shape {a.shape} and {b.shape}")
    if min(len(a), len(b)) < FEWEST:
        raise ValueError(f"a comparison needs {FEWEST} pictures in each group, here are {len(a)} and {len(b)}")
    a, b = a.astype(np.float64), b.astype(np.float64)
    test = mannwhitneyu(a, b, axis=0, method="asymptotic")
    p = np.nan_to_num(test.pvalue, nan=1.0)  # a feature that is the same everywhere
    auc = test.statistic / (len(a) * len(b))
    q = false_discovery_control(p)
    d = _cohen(a, b)
    found = [
        Separation(name, *(float(v) for v in values))
        for name, *values in zip(names, a.mean(axis=0), b.mean(axis=0), d, auc, p, q, strict=True)
    ]
    return tuple(sorted(found, key=lambda s: (-abs(s.auc - 0.5), s.feature)))


def _cohen(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    n, m = len(a), len(b)
    pooled = np.sqrt(((n - 1) * a.var(axis=0, ddof=1) + (m - 1) * b.var(axis=0, ddof=1)) / (n + m - 2))
    apart = a.mean(axis=0) - b.mean(axis=0)
    return np.divide(apart, pooled, out=np.zeros_like(apart), where=pooled > 1e-12)
