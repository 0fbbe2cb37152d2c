"""The head without its hair: skull, features, expression, facial hair, marks of age.

What belongs here: everything on the front of the head. Features sit at angles on a cylinder, so one drawing serves every view.
Not here: hair, headwear, glasses.
"""

from dataclasses import dataclass

import numpy as np

from charassets.studio.facemarks import EYE_PARTS, Head, draw_facial_hair, draw_marks_over, draw_marks_under
from charassets.studio.palette import Rgb, darker
from charassets.studio.pen import Pen
from charassets.studio.posing import Pose
from charassets.studio.shapes import Points, arc, box, curve, oval
from charassets.studio.traits import Character

_INK = np.array([0.09, 0.07, 0.09])


@dataclass(frozen=True)
class _Mood:
    """brow_tilt > 0 pulls the inner ends down; open scales the eyes; iris scales the iris."""

    brow_tilt: float
    brow_raise: float
    open: float
    iris: float
    mouths: tuple[str, ...]


_MOODS = {
    "Happy": _Mood(-0.02, 0.03, 0.95, 1.0, ("smile", "smile", "grin", "laugh")),
    "Sad": _Mood(-0.14, 0.02, 0.72, 1.0, ("frown", "frown", "wavy")),
    "Angry": _Mood(0.17, -0.04, 0.8, 0.9, ("frown", "snarl", "shout")),
    "Surprised": _Mood(0.0, 0.15, 1.3, 0.72, ("round",)),
    "Scared": _Mood(-0.13, 0.1, 1.22, 0.55, ("wavy", "snarl")),
    "Embarrassed": _Mood(-0.09, 0.04, 0.85, 1.0, ("wavy", "small")),
    "Serious": _Mood(0.05, -0.02, 0.8, 1.0, ("line",)),
    "Smug": _Mood(0.05, 0.02, 0.58, 1.0, ("smirk",)),
}


_EYE_SIZES = {  # half width and half height, in half heads
    "dot": (0.09, 0.1), "oval": (0.17, 0.17), "anime": (0.22, 0.27), "painted": (0.16, 0.095), "round": (0.2, 0.21),
    "slit": (0.17, 0.07),
}  # fmt: skip


def skull_outline(who: Character, pose: Pose) -> Points:
    """Outline of the head without hair."""
    w, jaw = who.look.head_width, who.look.jaw
    chin = 0.26 * w * float(np.sin(pose.yaw)) if not pose.from_behind else 0.0
    right = [(0.62, -0.9), (0.97, -0.4), (0.99, 0.1), (0.68 + 0.3 * jaw, 0.58), (0.3 + 0.5 * jaw, 0.9)]
    points = [(0.0, -1.0)]
    points += [(x * w + chin * max(0.0, y), y) for x, y in right]
    points.append((chin, 1.0))
    points += [(-x * w + chin * max(0.0, y), y) for x, y in reversed(right)]
    return curve(points)


def draw_head(pen: Pen, who: Character, pose: Pose) -> None:
    """Draw ears, skull and, unless seen from behind, the face; marks the parts ``head``, ``face`` and of ``EYE_PARTS``."""
    head, look = Head(who, pose), who.look
    for side in (-1, 1):
        facing = head.facing(side * 1.5)
        if abs(pose.yaw) < 1.8 and facing > -0.45:
            _draw_ear(pen, who, head, side)
    pen.fill(skull_outline(who, pose), look.skin, part="head")
    if pose.from_behind:
        return
    _mark_face(pen, who, pose)
    draw_marks_under(pen, who, head)
    _draw_nose(pen, who, head)
    draw_facial_hair(pen, who, pose, head)
    _draw_mouth(pen, who, head)
    for side in (-1, 1):
        if head.facing(side * head.eye_angle) > 0.22:
            _draw_eye(pen, who, head, side)
    draw_marks_over(pen, who, head)


def _mark_face(pen: Pen, who: Character, pose: Pose) -> None:
    w = who.look.head_width
    shift = w * 0.5 * float(np.sin(pose.yaw))
    half = w * (0.92 - 0.3 * abs(float(np.sin(pose.yaw))))
    pen.mark("face", box(shift - half, -0.52, shift + half, 1.0))


def _draw_ear(pen: Pen, who: Character, head: Head, side: int) -> None:
    look = who.look
    x = head.x(side * 1.5, 0.98)
    if who.has("Pointy Ears"):
        tip = side * (0.35 + 0.3 * look.variant[0])
        pen.fill(curve([(x, -0.12), (x + tip, -0.38), (x + side * 0.06, 0.3)]), look.skin)
    elif not who.has("Animal Ears"):
        pen.fill(oval(x, 0.1, 0.14, 0.22), look.skin)
        pen.line(arc(x, 0.1, 0.06, 0.12, 0, 4.5, 6), darker(look.skin, 0.7), 0.03)


def _feature_ink(look_color: Rgb) -> Rgb:
    return darker(look_color, 0.45)


