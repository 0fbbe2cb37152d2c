"""Measures the attribute heads on held-out drawings and on real art, beside guesses and beside pixels without any learning.

What belongs here: the heads' figures. Not here: the thresholds and what is right at them (``thresholds``).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from charassets.attributes.vocabulary import UNKNOWN
from charassets.models.heads import AttributeHeads, Fractions, HeadQuestion, Pixels, head_square
from charassets.training.drawing import DrawnFigure, drawn_figure
from charassets.training.figures import Figure, auc, balanced
from charassets.training.head_lessons import GLASSES, cropped, head_labels
from charassets.training.real_sets import Crop

Chances = Mapping[str, NDArray[np.float32]]
_HELD_OUT = 2_000_000  # far from the seeds of training and of calibration
_DRAWN = 160
_NONE = "None"
# Of pixels without learning: the nearest of so many drawings by their thumbnails, as many of them asked, thumbnails this wide.
_KNOWN, _ASKED, _THUMB = 1000, 15, 12


def on_drawings(heads: AttributeHeads, *, figures: int = 400) -> list[Figure]:
    """Share right on studio characters never seen, where the drawing shows the attribute, with boxes as a detector finds them."""
    drawn = [drawn_figure(_HELD_OUT + k, _DRAWN) for k in range(figures)]
    rng = np.random.default_rng(1)
    seen = [cropped(figure, rng) for figure in drawn]
    chances = heads.read([crop for crop, _ in seen], [head for _, head in seen])
    truth = np.stack([head_labels(figure, heads.questions) for figure in drawn])
    found = []
    for k, question in enumerate(heads.questions):
        shown = (truth[:, k] >= 0) & (truth[:, k] != question.options.index(UNKNOWN))
        right = chances[question.name].argmax(axis=1)[shown] == truth[shown, k]
        commonest = float(np.bincount(truth[shown, k]).max() / shown.sum())
        found.append(Figure("studio", f"{question.name}, heads", float(right.mean()), commonest, int(shown.sum())))
    return found


def on_real(heads: AttributeHeads, seen: Sequence[Crop]) -> list[Figure]:
    """The figures aimed at, on real art as the pipeline crops it; "cannot be seen" is left out of the choice.

    Args:
        heads: what is measured.
        seen: crops of real pictures.
    """
    chances = heads.read([crop.pixels for crop in seen], [crop.head for crop in seen])
    by_pixels = _neighbours(heads.questions, seen)
    asked = {question.name: question for question in heads.questions}
    figures = []
    for name, what, question, aim, measure in _MEASURES:
        chosen = [k for k, crop in enumerate(seen) if _of(name, crop) and _judged(crop.picture.truth.get(question))]
        truths = [seen[k].picture.truth[question] for k in chosen]
        if not chosen:
            continue
        value, guess = measure(asked[question], chances[question][chosen], truths)
        pixels, _ = measure(asked[question], by_pixels[question][chosen], truths)
        figures.append(Figure(name, what, value, guess, len(chosen), pixels, aim))
    return figures


Measure = Callable[[HeadQuestion, NDArray[np.float32], Sequence[frozenset[str]]], tuple[float, float]]


def _accuracy(
    question: HeadQuestion, chances: NDArray[np.float32], truths: Sequence[frozenset[str]]
) -> tuple[float, float]:
    open_to = np.array([option != UNKNOWN for option in question.options])
    best = np.where(open_to, chances, -1).argmax(axis=1)
    right = np.mean([question.options[k] in truth for k, truth in zip(best, truths, strict=True)])
    return float(right), max(float(np.mean([option in truth for truth in truths])) for option in question.options)


def _worn(
    question: HeadQuestion, chances: NDArray[np.float32], truths: Sequence[frozenset[str]]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Chance that something is there against nothing being there, and whether it is."""
    there = [k for k, option in enumerate(question.options) if option not in {_NONE, UNKNOWN}]
    some, none = chances[:, there].sum(axis=1), chances[:, question.options.index(_NONE)]
    return some / np.maximum(some + none, 1e-9), np.array([_NONE not in truth for truth in truths])


