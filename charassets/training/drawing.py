"""Pools of studio drawings, made on all cores and kept in memory as JPEG.

What belongs here: drawing many scenes or portraits quickly and reproducibly. Not here: what is learnt from them.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context
from os import cpu_count

import numpy as np
from numpy.typing import NDArray

from charassets.studio.chance import pick
from charassets.studio.scenes import KINDS, draw_portrait, draw_scene
from charassets.studio.traits import Attributes, sample_character
from charassets.studio.transforms import jpeg

LABELS = ("person", "head", "face")
_JPEG_QUALITY = 94


@dataclass(frozen=True)
class DrawnScene:
    """A scene as a detector needs it.

    Attributes:
        jpeg: the encoded picture.
        boxes: ``(N, 5)`` float32: class index into ``LABELS``, x0, y0, x1, y1 in pixels.
        n_characters: the true count. kind: one of ``KINDS``.
    """

    jpeg: bytes
    boxes: NDArray[np.float32]
    n_characters: int
    kind: str


@dataclass(frozen=True)
class DrawnPortrait:
    """A portrait as an embedder needs it.

    Attributes:
        jpeg: the encoded picture. person: the figure's box in it, ``(x0, y0, x1, y1)`` in pixels.
        attributes: what can be seen. identity: the character's seed. style: name of the drawing hand.
    """

    jpeg: bytes
    person: tuple[int, int, int, int]
    attributes: Attributes
    identity: int
    style: str


@dataclass(frozen=True)
class DrawnFigure:
    """One character as the attribute heads need it.

    Attributes:
        jpeg: the encoded picture.
        boxes: ``(x0, y0, x1, y1)`` in pixels of what can be seen of person, head and face, by label.
        attributes: what can be seen. style: name of the drawing hand.
    """

    jpeg: bytes
    boxes: dict[str, tuple[float, float, float, float]]
    attributes: Attributes
    style: str


def drawn_scene(seed: int, size: int, kind: str | None = None) -> DrawnScene:
    """Draw one scene for a detector; pictures of several shapes, ``size`` pixels on the longer side."""
    aspect = np.random.default_rng([seed, 0xA5]).choice([1.0, 1.0, 0.75, 1.5, 0.67])
    width, height = (size, int(size / aspect)) if aspect >= 1 else (int(size * aspect), size)
    assert kind is None or kind in KINDS  # noqa: S101 - a programming error, not bad input
    scene = draw_scene(seed, (width, height), kind=kind)
    boxes = [(LABELS.index(b.label), b.x0, b.y0, b.x1, b.y1) for b in scene.boxes]
    return DrawnScene(
        jpeg(scene.pixels, _JPEG_QUALITY), np.array(boxes, np.float32).reshape(-1, 5), scene.n_characters, scene.kind
    )


def drawn_portrait(identity: int, view: int, size: int) -> DrawnPortrait:
    """Draw one identity in the pose, style and framing of ``view``."""
    scene = draw_portrait(sample_character(identity), identity * 1009 + view, size)
    box = scene.boxes[0]
    person = (int(box.x0), int(box.y0), int(box.x1), int(box.y1))
    return DrawnPortrait(jpeg(scene.pixels, _JPEG_QUALITY), person, scene.attributes[0], identity, scene.style)


# How often each framing, and its side relative to that of a bust: where the figure is small, the picture is larger, as
# pictures are; a head of twenty pixels tells nobody anything.
_FRAMINGS = {"avatar": (0.2, 0.85), "head": (0.22, 0.85), "bust": (0.3, 1.0), "upper": (0.18, 1.3), "full": (0.1, 1.9)}


def drawn_figure(identity: int, size: int) -> DrawnFigure:
    """Draw one identity once, with the places of head and face; ``size`` is the side of a bust in pixels."""
    who = sample_character(identity)
    framing = pick(np.random.default_rng([identity, 0xF1]), tuple(_FRAMINGS), tuple(w for w, _ in _FRAMINGS.values()))
    side = round(size * _FRAMINGS[framing][1])
    views = (draw_portrait(who, identity * 1009 + view, side, framing=framing) for view in count(5))
    scene = next(scene for scene in views if scene.attributes)  # a pale figure on white can be too little to be counted
    boxes = {box.label: (box.x0, box.y0, box.x1, box.y1) for box in scene.boxes}
    return DrawnFigure(jpeg(scene.pixels, _JPEG_QUALITY), boxes, scene.attributes[0], scene.style)


def draw_all(draw: Callable[..., object], jobs: Iterable[tuple[object, ...]]) -> list:
    """Call ``draw(*job)`` for every job on all cores, results in the order of the jobs."""
    jobs = list(jobs)
    with ProcessPoolExecutor(cpu_count(), mp_context=get_context("spawn")) as pool:
        return list(pool.map(draw, *zip(*jobs, strict=True), chunksize=32))