def _draw_nose(pen: Pen, who: Character, head: Head) -> None:
    look = who.look
    y = look.eye_height + 0.32
    tip = head.x(0.0, 1.04)
    if abs(head.yaw) > 0.55:  # three-quarter and side: the nose breaks the outline of the cheek
        way = float(np.sign(head.yaw))
        reach = tip + way * 0.16 * abs(np.sin(head.yaw))
        bridge = head.x(0.0, 0.86)
        pen.fill(curve([(bridge, y - 0.34), (reach, y), (bridge - way * 0.05, y + 0.12)]), look.skin, outline=0)
        edge = [(bridge + way * 0.04, y - 0.26), (reach, y), (bridge, y + 0.1)]
        pen.line(curve(edge, closed=False), _feature_ink(look.skin), 0.03)
        return
    kind = look.variant[2]
    painted = pen.style.eyes == "painted"
    if painted:
        _model_face(pen, who, head)
    if painted or kind < 0.3:
        side = tip + 0.1
        pen.line(
            curve([(tip + 0.03, y - 0.3), (side, y), (tip - 0.06, y + 0.04)], closed=False),
            darker(look.skin, 0.6),
            0.04,
        )
        if painted:
            pen.tint(oval(tip, y - 0.02, 0.1, 0.08), darker(look.skin, 0.7), 0.6)
    elif kind < 0.6:
        pen.line(np.array([(tip - 0.03, y + 0.02), (tip + 0.04, y)]), _feature_ink(look.skin), 0.035)
    elif kind < 0.85:
        pen.fill(oval(tip, y, 0.09 + 0.07 * kind, 0.08), darker(look.skin, 0.85), outline=0.5, shade=False)


def _model_face(pen: Pen, who: Character, head: Head) -> None:
    """The shadows of a painted face: sockets, the side of the nose and the cheek away from the light, under the lip."""
    look, away = who.look, -1.0 if pen.style.light[0] > 0 else 1.0
    deep = darker(look.skin, 0.55)
    strength = 0.25 + 0.35 * pen.style.contrast
    for side in (-1, 1):
        x = head.x(side * head.eye_angle)
        pen.tint(oval(x, look.eye_height - 0.06, 0.26, 0.2), deep, strength * 0.8)
    nose = look.eye_height + 0.32
    tip = head.x(0.0, 1.04)
    pen.tint(curve([(tip, nose - 0.35), (tip + away * 0.16, nose), (tip, nose + 0.07)]), deep, strength)
    cheek = [
        (head.x(away * 0.75), -0.3),
        (head.x(away * 1.3), 0.1),
        (head.x(away * 0.7), 0.8),
        (head.x(away * 0.6), 0.3),
    ]
    pen.tint(curve(cheek), deep, strength)
    pen.tint(oval(head.x(0.0), look.mouth + 0.13, 0.16, 0.05), deep, strength * 0.8)


def _draw_mouth(pen: Pen, who: Character, head: Head) -> None:
    mood = _MOODS[str(who.attributes["Facial Expression"])]
    kind = mood.mouths[int(who.look.variant[3] * len(mood.mouths))]
    y, reach = who.look.mouth, 0.24 + 0.16 * who.look.variant[4]
    if kind == "small":
        kind, reach = "line", 0.1

    def at(angle: float, dy: float) -> tuple[float, float]:
        return head.x(angle * 2 * reach, 1.0), y + dy

    red, dark = np.array([0.72, 0.28, 0.3]), np.array([0.36, 0.12, 0.14])
    width = 0.045
    if kind in {"smile", "frown", "smirk", "line", "wavy"}:
        bend = {
            "smile": (-0.08, 0.03, 0.06, 0.03, -0.08),
            "frown": (0.08, 0.0, -0.04, 0.0, 0.08),
            "smirk": (0.03, 0.05, 0.04, -0.02, -0.12),
            "line": (0.0, 0.0, 0.0, 0.0, 0.0),
            "wavy": (0.02, -0.05, 0.04, -0.05, 0.03),
        }[kind]
        points = [at(a, dy) for a, dy in zip((-1, -0.5, 0, 0.5, 1), bend, strict=True)]
        if who.attributes["Gender"] == "Female" and pen.style.eyes in {"painted", "oval"}:
            pen.fill(curve([at(-0.6, 0.0), at(0.0, -0.05), at(0.6, 0.0), at(0.0, 0.09)]), red, outline=0, shade=False)
        pen.line(curve(points, closed=False), _feature_ink(who.look.skin), width)
        return
    if kind == "round":
        pen.fill(oval(head.x(0), y + 0.06, 0.1 + 0.05 * who.look.variant[4], 0.15), dark, shade=False)
        return
    if kind == "snarl":
        teeth = [at(-1, -0.07), at(1, -0.07), at(0.9, 0.09), at(-0.9, 0.09)]
        pen.fill(np.array(teeth), (0.97, 0.97, 0.95), shade=False)
        pen.line(np.array([at(-0.95, 0.01), at(0.95, 0.01)]), dark, 0.025)
        return
    deep = {"grin": 0.16, "laugh": 0.26, "shout": 0.24}[kind]
    if kind == "shout":
        pen.fill(
            curve([at(-0.7, -0.08), at(0, -0.14), at(0.7, -0.08), at(0.9, deep), at(-0.9, deep)]), dark, shade=False
        )
    else:
        white = kind == "grin"
        cavity = [at(-1, -0.09), at(0, -0.04), at(1, -0.09), at(0.6, deep * 0.7), at(0, deep), at(-0.6, deep * 0.7)]
        pen.fill(curve(cavity), (0.97, 0.97, 0.95) if white else dark, shade=False)
        if not white:
            pen.fill(oval(head.x(0), y + deep * 0.75, 0.13, 0.06), red, outline=0, shade=False)


