"""A measured number beside what it is to be compared with, and tables of such numbers.

What belongs here: the figure, its table, small measures that several rooms of the scorecard share. Not here: measuring models.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Attributes:
        set: of pictures. what: was measured. value: what came out. n: pictures it rests on.
        baseline: what a guess would reach: the commonest answer, or chance.
        pixels: what pixels alone reach, without any learnt features.
        aim: what was hoped for. at_most: the aim is an upper bound.
    """

    set: str
    what: str
    value: float
    baseline: float | None
    n: int
    pixels: float | None = None
    aim: float | None = None
    at_most: bool = False

    @property
    def short(self) -> bool:
        """Whether the aim was missed."""
        return self.aim is not None and (self.value > self.aim if self.at_most else self.value < self.aim)


def table(figures: Iterable[Figure]) -> str:
    """The figures as a Markdown table."""
    lines = ["| set | figure | value | aim | pixels | guess | n |", "|---|---|---|---|---|---|---|"]
    for figure in figures:
        aim = "" if figure.aim is None else f"{'≤ ' if figure.at_most else ''}{_number(figure.aim)}"
        beside = " | ".join("" if value is None else _number(value) for value in (figure.pixels, figure.baseline))
        told = f"{_number(figure.value)}{' !' if figure.short else ''}"
        lines.append(f"| {figure.set} | {figure.what} | {told} | {aim} | {beside} | {figure.n} |")
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:.0f}" if value > 1 else f"{value:.2f}"


def auc(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> float:
    """Chance that a positive scores above a negative, ties counting half (Mann and Whitney, 1947); .5 without both."""
    above = scores[positive][:, None] - scores[~positive][None, :]
    return float(((above > 0) + 0.5 * (above == 0)).mean()) if above.size else 0.5


def balanced(answers: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Mean of the shares right among the positives and among the negatives."""
    return float(np.mean([np.mean(answers[truth == side] == side) for side in (False, True) if (truth == side).any()]))


def b_cubed(labels: Sequence[int], truth: Sequence[int]) -> float:
    """B-cubed F of clusters (Bagga and Baldwin, 1998); a picture labelled -1 is a cluster of its own."""
    found = np.array([-2 - k if label < 0 else label for k, label in enumerate(labels)])
    together, same = found[:, None] == found[None, :], np.array(truth)[:, None] == np.array(truth)[None, :]
    both = (together & same).sum(axis=1)
    precision, recall = float((both / together.sum(axis=1)).mean()), float((both / same.sum(axis=1)).mean())
    return 2 * precision * recall / (precision + recall)
