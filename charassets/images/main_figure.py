"""Which part of a picture is the main figure: what is cropped, and what stands in its way.

What belongs here: the choice among boxes, opaque regions and the whole picture, deliberately generous. Not here: whether the
picture shows one figure; that verdict is a gate over the stored boxes and can be changed without cropping again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from charassets.images.crops import Box, bust
from charassets.images.cutouts import Cutout

_TRUSTED = {"person": 0.25, "head": 0.30, "face": 0.25}
"""Scores from which a box alone decides the crop; a weaker box yields to transparency and tags (field customs: person
.30, head .40, face .25, each a little lowered because only a crop hangs on it)."""

_SENSIBLE = 0.5  # of the best score: a figure's box may be larger than the best one, but not a mere suspicion
_SAME_FIGURE = 0.7  # of the smaller box inside the other: a second box on the same figure, or a part of it
_COUNTED = {"head": 0.45, "person": 0.30, "face": 0.25}
_SIZEABLE, _APART = 0.15, 0.5
"""Scores, share of the largest and most overlap at which two boxes are two figures: those of the gates, for heads those of
the profile that asks most, so that what they take for one figure is cropped as one. Not their settings, for another gate
computes nothing anew."""

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
    cutout: Cutout | None = None,
    tag_figures: int | None = None,
) -> Figure | None:
    """Choose the main figure.

    Args:
        labels: what the detector calls each of n boxes.
        scores: n scores, 0-1, all above the detector's floor.
        boxes: n boxes ``x0, y0, x1, y1`` in pixels.
        size: width and height of the picture in pixels.
        cutout: which pixels are opaque, where some are not.
        tag_figures: figures the tags claim; None where they are silent.

    Returns:
        In this order: the largest trusted person, the bust around the best trusted head or face, the cut-out, the whole
        picture where the tags claim exactly one figure, then persons, heads and faces below trust; None where there is
        none of these. In a cut-out that shows no second figure, the person's box is joined with the opaque regions it
        stands on, and instead of a bust they are taken alone.
    """
    found = [_Found(label, float(s), Box(*map(float, b))) for label, s, b in zip(labels, scores, boxes, strict=True)]
    whole = Box(0, 0, *size)
    chosen = (
        _by_detector(found, _TRUSTED, cutout if (tag_figures or 0) < 2 else None)
        or (cutout and _Choice("cutout", None, cutout.bounds))
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


def _by_detector(found: Sequence[_Found], least: dict[str, float], cutout: Cutout | None = None) -> _Choice | None:
    persons = [f for f in found if f.label == "person" and f.score >= least["person"]]
    if persons:
        best = max(f.score for f in persons)
        main = max((f for f in persons if f.score >= _SENSIBLE * best), key=lambda f: f.box.area)
        regions = _lone_regions(found, main.box, cutout)
        return _Choice("person", main.score, main.box.joined(regions) if regions else main.box)
    for label in ("head", "face"):
        parts = [f for f in found if f.label == label and f.score >= least[label]]
        if parts:
            main = max(parts, key=lambda f: (f.score, f.box.area))
            shown = bust(main.box if label == "head" else _grown_to_head(main.box))
            regions = _lone_regions(found, shown, cutout)
            return _Choice("cutout", None, regions) if regions else _Choice(label, main.score, shown)
    return None


def _lone_regions(found: Sequence[_Found], box: Box, cutout: Cutout | None) -> Box | None:
    """Bounds of the opaque regions under the box; None where there are none, or a second figure stands there, too."""
    if cutout is None:
        return None
    head = max(_counted(found, "head"), key=lambda f: f.score, default=None)
    regions = cutout.around(box, head and head.box)
    return None if regions is None or _several(found, regions) else regions


def _several(found: Sequence[_Found], regions: Box) -> bool:
    """Whether figures stand apart in there. Heads tell best, then bodies, then faces: the first there are decide."""
    for label in _COUNTED:
        inside = [f.box for f in _counted(found, label) if f.box.overlap(regions) > f.box.area / 2]
        if inside:
            largest = max(box.area for box in inside)
            large = [box for box in inside if box.area >= _SIZEABLE * largest]
            return any(a.overlap(b) < _APART * min(a.area, b.area) for a, b in combinations(large, 2))
    return False


def _counted(found: Sequence[_Found], label: str) -> list[_Found]:
    return [f for f in found if f.label == label and f.score >= _COUNTED[label]]


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