def _draw_eye(pen: Pen, who: Character, head: Head, side: int) -> None:
    look, mood = who.look, _MOODS[str(who.attributes["Facial Expression"])]
    x, y = head.x(side * head.eye_angle), look.eye_height
    squeeze = 0.35 + 0.65 * head.facing(side * head.eye_angle)
    kind = pen.style.eyes
    wide, high = _EYE_SIZES[kind]
    high, wide = high * look.eye_size * mood.open, wide * look.eye_size * squeeze
    pen.mark(EYE_PARTS[side], box(x - wide, y - high, x + wide, y + high))
    female = who.attributes["Gender"] == "Female"
    iris = look.eyes[(side + 1) // 2]
    closed = mood.mouths[0] == "smile" and look.variant[5] < 0.14
    if closed or kind == "slit":
        pen.line(arc(x, y + high * 0.4, wide, high * 0.9, np.pi, 2 * np.pi, 8), _INK, 0.06)
    elif kind == "dot":
        pen.fill(oval(x, y, wide, high), iris * 0.75 if iris.mean() > 0.25 else iris, outline=0, shade=False)
    elif kind == "round":
        _draw_round_eye(pen, x, y, wide, high, iris)
    else:
        _draw_open_eye(pen, x, y, wide, high, iris, mood.iris)
        lash = 0.085 if female else 0.05
        lid = arc(x, y - high * 0.02, wide * 1.08, high * 1.03, np.pi + 0.15, 2 * np.pi - 0.15, 10)
        pen.line(lid, _INK, lash if kind != "painted" else lash * 0.8)
        if female or kind == "anime" and look.variant[6] < 0.3:
            outer = x + side * wide * 1.02
            for k in range(2):
                tip = (outer + side * 0.08, y - high * (0.45 + 0.3 * k))
                pen.line(np.array([(outer, y - high * (0.15 + 0.3 * k)), tip]), _INK, 0.045)
    _draw_brow(pen, who, head, side, y - high - 0.1, mood)


def _draw_round_eye(pen: Pen, x: float, y: float, wide: float, high: float, iris: Rgb) -> None:
    """A white ball with a small pupil, as cartoonists draw it."""
    pen.fill(oval(x, y, wide, high), (0.99, 0.99, 0.98), outline=0.7, shade=False)
    pen.fill(oval(x + wide * 0.15, y, wide * 0.38, high * 0.38), iris * 0.5, outline=0, shade=False)


def _draw_open_eye(pen: Pen, x: float, y: float, wide: float, high: float, iris: Rgb, iris_scale: float) -> None:
    pen.fill(oval(x, y, wide, high), (0.98, 0.98, 0.97), outline=0.4, shade=False)
    anime = pen.style.eyes == "anime"
    rx, ry = wide * (0.72 if anime else 0.55) * iris_scale, high * (0.9 if anime else 0.8) * iris_scale
    rx = min(rx, ry * 1.1)
    pen.fill(oval(x, y + 0.02, rx, ry), iris, outline=0, shade=False)
    if anime:
        pen.fill(oval(x, y - ry * 0.35 + 0.02, rx * 0.85, ry * 0.5), iris * 0.55, outline=0, shade=False)
    pen.fill(oval(x, y + 0.02, rx * 0.45, ry * 0.45), iris * 0.22, outline=0, shade=False)
    pen.fill(oval(x - rx * 0.35, y - ry * 0.35, rx * 0.3, ry * 0.26), (1, 1, 1), outline=0, shade=False)


def _draw_brow(pen: Pen, who: Character, head: Head, side: int, y: float, mood: _Mood) -> None:
    look = who.look
    raised = mood.brow_raise + (0.12 if who.attributes["Facial Expression"] == "Smug" and side == 1 else 0.0)
    inner, outer = side * (head.eye_angle - 0.24), side * (head.eye_angle + 0.28)
    if head.facing(outer) < 0.05:
        outer = side * head.eye_angle
    middle = (inner + outer) / 2
    y = max(y - raised, -0.72)
    points = [
        (head.x(inner), y + mood.brow_tilt),
        (head.x(middle), y - 0.05),
        (head.x(outer), y - mood.brow_tilt * 0.6),
    ]
    bald = who.attributes["Hair Length"] == "Bald"
    color = darker(look.hair, 0.75) if not bald and look.variant[7] < 0.75 else _INK
    pen.line(curve(points, closed=False), color, look.brow)
