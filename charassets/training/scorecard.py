"""Measures the mini models on studio scenes they never saw and, where it is at hand, on real art.

What belongs here: the figures of the cards. Not here: training; the real sets are only ever read to measure.

    python -m charassets.training.scorecard --data ../shared/data
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charassets.attributes import zero_shot
from charassets.attributes.vocabulary import UNKNOWN, load
from charassets.images.decode import decode
from charassets.models.protocols import Detector, Embedder
from charassets.models.registry import load_detector, load_embedder
from charassets.settings import DetectorSettings, EmbedderSettings, ImageSettings
from charassets.studio.scenes import draw_portrait, draw_scene
from charassets.studio.traits import sample_character
from charassets.studio.transforms import NEAR_COPIES

Pixels = NDArray[np.uint8]
_SCORES = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55)
_HELD_OUT_SCENES = 2_000_000  # far from the seeds of training, which begin at 10,000,000


@dataclass(frozen=True)
class Figure:
    """One measured number: of what, on which set of how many, beside what a guess would reach."""

    set: str
    what: str
    value: float
    baseline: float | None
    n: int


def read(path: Path) -> Pixels:
    """A picture file as the pipeline decodes it."""
    return decode(path.read_bytes(), ImageSettings()).pixels


def _labels(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _counted_sets(data: Path | None, scenes: int) -> Iterable[tuple[str, list[Pixels], NDArray[np.int64]]]:
    drawn = [draw_scene(_HELD_OUT_SCENES + k, 320) for k in range(scenes)]
    yield "studio", [scene.pixels for scene in drawn], np.array([scene.n_characters for scene in drawn])
    if data is None:
        return
    for name in ("groups_dev", "nochar_dev", "wesnoth"):
        rows = _labels(data / name / "labels.jsonl")
        counts = np.array([row["n_characters"] for row in rows])
        yield name, [read(data / name / row["file"]) for row in rows], counts
    avatars = [file for style in sorted((data / "dicebear").iterdir()) for file in sorted(style.glob("*.png"))[:40]]
    yield "dicebear", [read(file) for file in avatars], np.ones(len(avatars), int)


def measure_detector(detector: Detector, data: Path | None, *, scenes: int = 200) -> list[Figure]:
    """Share of pictures whose count 0 / 1 / 2+ is right, for each label and score; composites taken for one character.

    Args:
        detector: what is measured.
        data: folder of the real sets, or None for studio scenes only.
        scenes: studio scenes drawn.
    """
    figures = []
    for name, pictures, truth in _counted_sets(data, scenes):
        found = detector.detect(pictures)
        majority = float(np.bincount(np.minimum(truth, 2)).max() / len(truth))
        for label in ("person", "head", "face"):
            for score in _SCORES:
                counts = np.array([_count(d.labels, d.scores, label, score) for d in found])
                right = float(np.mean(np.minimum(counts, 2) == np.minimum(truth, 2)))
                figures.append(Figure(name, f"count by {label} >= {score:.2f}", right, majority, len(truth)))
                if (truth > 1).any():
                    single = float(np.mean(counts[truth > 1] == 1))
                    what = f"several taken for one by {label} >= {score:.2f}"
                    figures.append(Figure(name, what, single, None, int((truth > 1).sum())))
    return figures


def _count(labels: Sequence[str], scores: NDArray[np.float32], label: str, score: float) -> int:
    return sum(1 for name, value in zip(labels, scores, strict=True) if name == label and value >= score)


def measure_embedder(embedder: Embedder, data: Path | None, *, portraits: int = 400) -> list[Figure]:
    """Zero-shot accuracy of every attribute on held-out characters, hair colour on real art, identity and near copies.

    Args:
        embedder: what is measured.
        data: folder of the real sets, or None for studio portraits only.
        portraits: studio characters drawn.
    """
    asked = zero_shot.prepare(embedder, load())
    drawn = [draw_portrait(sample_character(_HELD_OUT_SCENES + k), k, 192) for k in range(portraits)]
    vectors = embedder.embed_images([scene.pixels for scene in drawn])
    figures = _zero_shot("studio", asked, vectors, [scene.attributes[0] for scene in drawn])
    figures += _identity(embedder, [scene.identities[0] for scene in drawn], vectors)
    figures += _near_copies(embedder, [scene.pixels for scene in drawn[:100]], vectors)
    if data is not None:
        figures += _real_hair(embedder, asked, data)
        figures += _real_copies(embedder, data)
    return figures


def _zero_shot(
    name: str, asked: zero_shot.ZeroShot, vectors: NDArray[np.float16], truth: Sequence[Mapping[str, Any]]
) -> list[Figure]:
    """Accuracy where the drawing shows the attribute; "cannot be seen" counts as a miss there."""
    figures = []
    for attribute, answers in _best(asked, vectors).items():
        known = [(a, t[attribute]) for a, t in zip(answers, truth, strict=True) if isinstance(t.get(attribute), str)]
        if known:
            values = [value for _, value in known]
            majority = max(values.count(value) for value in set(values)) / len(values)
            right = float(np.mean([answer == value for answer, value in known]))
            figures.append(Figure(name, f"zero-shot {attribute}", right, majority, len(known)))
    return figures


def _best(asked: zero_shot.ZeroShot, vectors: NDArray[np.float16], *, seen: bool = False) -> dict[str, list[str]]:
    """Best option of each attribute for each picture; ``seen`` leaves "cannot be seen" out of the choice."""
    logits = vectors.astype(np.float32) @ asked.vectors.T
    best, start = {}, 0
    for question in asked.questions:
        count = len(question.options)
        options = count - int(seen and question.options[-1] == UNKNOWN)
        chosen = logits[:, start : start + options].argmax(axis=1)
        best[question.attribute] = [question.options[k] for k in chosen]
        start += count
    return best


def _real_hair(embedder: Embedder, asked: zero_shot.ZeroShot, data: Path) -> list[Figure]:
    figures = []
    for style in sorted(path.name for path in (data / "dicebear").iterdir() if path.is_dir()):
        rows = [
            row for row in _labels(data / "dicebear" / style / "truth.jsonl") if row["attributes"].get("hair_color")
        ]
        accepted = [
            set(row["attributes"].get("hair_color_accept") or [row["attributes"]["hair_color"]]) for row in rows
        ]
        figures.append(
            _hair(f"dicebear/{style}", embedder, asked, [data / "dicebear" / r["file"] for r in rows], accepted)
        )
    rows = [
        r for r in _labels(data / "wesnoth" / "labels.jsonl") if r.get("hair_color_accept") and r.get("hair_visible")
    ]
    accepted = [set(row["hair_color_accept"]) for row in rows]
    figures.append(_hair("wesnoth", embedder, asked, [data / "wesnoth" / r["file"] for r in rows], accepted))
    return figures


def _hair(
    name: str, embedder: Embedder, asked: zero_shot.ZeroShot, files: Sequence[Path], accepted: Sequence[set[str]]
) -> Figure:
    answers = _best(asked, embedder.embed_images([read(file) for file in files]), seen=True)["Hair Color"]
    right = float(np.mean([a.lower() in names for a, names in zip(answers, accepted, strict=True)]))
    majority = (
        max(np.mean([color in names for names in accepted]) for color in set().union(*accepted)) if accepted else 0.0
    )
    return Figure(name, "zero-shot Hair Color", right, float(majority), len(files))


def _identity(embedder: Embedder, identities: Sequence[int], vectors: NDArray[np.float16]) -> list[Figure]:
    """Share of characters whose nearest other picture, of all, is the second picture of themselves."""
    second = [draw_portrait(sample_character(seed), 7_000 + k, 192).pixels for k, seed in enumerate(identities)]
    others = embedder.embed_images(second).astype(np.float32)
    found = float(np.mean((vectors.astype(np.float32) @ others.T).argmax(axis=1) == np.arange(len(identities))))
    return [
        Figure("studio", "same character nearest, other pose and style", found, 1 / len(identities), len(identities))
    ]


def _near_copies(embedder: Embedder, pictures: Sequence[Pixels], vectors: NDArray[np.float16]) -> list[Figure]:
    originals = vectors[: len(pictures)].astype(np.float32)
    threshold = np.percentile((originals @ originals.T)[~np.eye(len(pictures), dtype=bool)], 99.9)
    figures = []
    for name, change in NEAR_COPIES.items():
        copies = embedder.embed_images([change(picture) for picture in pictures]).astype(np.float32)
        found = float(np.mean((copies * originals).sum(axis=1) > threshold))
        figures.append(Figure("studio", f"copies found: {name}", found, None, len(pictures)))
    return figures


def _real_copies(embedder: Embedder, data: Path) -> list[Figure]:
    """Recall of each transform at the 99.9th percentile of cosines between different pictures."""
    rows = _labels(data / "neardup_dev" / "labels.jsonl")
    vectors = embedder.embed_images([read(data / "neardup_dev" / row["file"]) for row in rows]).astype(np.float32)
    group = np.array([row["group"] for row in rows])
    original = {row["group"]: k for k, row in enumerate(rows) if row["op"] == "orig"}
    cosine = vectors @ vectors.T
    threshold = np.percentile(cosine[group[:, None] != group[None, :]], 99.9)
    figures = []
    for op in sorted({row["op"] for row in rows} - {"orig"}):
        mine = [cosine[k, original[row["group"]]] > threshold for k, row in enumerate(rows) if row["op"] == op]
        figures.append(Figure("neardup_dev", f"copies found: {op}", float(np.mean(mine)), None, len(mine)))
    return figures


def table(figures: Iterable[Figure], *, keep: Callable[[Figure], bool] = lambda _: True) -> str:
    """The figures as a Markdown table."""
    lines = ["| set | figure | value | guess | n |", "|---|---|---|---|---|"]
    for figure in filter(keep, figures):
        guess = "" if figure.baseline is None else f"{figure.baseline:.2f}"
        lines.append(f"| {figure.set} | {figure.what} | {figure.value:.2f} | {guess} | {figure.n} |")
    return "\n".join(lines)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Measure the mini models.")
    parser.add_argument("--data", type=Path, help="folder of the real sets")
    parser.add_argument("--detector", default="mini:detector")
    parser.add_argument("--embedder", default="mini:embedder")
    parser.add_argument("--size", type=int, default=320, help="input of the detector, pixels")
    given = parser.parse_args()
    detector = load_detector(DetectorSettings(path=given.detector, image_size=given.size))
    sys.stdout.write(table(measure_detector(detector, given.data)) + "\n\n")
    sys.stdout.write(table(measure_embedder(load_embedder(EmbedderSettings(path=given.embedder)), given.data)) + "\n")


if __name__ == "__main__":
    main()
