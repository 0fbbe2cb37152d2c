"""Marks on a face: blush, folds of age, beards, scars, tattoos; and where on a head anything sits.

What belongs here: what lies on the skin around the features, and the projection both share. Not here: eyes, nose, mouth.
"""

import numpy as np

from charassets.studio.palette import darker, lighter
from charassets.studio.pen import Pen
from charassets.studio.posing import Pose
from charassets.studio.shapes import arc, curve, oval
from charassets.studio.traits import Character

EYE_PARTS = {-1: "left eye", 1: "right eye"}  # the pen's parts by side of the drawing, before it is mirrored


class Head:
    """Projection of one head: places on its front to drawing coordinates.

    Args:
        who: whose head.
        pose: how it is turned.
    """

    def __init__(self, who: Character, pose: Pose) -> None:
        self.width = who.look.head_width
        self.yaw = pose.yaw
        self.eye_angle = who.look.eye_angle

    def x(self, angle: float, radius: float = 1.0) -> float:
        """Horizontal place of a point ``angle`` radians right of the nose."""
        return self.width * radius * float(np.sin(angle + self.yaw))

    def facing(self, angle: float) -> float:
        """1 where the surface faces the viewer, 0 at the edge, negative behind."""
        return float(np.cos(angle + self.yaw))


def draw_marks_under(pen: Pen, who: Character, head: Head) -> None:
    """Blush and the folds of age: what lies on the skin below the features."""
    age = who.attributes["Age"]
    if who.attributes["Facial Expression"] == "Embarrassed":
        _draw_deep_blush(pen, head)
    elif who.attributes["Gender"] == "Female" and who.look.variant[1] < 0.4:
        for side in (-1, 1):
            pen.tint(oval(head.x(side * 0.62), 0.36, 0.2, 0.11), (0.95, 0.4, 0.42), 0.32)
    if age in {"Middle-Aged", "Elderly"}:
        _draw_cheek_folds(pen, who, head)
    if age == "Elderly":
        _draw_wrinkles(pen, who, head)


def _draw_deep_blush(pen: Pen, head: Head) -> None:
    for side in (-1, 1):
        x = head.x(side * 0.6)
        pen.tint(oval(x, 0.38, 0.24, 0.15), (0.95, 0.3, 0.32), 0.55)
        for k in (-1, 0, 1):
            pen.line(np.array([(x + k * 0.09 + 0.03, 0.3), (x + k * 0.09 - 0.03, 0.44)]), (0.85, 0.25, 0.3), 0.025)


def _draw_cheek_folds(pen: Pen, who: Character, head: Head) -> None:
    for side in (-1, 1):
        if head.facing(side * 0.5) > 0.2:
            fold = [(head.x(side * 0.22), 0.36), (head.x(side * 0.36), 0.5), (head.x(side * 0.36), 0.66)]
            pen.line(curve(fold, closed=False), darker(who.look.skin, 0.72), 0.035)


def _draw_wrinkles(pen: Pen, who: Character, head: Head) -> None:
    for k in range(3):
        y = -0.62 + 0.11 * k
        fold = [(head.x(-0.35), y), (head.x(0.0), y - 0.05), (head.x(0.35), y)]
        pen.line(curve(fold, closed=False), darker(who.look.skin, 0.76), 0.03)
    for side in (-1, 1):
        x = head.x(side * 0.46)
        pen.line(arc(x, who.look.eye_height + 0.1, 0.18, 0.12, 0.3, 2.8, 6), darker(who.look.skin, 0.72), 0.03)


def draw_facial_hair(pen: Pen, who: Character, pose: Pose, head: Head) -> None:
    """Beard, goatee, moustache or stubble; a bald man's is the colour of his brows."""
    kind = who.attributes["Facial Hair"]
    if kind == "None":
        return
    look = who.look
    color = look.hair if who.attributes["Hair Length"] != "Bald" else darker(look.skin, 0.35)
    w, chin = look.head_width, 0.26 * look.head_width * float(np.sin(pose.yaw))
    mouth, lip = head.x(0.0), look.mouth
    if kind == "Stubble":
        cheeks = [(-0.85 * w, 0.35), (mouth, lip - 0.2), (0.85 * w, 0.35)]
        shadow = [*cheeks, (0.6 * w + chin, 0.85), (chin, 1.0), (-0.6 * w + chin, 0.85)]
        pen.tint(curve(shadow), darker(look.skin, 0.4), 0.5)
        return
    if kind == "Beard":
        drop = 1.05 + 0.9 * look.variant[0] ** 2
        pen.fill(
            curve(
                [
                    (-0.99 * w, 0.0),
                    (-0.8 * w, 0.35),
                    (mouth - 0.3 * w, lip - 0.16),
                    (mouth, lip - 0.2),
                    (mouth + 0.3 * w, lip - 0.16),
                    (0.8 * w, 0.35),
                    (0.99 * w, 0.0),
                    (0.93 * w, 0.6),
                    (0.55 * w + chin, drop),
                    (chin, drop + 0.18),
                    (-0.55 * w + chin, drop),
                    (-0.93 * w, 0.6),
                ]
            ),  # fmt: skip
            color,
        )
        for k in (-0.4, 0.0, 0.4):
            pen.line(np.array([(chin + k * w, 0.75), (chin + k * w * 0.8, drop)]), darker(color, 0.7), 0.03)
    if kind == "Goatee":
        pen.fill(
            curve([(mouth - 0.2, lip + 0.14), (mouth + 0.2, lip + 0.14), (chin + 0.12, 1.22), (chin - 0.12, 1.22)]),
            color,
        )
    if kind == "Mustache" or (kind in {"Beard", "Goatee"} and look.variant[1] < 0.6):
        half = (0.3 + 0.25 * look.variant[2]) * w
        top, low = lip - 0.2, lip - 0.02
        wing = [(mouth - half, low), (mouth - 0.08, top), (mouth + 0.08, top), (mouth + half, low), (mouth, low - 0.06)]
        pen.fill(curve(wing), lighter(color, 0.06))


def draw_marks_over(pen: Pen, who: Character, head: Head) -> None:
    """Scars and tattoos: what lies over the features."""
    look = who.look
    if "Scars" in who.attributes:
        side = 1 if look.variant[0] < 0.5 else -1
        x = head.x(side * head.eye_angle)
        scar = darker(look.skin, 0.62) * np.array([1.25, 0.8, 0.8])
        pen.line(np.array([(x - 0.08, -0.42), (x + 0.1, 0.52)]), scar, 0.07)
        for y in (-0.2, 0.1, 0.35):
            pen.line(np.array([(x - 0.08, y), (x + 0.1, y - 0.05)]), scar, 0.03)
    if "Tattoos" in who.attributes:
        side = -1 if look.variant[0] < 0.5 else 1
        ink = np.array([0.15, 0.2, 0.45])
        for k in range(3):
            x = head.x(side * (0.5 + 0.14 * k))
            pen.tint(np.array([(x, 0.25), (x + 0.05, 0.25), (x + side * 0.02, 0.6)]), ink, 0.9)
