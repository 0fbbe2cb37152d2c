"""Measures the detector: how many characters it counts, what the gates let through, how fast it is.

What belongs here: the detector's figures. Not here: how they are printed, and what was aimed at elsewhere.
"""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from charassets.models.heads import Pixels
from charassets.models.protocols import Detections, Detector
from charassets.settings import Settings
from charassets.stages.gates import verdicts
from charassets.studio.scenes import draw_scene
from charassets.training.figures import Figure
from charassets.training.real_sets import measured, pixels_of, rows_of

_LABELS = ("person", "head", "face")
_SCORES = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55)
_HELD_OUT_SCENES = 2_000_000  # far from the seeds of training, which begin at 10,000,000
_AIMS = {"groups_dev": 0.85, "nochar_dev": 0.95, "wesnoth": 0.90}
_RATE_AIM = 60.0  # pictures a second on two cores

Counted = tuple[str, list[Detections], NDArray[np.int64]]


def counts(detector: Detector, data: Path | None, *, scenes: int = 200) -> list[Figure]:
    """Share of pictures whose count 0 / 1 / 2+ is right, at the one label and score that serve all sets best.

    Args:
        detector: what is measured.
        data: folder of the real sets, or None for studio scenes only.
        scenes: studio scenes drawn.
    """
    sets = [(name, detector.detect(pictures), truth) for name, pictures, truth in _sets(data, scenes)]
    judged = [counted for counted in sets if counted[0] in _AIMS] or sets
    label, score = max(
        ((label, score) for label in _LABELS for score in _SCORES),
        key=lambda how: min(_right(found, truth, *how) - _AIMS.get(name, 0) for name, found, truth in judged),
    )
    what = f"count 0 / 1 / 2+ by {label} >= {score:.2f}"
    return [
        Figure(name, what, _right(found, truth, label, score), _commonest(truth), len(truth), aim=_AIMS.get(name))
        for name, found, truth in sets
    ]


def gated(settings: Settings, data: Path) -> list[Figure]:
    """What the gates take for a single character, of groups and of pictures without anybody, and of real portraits."""
    groups = rows_of(data / "groups_dev" / "labels.jsonl")
    chosen = {
        "composites taken for one character": (
            "groups_dev",
            [r for r in groups if r["kind"].startswith("composite")],
            0.0,
        ),
        "sheets taken for one character": (
            "groups_dev",
            [r for r in groups if r["kind"].startswith("side-by-side")],
            None,
        ),
        "nobody taken for one character": ("nochar_dev", rows_of(data / "nochar_dev" / "labels.jsonl"), None),
        "portraits taken for one character": ("wesnoth", rows_of(data / "wesnoth" / "labels.jsonl"), None),
    }
    figures = []
    for what, (name, rows, aim) in chosen.items():
        if rows:
            told = verdicts(measured([data / name / row["file"] for row in rows], settings), settings.gates)
            single = sum(verdict == "single" for verdict in told.column("verdict").to_pylist())
            figures.append(Figure(name, what, single / len(rows), None, len(rows), aim=aim, at_most=aim is not None))
    return figures


def rate(detector: Detector, *, pictures: int = 64) -> Figure:
    """Pictures a second at the detector's size, on whatever this machine has and does beside."""
    drawn = [draw_scene(_HELD_OUT_SCENES + k, 320).pixels for k in range(pictures)]
    detector.detect(drawn[:8])
    start = time.perf_counter()
    detector.detect(drawn)
    value = pictures / (time.perf_counter() - start)
    return Figure("studio", "detector, pictures a second", value, None, pictures, aim=_RATE_AIM)


def _sets(data: Path | None, scenes: int) -> Iterable[tuple[str, list[Pixels], NDArray[np.int64]]]:
    drawn = [draw_scene(_HELD_OUT_SCENES + k, 320) for k in range(scenes)]
    yield "studio", [scene.pixels for scene in drawn], np.array([scene.n_characters for scene in drawn])
    if data is None:
        return
    for name in _AIMS:
        rows = rows_of(data / name / "labels.jsonl")
        truth = np.array([row["n_characters"] for row in rows])
        yield name, [pixels_of(data / name / row["file"]) for row in rows], truth
    avatars = [file for style in sorted((data / "dicebear").iterdir()) for file in sorted(style.glob("*.png"))[:40]]
    yield "dicebear", [pixels_of(file) for file in avatars], np.ones(len(avatars), np.int64)


def _right(found: Sequence[Detections], truth: NDArray[np.int64], label: str, score: float) -> float:
    counted = [sum(n == label and s >= score for n, s in zip(d.labels, d.scores, strict=True)) for d in found]
    return float(np.mean(np.minimum(counted, 2) == np.minimum(truth, 2)))


def _commonest(truth: NDArray[np.int64]) -> float:
    return float(np.bincount(np.minimum(truth, 2)).max() / len(truth))
