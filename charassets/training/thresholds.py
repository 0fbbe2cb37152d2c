"""Chooses how sure the heads must be before the picture decides an attribute: on real art, which they were not trained on.

What belongs here: the choice and its rule. Not here: training, and the figures of the cards (``scorecard``).

    python -m charassets.training.thresholds --heads build/heads/heads --data ../shared/data
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from charassets.attributes.vocabulary import UNKNOWN, load
from charassets.models.heads import AttributeHeads, HeadQuestion, load_heads
from charassets.settings import HeadSettings, load_settings
from charassets.training.heads import write_questions
from charassets.training.real_sets import Crop, Truth, crops, portraits

RIGHT = 0.85
"""At a shipped threshold an attribute is right at least this often on every set of real art (the project's promise)."""

_SAFE = 0.88  # asked for on the sets at hand, so that sets not at hand may be a little harder
_FEW = 8  # answers; of fewer on a set no more than the promise is asked
_ENOUGH = 30  # answers on all sets; an attribute answered less often is better not decided
_GRID = np.round(np.arange(0.5, 1.0, 0.01), 2)


@dataclass(frozen=True)
class Answered:
    """The answers to one question on judged pictures.

    Attributes:
        sets: (n,) names of sets. values: (n,) answers. sure: (n,) float32 probabilities. right: (n,) bool.
        judged: pictures of each set on which a person could answer, whether or not the heads did.
    """

    sets: NDArray[np.str_]
    values: NDArray[np.str_]
    sure: NDArray[np.float32]
    right: NDArray[np.bool_]
    judged: Mapping[str, int]

    def share_right(self, least: float, name: str | None = None) -> tuple[float, int]:
        """Share of right answers from ``least`` on, and their number; of one set or of all."""
        chosen = (self.sure >= least) & ((self.sets == name) if name else True)
        return (float(self.right[chosen].mean()) if chosen.any() else 0.0), int(chosen.sum())


def answered(
    question: HeadQuestion, probabilities: NDArray[np.float32], names: Sequence[str], truths: Sequence[Truth]
) -> Answered:
    """What the heads would put into a record, and whether it is right; "cannot be seen" and nothing worn put nothing there."""
    sayable = {value.name for value in load().attributes[question.attribute].values}
    rows, judged = [], dict.fromkeys(names, 0)
    for name, truth, chances in zip(names, truths, probabilities, strict=True):
        if question.name not in truth:
            continue
        judged[name] += truth[question.name] != {UNKNOWN}
        value = question.options[int(chances.argmax())]
        if value in sayable:
            rows.append((name, value, float(chances.max()), value in truth[question.name]))
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    return Answered(
        np.array(columns[0], np.str_), np.array(columns[1], np.str_), np.array(columns[2], np.float32),
        np.array(columns[3], np.bool_), {name: n for name, n in judged.items() if n},
    )  # fmt: skip


def choose(found: Answered) -> float | None:
    """The lowest threshold at which every set, and every value that is said often, is right often enough; None if there is none."""
    for least in _GRID:
        told = found.share_right(least)
        if told[1] < _ENOUGH:
            return None
        if told[0] >= _SAFE and all(_holds(found, least, name) for name in found.judged) and _each_value(found, least):
            return float(least)
    return None


def _holds(found: Answered, least: float, name: str) -> bool:
    right, count = found.share_right(least, name)
    return count == 0 or right >= (_SAFE if count >= _FEW else RIGHT)


def _each_value(found: Answered, least: float) -> bool:
    """Whether no common value hides behind an easier one: a quarter of the portraits are female, and "Male" is a good guess."""
    for value in np.unique(found.values):
        chosen = (found.values == value) & (found.sure >= least)
        if chosen.sum() >= _FEW and found.right[chosen].mean() < RIGHT - 0.05:
            return False
    return True


def answers_on(heads: AttributeHeads, seen: Sequence[Crop]) -> dict[str, Answered]:
    """The answers to every question on crops of real pictures."""
    chances = heads.read([crop.pixels for crop in seen], [crop.head for crop in seen])
    names, truths = [crop.picture.set for crop in seen], [crop.picture.truth for crop in seen]
    return {question.name: answered(question, chances[question.name], names, truths) for question in heads.questions}


def table(questions: Sequence[HeadQuestion], found: Mapping[str, Answered]) -> str:
    """For each question the threshold and, set by set, how often the answers are right and how many judged pictures get one."""
    lines = ["| attribute | from | set: right (answers of judged) |", "|---|---|---|"]
    for question in questions:
        least, seen = question.min_confidence, found[question.name]
        if least is None:
            lines.append(f"| {question.name} | never | |")
            continue
        parts = []
        for name, judged in seen.judged.items():
            right, count = seen.share_right(least, name)
            parts.append(f"{name}: {right:.2f} ({count} of {judged})" if count else f"{name}: - (0 of {judged})")
        lines.append(f"| {question.name} | {least:.2f} | {'; '.join(parts)} |")
    return "\n".join(lines)


def settle(folder: Path, data: Path, *, detector: str | Path = "mini:detector") -> str:
    """Choose the thresholds of a folder of heads, write them into its config, and tell how right they are.

    Args:
        folder: the heads.
        data: folder of the real sets.
        detector: whose boxes the heads will see.
    """
    settings = load_settings({"profile": "mini", "detector": {"path": str(detector)}})
    heads = load_heads(HeadSettings(path=str(folder)))
    found = answers_on(heads, list(crops(portraits(data), settings)))
    chosen = [replace(question, min_confidence=choose(found[question.name])) for question in heads.questions]
    write_questions(chosen, folder)
    return table(chosen, found)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Choose the heads' thresholds on real art, into their config.")
    parser.add_argument("--heads", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    given = parser.parse_args()
    sys.stdout.write(settle(given.heads, given.data) + "\n")


if __name__ == "__main__":
    main()
