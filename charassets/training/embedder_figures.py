"""Measures the embedder: zero-shot answers, copies, identities, and how fast it is together with the heads.

What belongs here: the embedder's figures. Not here: how they are printed.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.attributes import zero_shot
from charassets.attributes.vocabulary import load
from charassets.models.heads import AttributeHeads, Pixels
from charassets.models.protocols import Embedder
from charassets.similarity.clusters import ClusterRule, cluster_vectors
from charassets.similarity.knn import build_graph
from charassets.studio.scenes import draw_portrait
from charassets.studio.traits import sample_character
from charassets.studio.transforms import NEAR_COPIES
from charassets.training.figures import Figure, b_cubed
from charassets.training.real_sets import pixels_of, rows_of

_HELD_OUT = 2_000_000  # far from the seeds of training, which begin at 10,000,000
_SIDE = 192  # px of the drawings
_COPY_AIMS = {"jpeg30": 1.0, "resize70": 1.0, "blur": 1.0, "crop5": 1.0, "bright": 0.95, "flip": 0.90, "pad": 0.85}
_CLUSTER_AIM, _RATE_AIM = 0.85, 150.0
_NEIGHBOURS = 16  # as a run has by default; so few pictures are clustered by all their distances anyway
_THUMB = 16  # px of the grey thumbnails that stand for pixels without learning


def on_drawings(embedder: Embedder, *, portraits: int = 400) -> list[Figure]:
    """Zero-shot accuracy on held-out characters, the nearest other picture of a character, and copies.

    Args:
        embedder: what is measured.
        portraits: studio characters drawn.
    """
    asked = zero_shot.prepare(embedder, load())
    drawn = [draw_portrait(sample_character(_HELD_OUT + k), k, _SIDE) for k in range(portraits)]
    drawn = [scene for scene in drawn if scene.attributes]
    vectors = embedder.embed_images([scene.pixels for scene in drawn])
    figures = _zero_shot(asked, vectors, [scene.attributes[0] for scene in drawn])
    figures.append(_nearest(embedder, [scene.identities[0] for scene in drawn], vectors))
    return figures + _near_copies(embedder, [scene.pixels for scene in drawn[:100]], vectors)


def clustered(embedder: Embedder, rule: ClusterRule, *, characters: int = 40, pictures: int = 6) -> Figure:
    """B-cubed F of the clusters of characters never seen, each in several poses, moods, styles and framings."""
    identities = [_HELD_OUT + 50_000 + k for k in range(characters) for _ in range(pictures)]
    drawn = [draw_portrait(sample_character(seed), 9_000 + k, _SIDE).pixels for k, seed in enumerate(identities)]
    records = [f"{k:06d}" for k in range(len(drawn))]
    labels = _clusters(embedder.embed_images(drawn), records, rule)
    thumbs = _clusters(_thumbs(drawn).astype(np.float16), records, rule)
    alone = b_cubed([-1] * len(drawn), identities)
    value, pixels = b_cubed(labels, identities), b_cubed(thumbs, identities)
    what = f"{characters} characters in clusters, B-cubed F"
    return Figure("studio", what, value, alone, len(drawn), pixels, _CLUSTER_AIM)


def _clusters(vectors: NDArray[np.float16], records: Sequence[str], rule: ClusterRule) -> list[int]:
    return cluster_vectors(vectors, build_graph(vectors, _NEIGHBOURS), records, rule).label.tolist()


def real_copies(embedder: Embedder, data: Path) -> list[Figure]:
    """Recall of each change at the 99.9th percentile of cosines between different pictures, by embedding and by pixels."""
    rows = rows_of(data / "neardup_dev" / "labels.jsonl")
    pictures = [pixels_of(data / "neardup_dev" / row["file"]) for row in rows]
    recall, by_pixels = (
        _recall(rows, v) for v in (embedder.embed_images(pictures).astype(np.float32), _thumbs(pictures))
    )
    numbers = {op: sum(row["op"] == op for row in rows) for op in recall}
    return [
        Figure("neardup_dev", f"copies found: {op}", found, None, numbers[op], by_pixels[op], _COPY_AIMS.get(op))
        for op, found in recall.items()
    ]


def rate(embedder: Embedder, heads: AttributeHeads, *, pictures: int = 192) -> Figure:
    """Crops a second through embedder and heads, on whatever this machine has and does beside."""
    drawn = [draw_portrait(sample_character(_HELD_OUT + k % 16), k % 16, 256).pixels for k in range(16)]
    crops = [drawn[k % 16] for k in range(pictures)]
    embedder.embed_images(crops[:32])
    heads.read(crops[:32], [None] * 32)
    start = time.perf_counter()
    embedder.embed_images(crops)
    heads.read(crops, [None] * pictures)
    value = pictures / (time.perf_counter() - start)
    return Figure("studio", "embedder and heads, pictures a second", value, None, pictures, aim=_RATE_AIM)


def _zero_shot(
    asked: zero_shot.ZeroShot, vectors: NDArray[np.float16], truth: Sequence[Mapping[str, Any]]
) -> list[Figure]:
    """Accuracy where the drawing shows the attribute; "cannot be seen" counts as a miss there."""
    logits = vectors.astype(np.float32) @ asked.vectors.T
    figures, start = [], 0
    for question in asked.questions:
        stop = start + len(question.options)
        answers = [question.options[k] for k in logits[:, start:stop].argmax(axis=1)]
        shown = [t.get(question.attribute) for t in truth]
        known = [(a, t) for a, t in zip(answers, shown, strict=True) if isinstance(t, str)]
        if known:
            values = [value for _, value in known]
            commonest = max(values.count(value) for value in set(values)) / len(values)
            right = float(np.mean([answer == value for answer, value in known]))
            figures.append(Figure("studio", f"{question.attribute}, zero-shot", right, commonest, len(known)))
        start = stop
    return figures


def _nearest(embedder: Embedder, identities: Sequence[int], vectors: NDArray[np.float16]) -> Figure:
    """Share of characters whose nearest other picture, of all, is the second picture of themselves."""
    second = [draw_portrait(sample_character(seed), 7_000 + k, _SIDE).pixels for k, seed in enumerate(identities)]
    others = embedder.embed_images(second).astype(np.float32)
    found = float(np.mean((vectors.astype(np.float32) @ others.T).argmax(axis=1) == np.arange(len(identities))))
    return Figure("studio", "same character nearest, other pose and style", found, 1 / len(identities), len(identities))


def _near_copies(embedder: Embedder, pictures: Sequence[Pixels], vectors: NDArray[np.float16]) -> list[Figure]:
    originals = vectors[: len(pictures)].astype(np.float32)
    threshold = np.percentile((originals @ originals.T)[~np.eye(len(pictures), dtype=bool)], 99.9)
    figures = []
    for name, change in NEAR_COPIES.items():
        copies = embedder.embed_images([change(picture) for picture in pictures]).astype(np.float32)
        found = float(np.mean((copies * originals).sum(axis=1) > threshold))
        figures.append(Figure("studio", f"copies found: {name}", found, None, len(pictures)))
    return figures


def _recall(rows: Sequence[Mapping[str, Any]], vectors: NDArray[np.float32]) -> dict[str, float]:
    group = np.array([row["group"] for row in rows])
    original = {row["group"]: k for k, row in enumerate(rows) if row["op"] == "orig"}
    cosine = vectors @ vectors.T
    threshold = np.percentile(cosine[group[:, None] != group[None, :]], 99.9)
    found: dict[str, list[bool]] = {}
    for k, row in enumerate(rows):
        if row["op"] != "orig":
            found.setdefault(row["op"], []).append(bool(cosine[k, original[row["group"]]] > threshold))
    return {op: float(np.mean(hits)) for op, hits in sorted(found.items())}


def _thumbs(pictures: Sequence[Pixels]) -> NDArray[np.float32]:
    """Unit-norm (n, d) grey thumbnails around their mean."""
    sides = (_THUMB, _THUMB)
    small = [cv2.resize(p.mean(axis=2).astype(np.float32), sides, interpolation=cv2.INTER_AREA) for p in pictures]
    flat = np.stack(small).reshape(len(small), -1)
    flat -= flat.mean(axis=1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
