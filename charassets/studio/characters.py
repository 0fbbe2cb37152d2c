"""Draws one character: the parts in their order, and what a viewer of the result can know about it.

What belongs here: the order of drawing and the visibility of attributes. Not here: how a part looks.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.studio.adornments import covered_eyes, draw_behind, draw_on_body, draw_on_face
from charassets.studio.clutter import draw_clutter
from charassets.studio.facemarks import EYE_PARTS
from charassets.studio.faces import draw_head
from charassets.studio.hair import draw_back_hair, draw_front_hair
from charassets.studio.headgear import draw_on_head, hides_hair
from charassets.studio.held import draw_held
from charassets.studio.outfits import draw_body
from charassets.studio.pen import Bounds, Pen
from charassets.studio.posing import Pose, sample_pose, skeleton
from charassets.studio.styles import Style, relight, sample_style
from charassets.studio.traits import Attributes, Character, sample_character

__all__ = [
    "Character",
    "Figure",
    "draw_character",
    "in_mood",
    "sample_character",
    "sample_pose",
    "sample_style",
    "visible_attributes",
]

_LEGIBLE_HEAD = 14.0  # px of half a head below which eyes and expression cannot be told apart
_LEGIBLE_SQUARES = 7.0  # of a pixel grid, in half a head: below, a mouth is one square
_ON_FACE = {"Glasses", "Sunglasses", "Eyepatch", "Earrings", "Mask", "Necklace"}
_NEEDS_FACE = ("Eye Color", "Facial Expression", "Facial Hair", "Scars", "Age", "Gender")


@dataclass(frozen=True)
class Figure:
    """One drawn character on its own layer.

    Attributes:
        layer: ``(H, W, 4)`` uint8 premultiplied RGBA. alpha: ``(H, W)`` uint8, its coverage.
        head: bounds of head, hair and headwear ``(x0, y0, x1, y1)`` in pixels, not clipped.
        face: the same for the face; None from behind or under a closed helmet.
        eyes: the same for each eye that can be seen, open or closed; a fringe may hang over one.
        half_head: pixels of half a head, the unit of the drawing.
        torso_visible: whether the waist lies inside the layer.
    """

    layer: NDArray[np.uint8]
    alpha: NDArray[np.uint8]
    head: Bounds
    face: Bounds | None
    eyes: tuple[Bounds, ...]
    half_head: float
    torso_visible: bool

    def thinned(self, opacity: NDArray[np.float32]) -> "Figure":
        """The same figure, each pixel covering only ``opacity`` ``(H, W)``, 0..1, of what it did."""
        layer = np.asarray(cv2.multiply(self.layer, cv2.merge([opacity] * 4), dtype=cv2.CV_8U), np.uint8)
        return replace(self, layer=layer, alpha=np.asarray(cv2.extractChannel(layer, 3), np.uint8))


def draw_character(
    who: Character,
    pose: Pose,
    style: Style,
    *,
    size: tuple[int, int],
    at: tuple[float, float],
    half_head: float,
    seed: int = 0,
    head_only: bool = False,
) -> Figure:
    """Draw a character on a transparent layer.

    Args:
        who: the identity.
        pose: how it stands.
        style: the drawing hand.
        size: width and height of the layer in pixels.
        at: where the middle of the head goes, in pixels.
        half_head: half the height of the head in pixels; it scales the whole figure.
        seed: of brush strokes only.
        head_only: leave out everything below the chin, as avatars and emotes do.
    """
    pen = Pen(*size, style, np.random.default_rng([seed, who.seed]))
    bones = skeleton(who, pose)
    hair_seen = not hides_hair(who)
    with pen.placed(*at, scale=half_head, angle=pose.lean, mirror=pose.mirror, stretch=pose.stretch):
        if not head_only:
            draw_behind(pen, who, bones)
        if hair_seen and not pose.from_behind:
            with pen.placed(angle=pose.tilt * 0.5):
                draw_back_hair(pen, who, pose)
        if not head_only:
            draw_body(pen, who, pose, bones)
            draw_clutter(pen, who, bones)
            draw_on_body(pen, who, pose, bones)
        with pen.placed(angle=pose.tilt):
            _draw_whole_head(pen, who, pose)
        if not head_only:
            draw_held(pen, who, pose, bones)
        waist = pen.to_pixels(np.array([[0.0, bones.waist]]))[0]
    head = pen.extent("head")
    assert head is not None  # noqa: S101 - draw_head always marks it; tells the type checker
    alpha = np.asarray(cv2.extractChannel(pen.layer, 3), np.uint8)
    relight(pen.layer, alpha, style)
    return Figure(
        layer=pen.layer,
        alpha=alpha,
        head=head,
        face=pen.extent("face") if hair_seen else None,
        eyes=_eyes(pen, who, pose) if hair_seen else (),
        half_head=half_head,
        torso_visible=bool(0 <= waist[1] < size[1]) and not head_only,
    )


def _eyes(pen: Pen, who: Character, pose: Pose) -> tuple[Bounds, ...]:
    covered = covered_eyes(who, pose)
    marked = (pen.extent(part) for side, part in EYE_PARTS.items() if side not in covered)
    return tuple(eye for eye in marked if eye is not None)


def _draw_whole_head(pen: Pen, who: Character, pose: Pose) -> None:
    draw_head(pen, who, pose)
    draw_on_face(pen, who, pose)
    if not hides_hair(who):
        draw_front_hair(pen, who, pose)
        if pose.from_behind:
            draw_back_hair(pen, who, pose)
    draw_on_head(pen, who, pose)


def visible_attributes(
    who: Character, pose: Pose, *, half_head: float, torso_visible: bool, colored: bool, grain: float
) -> Attributes:
    """The attributes that this picture of the character shows; one that cannot be seen is left out, not guessed.

    Args:
        who: the identity.
        pose: how it stands.
        half_head: half the height of the head in pixels.
        torso_visible: whether the waist is in the picture.
        colored: whether colours can be told at all.
        grain: pixels of one square of the pixel grid it is drawn on, which leaves no room for an expression on a small head;
            0 for other media.
    """
    shown = dict(who.attributes)
    worn = set(shown.pop("Accessories", ()))
    if pose.from_behind or hides_hair(who):
        worn -= _ON_FACE
    hidden = _hidden_on_head(who, pose, worn) | _hidden_by_medium(half_head, colored=colored, grain=grain)
    if not torso_visible:
        hidden |= {"Dress", "Body Type", "Tattoos"}
        worn -= {"Gloves"}
        if shown.get("Hair Length") == "Very Long":
            shown["Hair Length"] = "Long"  # how far it falls is out of the picture
    if worn:
        shown["Accessories"] = tuple(sorted(worn))
    return {name: value for name, value in shown.items() if name not in hidden}


def _hidden_on_head(who: Character, pose: Pose, worn: set[str]) -> set[str]:
    headwear, hidden = who.attributes["Headwear"], set()
    if pose.from_behind or hides_hair(who):
        hidden |= set(_NEEDS_FACE)
    if hides_hair(who):
        hidden |= {"Hair Color", "Hair Length", "Hair Style"}
    if headwear in {"Hood", "Helmet", "Hat"}:
        hidden |= {"Hair Style"}
    if headwear == "Hood":
        hidden |= {"Hair Length"}
    if "Sunglasses" in worn:
        hidden |= {"Eye Color"}
    if "Mask" in worn:
        hidden |= {"Facial Expression", "Facial Hair"}
    return hidden


def _hidden_by_medium(half_head: float, *, colored: bool, grain: float) -> set[str]:
    hidden: set[str] = set()
    if half_head < _LEGIBLE_HEAD:
        hidden |= {"Eye Color", "Scars"} | ({"Facial Expression"} if grain else set())
    if grain and half_head < _LEGIBLE_SQUARES * grain:
        hidden |= {"Eye Color", "Scars", "Facial Expression", "Age"}
    if not colored:
        hidden |= {"Hair Color", "Eye Color", "Skin Tone"}
    return hidden


def in_mood(who: Character, expression: str) -> Character:
    """The same identity with another expression."""
    return replace(who, attributes=who.attributes | {"Facial Expression": expression})
