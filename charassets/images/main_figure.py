"""Which part of a picture is the main figure: what is cropped, and what stands in its way.

What belongs here: the choice among boxes, opaque regions and the whole picture, deliberately generous. Not here: whether the
picture shows one figure; that verdict is a gate over the stored boxes and can be changed without cropping again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from charassets.images.crops import Box, bust

_TRUSTED = {"person": 0.25, "head": 0.30, "face": 0.25}
"""Scores from which a box alone decides the crop; a weaker box yields to transparency and tags (field customs: person
.30, head .40, face .25, each a little lowered because only a crop hangs on it)."""

_SENSIBLE = 0.5  # of the best score: a figure's box may be larger than the best one, but not a mere suspicion
_SAME_FIGURE = 0.7  # of the smaller box inside the other: a second box on the same figure, or a part of it
_BORDER_SHARE = 0.01  # of the picture's side: closer than this the figure leaves the picture
_FACE_TO_HEAD = 0.3  # a head reaches beyond the face by about this share of the face's size on every side
_GRID = 64  # cells a side for measuring the union of overlapping boxes


@dataclass(frozen=True)
class Figure:
    """The main figure of a picture.

    Attributes:
        label: person, head, face, cutout or whole: what the box was made of.
        score: the detector's score; None for cutout and whole.
        box: the figure in pixels, without margin.
        head: the best head inside the box, in pixels; None where no head was found.
        cut_off: sides of the picture that cut the figure: top, bottom, left, right.
        occlusion: share of the box covered by other figures' boxes, 0-1; None where the detector did not see the figure.
    """

    label: str
    score: float | None
    box: Box
    head: Box | None
    cut_off: tuple[str, ...]
    occlusion: float | None


@dataclass(frozen=True)
class _Found:
    label: str
    score: float
    box: Box


def main_figure(
    labels: Sequence[str],
    scores: Sequence[float],
    boxes: Sequence[Sequence[float]],
    size: tuple[int, int],
    opaque: Box | None = None,
    tag_figures: int | None = None,
) -> Figure | None:
    """Choose the main figure.

    Args:
        labels: what the detector calls each of n boxes.
        scores: n scores, 0-1, all above the detector's floor.
        boxes: n boxes ``x0, y0, x1, y1`` in pixels.
        size: width and height of the picture in pixels.
        opaque: the box around the opaque part of a picture that has transparent parts.
        tag_figures: figures the tags claim; None where they are silent.

    Returns:
        In this order: the largest trusted person, the bust around the best trusted head or face, the cut-out, the whole
        picture where the tags claim exactly one figure, then persons, heads and faces below trust; None where there is
        none of these.
    """
    found = [_Found(label, float(s), Box(*map(float, b))) for label, s, b in zip(labels, scores, boxes, strict=True)]
    whole = Box(0, 0, *size)
    chosen = (
        _by_detector(found, _TRUSTED)
        or (opaque and _Choice("cutout", None, opaque))
        or (_Choice("whole", None, whole) if tag_figures == 1 else None)
        or _by_detector(found, dict.fromkeys(_TRUSTED, 0.0))
    )
    if chosen is None:
        return None
    seen = chosen.label in ("person", "cutout")
    return Figure(
        chosen.label,
        chosen.score,
        chosen.box,
        _head_within(found, chosen.box),
        _cut_off(chosen.box, size) if seen else (),
        _occlusion(found, chosen.box) if chosen.label == "person" else None,
    )


@dataclass(frozen=True)
class _Choice:
    label: str
    score: float | None
    box: Box


def _by_detector(found: Sequence[_Found], least: dict[str, float]) -> _Choice | None:
    persons = [f for f in found if f.label == "person" and f.score >= least["person"]]
    if persons:
        best = max(f.score for f in persons)
        main = max((f for f in persons if f.score >= _SENSIBLE * best), key=lambda f: f.box.area)
        return _Choice("person", main.score, main.box)
    for label in ("head", "face"):
        parts = [f for f in found if f.label == label and f.score >= least[label]]
        if parts:
            main = max(parts, key=lambda f: (f.score, f.box.area))
            return _Choice(label, main.score, bust(main.box if label == "head" else _grown_to_head(main.box)))
    return None


def _head_within(found: Sequence[_Found], figure: Box) -> Box | None:
    """The best head whose centre lies in the figure; a face grown to a head where no head was found."""
    for label in ("head", "face"):
        inside = [f for f in found if f.label == label and _centre_in(f.box, figure)]
        if inside:
            best = max(inside, key=lambda f: (f.score, f.box.area)).box
            return best if label == "head" else _grown_to_head(best)
    return None


def _grown_to_head(face: Box) -> Box:
    dx, dy = face.width * _FACE_TO_HEAD, face.height * _FACE_TO_HEAD
    return Box(face.x0 - dx, face.y0 - dy, face.x1 + dx, face.y1 + dy)


def _centre_in(inner: Box, outer: Box) -> bool:
    x, y = (inner.x0 + inner.x1) / 2, (inner.y0 + inner.y1) / 2
    return outer.x0 <= x <= outer.x1 and outer.y0 <= y <= outer.y1


def _cut_off(box: Box, size: tuple[int, int]) -> tuple[str, ...]:
    width, height = size
    distances = {
        "top": box.y0 / height,
        "bottom": (height - box.y1) / height,
        "left": box.x0 / width,
        "right": (width - box.x1) / width,
    }
    return tuple(side for side, distance in distances.items() if distance < _BORDER_SHARE)


def _occlusion(found: Sequence[_Found], figure: Box) -> float:
    others = [f.box for f in found if f.label == "person" and f.score >= _TRUSTED["person"]]
    covered = np.zeros((_GRID, _GRID), bool)
    x = figure.x0 + (np.arange(_GRID) + 0.5) * figure.width / _GRID
    y = figure.y0 + (np.arange(_GRID) + 0.5) * figure.height / _GRID
    for other in others:
        if other.overlap(figure) < _SAME_FIGURE * min(other.area, figure.area):
            columns, rows = (other.x0 <= x) & (x < other.x1), (other.y0 <= y) & (y < other.y1)
            covered |= rows[:, None] & columns
    return float(covered.mean())
