"""Collars and fronts: what a garment does between the shoulders, one small drawing each.

What belongs here: the details of the outfit table that begin at the neck. Not here: belts, patterns, armour.
"""

from collections.abc import Callable

import numpy as np

from charassets.studio.palette import darker, lighter
from charassets.studio.pen import Pen
from charassets.studio.shapes import curve, oval
from charassets.studio.tailoring import NAVY, WHITE, Fit, torso_outline, v_neck


def _sailor(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    blue = np.asarray(NAVY) if fit.cloth.mean() > 0.5 else fit.second
    pen.fill(v_neck(fit, 0.5), fit.skin, outline=0)
    for s in (-1, 1):
        flap = np.array(
            [
                (s * 0.3, b.neck - 0.14),
                (s * b.shoulder * 0.85, b.neck + 0.12),
                (s * b.shoulder * 0.7, b.neck + 0.5),
                (0, b.neck + 0.62),
            ]
        )
        pen.fill(flap, blue)
        pen.line(flap[1:3] * np.array([0.9, 0.98]), (1, 1, 1), 0.04)
    draw_ribbon(pen, fit, 0.62)


def draw_ribbon(pen: Pen, fit: Fit, drop: float = 0.2) -> None:
    """A tied ribbon, ``drop`` below the shoulder line."""
    y = fit.bones.neck + drop
    for s in (-1, 1):
        pen.fill(curve([(0, y), (s * 0.3, y - 0.16), (s * 0.32, y + 0.14)]), fit.third)
        pen.fill(np.array([(0, y), (s * 0.2, y + 0.42), (s * 0.06, y + 0.46)]), darker(fit.third, 0.85))
    pen.fill(oval(0, y, 0.09, 0.09), fit.third)


def _lapels(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    pen.fill(
        v_neck(fit, 0.85 * (b.waist - b.neck) + 0.1), np.asarray(WHITE) if fit.who.look.variant[0] < 0.7 else fit.third
    )
    for s in (-1, 1):
        lapel = [
            (s * 0.3, b.neck - 0.16),
            (s * 0.56, b.neck + 0.3),
            (s * 0.4, b.neck + 0.36),
            (0, b.waist - 0.08),
            (s * 0.12, b.neck + 0.25),
        ]
        pen.fill(np.array(lapel), lighter(fit.cloth, 0.12))
    pen.line(np.array([(0, b.waist - 0.08), (0, b.hip)]), darker(fit.cloth, 0.5), 0.04)


def _tie(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    top, end = b.neck + 0.04, b.neck + 0.8 * (b.waist - b.neck)
    pen.fill(
        np.array(
            [
                (-0.09, top),
                (0.09, top),
                (0.05, top + 0.12),
                (0.13, end - 0.1),
                (0, end),
                (-0.13, end - 0.1),
                (-0.05, top + 0.12),
            ]
        ),
        fit.third,
    )


def draw_mandarin(pen: Pen, fit: Fit) -> None:
    """A standing collar."""
    y = fit.bones.neck
    pen.fill(
        curve([(-0.32, y - 0.26), (0.32, y - 0.26), (0.36, y + 0.05), (-0.36, y + 0.05)], samples=2),
        lighter(fit.cloth, 0.1),
    )


def _cross(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    pen.fill(v_neck(fit, 0.62), fit.skin, outline=0)
    for s, reach in ((1, 0.0), (-1, 0.18)):
        fold = [
            (s * 0.4, b.neck - 0.16),
            (s * 0.16, b.neck - 0.18),
            (-s * (0.22 + reach), b.waist),
            (-s * reach, b.waist),
        ]
        pen.fill(np.array(fold), fit.second if fit.who.look.variant[2] < 0.6 else lighter(fit.cloth, 0.35))


def _frogs(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    pen.line(
        np.array([(0.05, b.neck), (0.3 * b.shoulder, b.neck + 0.35), (0.4 * b.shoulder, b.waist)]), fit.third, 0.06
    )
    for k in range(3):
        x, y = (0.1 + 0.1 * k) * b.shoulder + 0.1, b.neck + 0.12 + 0.22 * k
        pen.line(np.array([(x - 0.12, y), (x + 0.12, y - 0.02)]), fit.third, 0.07)


def _bodice(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    pen.fill(torso_outline(fit, b.neck + 0.45), np.asarray(WHITE))
    for y in np.linspace(b.neck + 0.45, b.waist - 0.05, 4):
        pen.line(np.array([(-0.16, y), (0.16, y + 0.1)]), fit.third, 0.04)


def _collar(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    for s in (-1, 1):
        pen.fill(
            np.array([(s * 0.34, b.neck - 0.2), (0, b.neck + 0.04), (s * 0.28, b.neck + 0.24)]), (0.97, 0.97, 0.98)
        )


def _crew(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    pen.fill(oval(0, b.neck - 0.06, 0.32, 0.16 + 0.1 * fit.who.look.variant[0]), fit.skin, outline=0.6)


def _neckline(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    pen.fill(
        curve(
            [
                (-0.42 * b.shoulder, b.neck - 0.1),
                (0.42 * b.shoulder, b.neck - 0.1),
                (0.3 * b.shoulder, b.neck + 0.24),
                (-0.3 * b.shoulder, b.neck + 0.24),
            ]
        ),
        fit.skin,
        outline=0.5,
    )


def _hoodie(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    pen.fill(
        curve(
            [(-0.62, b.neck - 0.2), (0, b.neck + 0.22), (0.62, b.neck - 0.2), (0.4, b.neck + 0.4), (-0.4, b.neck + 0.4)]
        ),
        darker(fit.cloth, 0.85),
    )
    for s in (-1, 1):
        pen.line(np.array([(s * 0.14, b.neck + 0.32), (s * 0.16, b.neck + 0.75)]), (0.95, 0.95, 0.95), 0.05)
    pen.line(
        curve(
            [(-b.waist_width * 0.6, b.hip - 0.1), (-0.3, b.waist), (0.3, b.waist), (b.waist_width * 0.6, b.hip - 0.1)],
            closed=False,
        ),
        darker(fit.cloth, 0.6),
        0.05,
    )


def _jacket(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    pen.fill(np.array([(-0.34, b.neck - 0.12), (0.34, b.neck - 0.12), (0.3, b.hip), (-0.3, b.hip)]), fit.third)
    for s in (-1, 1):
        pen.fill(
            np.array([(s * 0.3, b.neck - 0.2), (s * 0.6, b.neck + 0.1), (s * 0.34, b.neck + 0.4)]),
            darker(fit.cloth, 0.8),
        )


def _ruff(pen: Pen, fit: Fit) -> None:
    for u in np.linspace(-1, 1, 9):
        pen.fill(oval(u * 0.62, fit.bones.neck - 0.02 + 0.12 * (1 - u * u), 0.16, 0.15), (0.97, 0.97, 0.98))


def _vest(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    pen.fill(v_neck(fit, 0.7), np.asarray(WHITE), outline=0.4)
    for s in (-1, 1):
        pen.fill(
            np.array(
                [
                    (s * 0.3, b.neck - 0.1),
                    (s * b.shoulder * 0.75, b.neck + 0.15),
                    (s * b.waist_width * 0.9, b.hip),
                    (s * 0.05, b.hip),
                    (s * 0.05, b.neck + 0.75),
                ]
            ),
            fit.second,
        )


COLLARS: dict[str, Callable[[Pen, Fit], None]] = {
    "bodice": _bodice,
    "collar": _collar,
    "crew": _crew,
    "cross": _cross,
    "frogs": _frogs,
    "hoodie": _hoodie,
    "jacket": _jacket,
    "lapels": _lapels,
    "mandarin": draw_mandarin,
    "neckline": _neckline,
    "ribbon": draw_ribbon,
    "ruff": _ruff,
    "sailor": _sailor,
    "tie": _tie,
    "vest": _vest,
}
