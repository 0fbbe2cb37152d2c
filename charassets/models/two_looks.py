"""Two looks of one detector at a picture, as it is and mirrored at another size, made one answer.

What belongs here: agreeing boxes. Not here: looking (``yolo``), and which boxes count.
"""

import numpy as np
from numpy.typing import NDArray

from charassets.models.protocols import Detections

_SAME = 0.5  # overlap (intersection over union) from which boxes of one label are one thing


def mirrored(found: Detections, width: int) -> Detections:
    """The boxes of a mirrored picture, where they are in the picture itself, ``width`` pixels wide."""
    x0, y0, x1, y1 = found.boxes.T
    return Detections(found.labels, found.scores, np.stack([width - x1, y0, width - x0, y1], axis=1))


def agreed(first: Detections, second: Detections, floor: float, most: int) -> Detections:
    """Weighted boxes fusion (Solovyev et al., 2021) of two looks: what only one of them saw keeps half its score.

    Args:
        first: one look.
        second: the other, in the same pixels.
        floor: boxes whose mean score is below it are dropped.
        most: boxes kept.

    Returns:
        A box a thing: its score the mean over the looks of the best score there, its place the mean of all its boxes, weighted by
        their scores. Best first.
    """
    labels = np.array([*first.labels, *second.labels])
    scores = np.concatenate([first.scores, second.scores])
    boxes = np.concatenate([first.boxes, second.boxes])
    look = np.repeat([0, 1], [len(first.labels), len(second.labels)])
    best_first = np.argsort(-scores, kind="stable")
    same = (_overlap(boxes) > _SAME) & (labels[:, None] == labels[None, :])
    taken = np.zeros(len(labels), bool)
    things: list[tuple[float, int, NDArray[np.float32]]] = []
    for k in best_first:
        if taken[k]:
            continue
        members = np.flatnonzero(same[k] & ~taken)
        taken[members] = True
        score = sum(scores[members[look[members] == side]].max(initial=0) for side in (0, 1)) / 2
        things.append((float(score), int(k), np.average(boxes[members], axis=0, weights=scores[members])))
    kept = sorted((thing for thing in things if thing[0] >= floor), key=lambda thing: -thing[0])[:most]
    return Detections(
        [str(labels[k]) for _, k, _ in kept],
        np.array([score for score, _, _ in kept], np.float32),
        np.array([box for _, _, box in kept], np.float32).reshape(-1, 4),
    )


def _overlap(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, n) intersection over union; a box without area overlaps itself alone."""
    corners = boxes.astype(np.float32)
    low = np.maximum(corners[:, None, :2], corners[None, :, :2])
    high = np.minimum(corners[:, None, 2:], corners[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(axis=2)
    area = (corners[:, 2:] - corners[:, :2]).prod(axis=1)
    union = np.maximum(area[:, None] + area[None, :] - common, np.float32(1e-9))
    return np.maximum(common / union, np.eye(len(boxes), dtype=np.float32))
