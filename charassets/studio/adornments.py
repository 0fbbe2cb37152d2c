"""Things worn on the face and body: glasses, eyepatches, masks, jewellery, scarves, wings.

What belongs here: what is put on over a finished face or body. Not here: clothes, headgear, things held.
"""

from collections.abc import Callable

import numpy as np

from charassets.studio.faces import Head
from charassets.studio.palette import Rgb, darker
from charassets.studio.pen import Pen
from charassets.studio.posing import Pose, Skeleton
from charassets.studio.shapes import curve, oval, ribbon
from charassets.studio.traits import Character

_INK = np.array([0.08, 0.08, 0.1])
_GOLD = np.array([0.88, 0.72, 0.28])


def draw_behind(pen: Pen, who: Character, bones: Skeleton) -> None:
    """Wings: the only adornment behind everything."""
    if not who.has("Wings"):
        return
    feathered = who.look.variant[0] < 0.6
    color = np.array([0.95, 0.95, 0.97]) if feathered else darker(who.look.cloth[1], 0.7)
    for s in (-1, 1):
        x, y = s * bones.shoulder * 0.5, bones.neck + 0.4
        tip = (x + s * 3.0, y - 1.9)
        if feathered:
            edge = [(x + s * (2.8 - 0.45 * k), y - 0.9 + 0.62 * k) for k in range(5)]
            pen.fill(curve([(x, y), (x + s * 1.4, y - 1.6), tip, *edge]), color)
            for start in edge[:4]:
                pen.line(np.array([(x + s * 0.6, y), start]), darker(color, 0.8), 0.04)
        else:
            pen.fill(
                np.array(
                    [(x, y), (x + s * 1.5, y - 1.9), tip, (x + s * 2.3, y), (x + s * 1.5, y - 0.3), (x + s, y + 1.2)]
                ),
                color,
            )


def draw_on_face(pen: Pen, who: Character, pose: Pose) -> None:
    """Eyewear, eyepatch, mask and earrings; nothing is drawn on a head seen from behind."""
    if pose.from_behind:
        return
    head = Head(who, pose)
    for name, draw in _ON_FACE.items():
        if who.has(name):
            draw(pen, who, head)


def _rims(pen: Pen, who: Character, head: Head, glass: Rgb | None) -> None:
    look = who.look
    y = look.eye_height
    rim = _INK if look.variant[5] < 0.6 else look.cloth[2] * 0.8
    round_rim = look.variant[4] < 0.5
    # From reading glasses to the large rims of cartoons; they never meet over the nose.
    size, thick = 0.24 + 0.14 * look.variant[0], 0.035 + 0.06 * look.variant[1] ** 2
    size = min(size, head.width * 0.92 * look.eye_angle)
    centers = []
    for s in (-1, 1):
        facing = head.facing(s * head.eye_angle)
        if facing < 0.15:
            continue
        x, wide, high = (
            head.x(s * head.eye_angle, 1.03),
            size * (0.4 + 0.6 * facing),
            size * (0.75 + 0.4 * look.variant[3]),
        )
        shape = (
            oval(x, y, wide, high)
            if round_rim
            else curve(
                [
                    (x - wide, y - high * 0.7),
                    (x + wide, y - high * 0.7),
                    (x + wide * 0.9, y + high * 0.7),
                    (x - wide * 0.9, y + high * 0.7),
                ],
                samples=3,
            )
        )
        if glass is not None:
            pen.fill(shape, glass, outline=0, shade=False)
            pen.line(
                np.array([(x - wide * 0.4, y - high * 0.4), (x - wide * 0.1, y - high * 0.6)]), (0.6, 0.6, 0.65), 0.05
            )
        else:
            pen.tint(shape, (0.85, 0.93, 1.0), 0.1 + 0.4 * look.variant[2] ** 2)
        pen.line(shape, rim, thick, closed=True)
        centers.append((x, wide, s))
    if len(centers) == 2:
        (x0, w0, _), (x1, w1, _) = centers
        pen.line(np.array([(x0 + w0, y - 0.03), ((x0 + w0 + x1 - w1) / 2, y - 0.08), (x1 - w1, y - 0.03)]), rim, thick)
    for x, wide, s in centers:
        if head.facing(s * 1.4) > -0.2:
            pen.line(np.array([(x + s * wide, y - 0.06), (head.x(s * 1.4), y - 0.02)]), rim, thick)