def _balanced(
    question: HeadQuestion, chances: NDArray[np.float32], truths: Sequence[frozenset[str]]
) -> tuple[float, float]:
    scores, there = _worn(question, chances, truths)
    return balanced(scores > 0.5, there), 0.5


def _auc_worn(
    question: HeadQuestion, chances: NDArray[np.float32], truths: Sequence[frozenset[str]]
) -> tuple[float, float]:
    return auc(*_worn(question, chances, truths)), 0.5


def _auc_female(
    question: HeadQuestion, chances: NDArray[np.float32], truths: Sequence[frozenset[str]]
) -> tuple[float, float]:
    female, male = (chances[:, question.options.index(name)] for name in ("Female", "Male"))
    return auc(female / np.maximum(female + male, 1e-9), np.array(["Female" in truth for truth in truths])), 0.5


_MEASURES: tuple[tuple[str, str, str, float | None, Measure], ...] = (
    ("dicebear", "Hair Color", "Hair Color", 0.95, _accuracy),
    ("wesnoth", "Hair Color, hair visible", "Hair Color", 0.82, _accuracy),
    ("dicebear", "Glasses, balanced", GLASSES, 0.90, _balanced),
    ("dicebear", "Glasses, AUC", GLASSES, None, _auc_worn),
    ("dicebear", "Hair Length", "Hair Length", 0.65, _accuracy),
    ("wesnoth", "Hair Length, hair visible", "Hair Length", None, _accuracy),
    ("dicebear", "Facial Hair, AUC", "Facial Hair", 0.88, _auc_worn),
    ("wesnoth", "Facial Hair, AUC", "Facial Hair", 0.75, _auc_worn),
    ("wesnoth", "Gender, AUC", "Gender", 0.78, _auc_female),
    ("dicebear", "Facial Expression", "Facial Expression", None, _accuracy),
    ("dicebear", "Skin Tone", "Skin Tone", None, _accuracy),
    ("dicebear", "Hair Style", "Hair Style", None, _accuracy),
    ("wesnoth", "Headwear", "Headwear", None, _accuracy),
)


def _of(name: str, crop: Crop) -> bool:
    return crop.picture.set == "wesnoth" if name == "wesnoth" else crop.picture.set != "wesnoth"


def _judged(truth: frozenset[str] | None) -> bool:
    return truth is not None and truth != {UNKNOWN}


def _neighbours(questions: Sequence[HeadQuestion], seen: Sequence[Crop]) -> Chances:
    """What the nearest drawings by thumbnail say: (n, options) shares of their votes for each question."""
    drawn = [drawn_figure(_HELD_OUT + 10_000 + k, _DRAWN) for k in range(_KNOWN)]
    rng = np.random.default_rng(2)
    known = np.stack(list(_thumbs(cropped(figure, rng) for figure in drawn)))
    asked = np.stack(list(_thumbs((crop.pixels, crop.head) for crop in seen)))
    distance = (asked**2).sum(1)[:, None] + (known**2).sum(1)[None, :] - 2 * asked @ known.T
    nearest = np.argpartition(distance, _ASKED, axis=1)[:, :_ASKED]
    return {question.name: _votes(question, drawn, nearest) for question in questions}


def _thumbs(pictures: Iterable[tuple[Pixels, Fractions | None]]) -> Iterator[NDArray[np.float32]]:
    for crop, head in pictures:
        yield head_square(crop, head, _THUMB).ravel().astype(np.float32) / np.float32(255)


def _votes(question: HeadQuestion, drawn: Sequence[DrawnFigure], nearest: NDArray[np.int64]) -> NDArray[np.float32]:
    labels = np.array([head_labels(figure, (question,))[0] for figure in drawn])[nearest]
    return np.stack([(labels == k).mean(axis=1) for k in range(len(question.options))], axis=1).astype(np.float32)
