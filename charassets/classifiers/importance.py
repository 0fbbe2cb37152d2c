"""What a classifier goes by: permutation importance on unseen pictures, and Shapley values where they are exact.

What belongs here: a number a thing that a person can name (a measurement, an attribute, the whole embedding). Not here: showing it.

Shapley values are given for the two methods where they are exact: trees (Lundberg et al., 2020, computed by LightGBM itself)
and a linear model over features taken to be independent, where they are weight times distance from the mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charassets.models.classifier import Classifier

_REPEATS = 5
_SHOWN = 20


@dataclass(frozen=True)
class Importance:
    """What one thing is worth.

    Attributes:
        thing: a measurement, an attribute of the heads, ``clip`` or ``identity``.
        drop: how far accuracy falls when its values are dealt out anew among the pictures; mean of the repeats.
        spread: standard deviation over the repeats.
        shapley: mean absolute contribution to the logits of all classes; None where it is not exact.
    """

    thing: str
    drop: float
    spread: float
    shapley: float | None


def importances(
    classifier: Classifier, features: NDArray[np.float32], truth: NDArray[np.int64], seed: int
) -> tuple[Importance, ...]:
    """The ``_SHOWN`` most important things, by drop and then by Shapley value."""
    blocks = classifier.columns.blocks
    things = tuple(dict.fromkeys(blocks))
    shapley = _shapley(classifier, features, blocks, things)
    rng = np.random.default_rng([seed, 0x1B])
    right = _accuracy(classifier, features, truth)
    found = []
    for thing in things:
        columns = np.array([block == thing for block in blocks])
        drops = [right - _accuracy(classifier, _dealt(features, columns, rng), truth) for _ in range(_REPEATS)]
        found.append(Importance(thing, float(np.mean(drops)), float(np.std(drops)), shapley.get(thing)))
    return tuple(sorted(found, key=lambda i: (-i.drop, -(i.shapley or 0.0), i.thing))[:_SHOWN])


def _dealt(features: NDArray[np.float32], columns: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float32]:
    dealt = features.copy()
    dealt[:, columns] = features[rng.permutation(len(features))][:, columns]
    return dealt


def _accuracy(classifier: Classifier, features: NDArray[np.float32], truth: NDArray[np.int64]) -> float:
    return float((classifier.logits(features).argmax(axis=1) == truth).mean())


def _shapley(
    classifier: Classifier, features: NDArray[np.float32], blocks: Sequence[str], things: Sequence[str]
) -> dict[str, float]:
    if classifier.method == "mlp":
        return {}
    each = _of_trees(classifier, features) if classifier.method == "boosting" else _of_lines(classifier, features)
    # Contributions of the columns of one thing are added up before their size is taken: Shapley values are additive.
    sums = {thing: each[..., [block == thing for block in blocks]].sum(axis=-1) for thing in things}
    return {thing: float(np.abs(value).mean()) for thing, value in sums.items()}


def _of_trees(classifier: Classifier, features: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n, logits, columns)."""
    found = classifier.booster.predict(features.astype(np.float64), pred_contrib=True, num_threads=1)
    return np.asarray(found).reshape(len(features), -1, features.shape[1] + 1)[:, :, :-1]


def _of_lines(classifier: Classifier, features: NDArray[np.float32]) -> NDArray[np.float64]:
    return classifier.scaled(features)[:, None, :] * classifier.tensors["weights"][None, :, :]