def _glasses(pen: Pen, who: Character, head: Head) -> None:
    _rims(pen, who, head, None)


def _sunglasses(pen: Pen, who: Character, head: Head) -> None:
    # Black glass mostly; brown, blue and green ones too.
    _rims(pen, who, head, np.array([0.1, 0.1, 0.13]) if who.look.variant[6] < 0.7 else who.look.cloth[1] * 0.35)


def covered_eyes(who: Character, pose: Pose) -> set[int]:
    """Sides whose eye cannot be seen for what is worn over it: both under sunglasses, one under a patch."""
    if who.has("Sunglasses"):
        return {-1, 1}
    return {_patched_side(who, Head(who, pose))} if who.has("Eyepatch") else set()


def _patched_side(who: Character, head: Head) -> int:
    side = 1 if who.look.variant[0] < 0.5 else -1
    return side if head.facing(side * head.eye_angle) >= 0.2 else -side


def _eyepatch(pen: Pen, who: Character, head: Head) -> None:
    side = _patched_side(who, head)
    x, y = head.x(side * head.eye_angle), who.look.eye_height
    color = _INK if who.look.variant[1] < 0.7 else np.array([0.95, 0.95, 0.95])
    pen.line(np.array([(head.x(-side * 1.2), -0.5), (x, y - 0.1), (head.x(side * 1.3), y + 0.12)]), color, 0.06)
    pen.fill(
        curve(
            [(x - 0.27, y - 0.2), (x + 0.27, y - 0.2), (x + 0.2, y + 0.2), (x, y + 0.28), (x - 0.2, y + 0.2)], samples=3
        ),
        color,
    )


def _mask(pen: Pen, who: Character, head: Head) -> None:
    w = who.look.head_width
    color = np.array([0.95, 0.96, 0.97]) if who.look.variant[1] < 0.5 else who.look.cloth[2]
    shift = head.x(0.0) * 0.4
    pen.fill(
        curve(
            [
                (-0.92 * w, 0.28),
                (head.x(0.0), 0.2),
                (0.92 * w, 0.28),
                (0.66 * w + shift, 0.86),
                (shift, 1.0),
                (-0.66 * w + shift, 0.86),
            ]
        ),
        color,
    )
    pen.line(np.array([(head.x(-0.7), 0.5), (head.x(0.7), 0.5)]), darker(color, 0.85), 0.03)


def _earrings(pen: Pen, who: Character, head: Head) -> None:
    color = _GOLD if who.look.variant[2] < 0.5 else who.look.cloth[2]
    for s in (-1, 1):
        if head.facing(s * 1.5) > -0.3:
            x = head.x(s * 1.5, 1.0)
            pen.fill(oval(x, 0.46, 0.08, 0.1 if who.look.variant[3] < 0.5 else 0.2), color, outline=0.5, shade=False)


_ON_FACE: dict[str, Callable[[Pen, Character, Head], None]] = {
    "Mask": _mask,
    "Glasses": _glasses,
    "Sunglasses": _sunglasses,
    "Eyepatch": _eyepatch,
    "Earrings": _earrings,
}


def draw_on_body(pen: Pen, who: Character, pose: Pose, bones: Skeleton) -> None:
    """Scarf and necklace, over the clothes."""
    y = bones.neck
    if who.has("Necklace") and not pose.from_behind:
        pen.line(curve([(-0.34, y - 0.12), (0, y + 0.42), (0.34, y - 0.12)], closed=False), _GOLD, 0.05)
        pen.fill(oval(0, y + 0.42, 0.1), who.look.cloth[2], shade=False)
    if who.has("Scarf"):
        color = who.look.cloth[2]
        side = 1 if who.look.variant[1] < 0.5 else -1
        pen.fill(ribbon([(side * 0.3, y), (side * 0.45, y + 0.7), (side * 0.4, y + 1.5)], (0.2, 0.2, 0.22)), color)
        pen.fill(
            curve(
                [(-0.55, y - 0.28), (0, y - 0.14), (0.55, y - 0.28), (0.6, y + 0.08), (0, y + 0.26), (-0.6, y + 0.08)]
            ),
            color,
        )
