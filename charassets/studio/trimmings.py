"""Trimmings: what makes a plain torso a sailor suit, a suit of armour or a kimono, one small drawing each.

What belongs here: the details named by the outfit table, drawn over the finished torso. Not here: limbs and cuts.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from charassets.studio.palette import Rgb, darker, lighter
from charassets.studio.pen import Pen
from charassets.studio.posing import Pose, Skeleton
from charassets.studio.shapes import Points, box, curve, oval, ribbon, star
from charassets.studio.traits import Character

NAVY, WHITE = (0.13, 0.16, 0.33), (0.94, 0.94, 0.96)


@dataclass(frozen=True)
class Outfit:
    """A cut.

    Attributes:
        sleeves: none, short, long or wide.
        bottom: trousers, shorts, skirt, gown (to the ankle), frock (to the knee) or legs (bare or skin-tight).
        details: names of ``DETAILS`` drawn on top, in order.
        fixed: RGB of the main cloth where the garment implies one, else the character's own colour.
        tight: the second skin of bodysuits and swimwear.
    """

    sleeves: str
    bottom: str
    details: tuple[str, ...]
    fixed: tuple[float, float, float] | None = None
    tight: bool = False


@dataclass(frozen=True)
class Fit:
    """One body in one outfit, ready to be drawn."""

    who: Character
    pose: Pose
    bones: Skeleton
    outfit: Outfit
    cloth: Rgb
    second: Rgb
    third: Rgb
    skin: Rgb


def torso_outline(fit: Fit, hem: float, *, grow: float = 0.0) -> Points:
    """Outline of the trunk down to ``hem``, ``grow`` wider than the body."""
    b = fit.bones
    slope = 0.16
    half = [
        (0.26, b.neck - 0.12), (b.shoulder * 0.72, b.neck + slope * 0.4), (b.shoulder + grow, b.neck + slope + 0.14),
        (b.shoulder * 0.9 + grow, b.neck + 0.35 * (b.waist - b.neck) + 0.1), (b.waist_width + grow, b.waist),
        (b.hip_width + grow, hem),
    ]  # fmt: skip
    return curve([*half, *[(-x, y) for x, y in reversed(half)]], samples=4)


def _v_neck(fit: Fit, depth: float, half: float = 0.34) -> Points:
    top = fit.bones.neck - 0.1
    return np.array([(-half, top), (half, top), (0.0, top + depth)])


def _sailor(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    blue = np.asarray(NAVY) if fit.cloth.mean() > 0.5 else fit.second
    pen.fill(_v_neck(fit, 0.5), fit.skin, outline=0)
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
    _ribbon(pen, fit, 0.62)


def _ribbon(pen: Pen, fit: Fit, drop: float = 0.2) -> None:
    y = fit.bones.neck + drop
    for s in (-1, 1):
        pen.fill(curve([(0, y), (s * 0.3, y - 0.16), (s * 0.32, y + 0.14)]), fit.third)
        pen.fill(np.array([(0, y), (s * 0.2, y + 0.42), (s * 0.06, y + 0.46)]), darker(fit.third, 0.85))
    pen.fill(oval(0, y, 0.09, 0.09), fit.third)


def _lapels(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    pen.fill(
        _v_neck(fit, 0.85 * (b.waist - b.neck) + 0.1), np.asarray(WHITE) if fit.who.look.variant[0] < 0.7 else fit.third
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


def _mandarin(pen: Pen, fit: Fit) -> None:
    y = fit.bones.neck
    pen.fill(
        curve([(-0.32, y - 0.26), (0.32, y - 0.26), (0.36, y + 0.05), (-0.36, y + 0.05)], samples=2),
        lighter(fit.cloth, 0.1),
    )


def _buttons(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    pen.line(np.array([(0, b.neck), (0, b.hip)]), darker(fit.cloth, 0.6), 0.035)
    for y in np.linspace(b.neck + 0.2, b.hip - 0.15, 5):
        pen.fill(
            oval(0.0, y, 0.06),
            fit.third if fit.who.look.variant[1] < 0.5 else (0.85, 0.7, 0.3),
            outline=0.4,
            shade=False,
        )


def _double(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    for y in np.linspace(b.neck + 0.3, b.waist, 4):
        for s in (-1, 1):
            pen.fill(oval(s * 0.28 * b.shoulder, y, 0.06), (0.88, 0.73, 0.3), outline=0.4, shade=False)


def _belt(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    half = b.waist_width * 1.08 + 0.03
    pen.fill(box(-half, b.waist - 0.02, half, b.waist + 0.2), (0.3, 0.2, 0.13))
    pen.fill(box(-0.13, b.waist - 0.05, 0.13, b.waist + 0.23), (0.85, 0.72, 0.35), shade=False)


def _epaulettes(pen: Pen, fit: Fit) -> None:
    for s in (-1, 1):
        x = s * fit.bones.shoulder * 0.85
        pen.fill(oval(x, fit.bones.neck + 0.14, 0.3, 0.12), (0.85, 0.7, 0.3))


def _cross(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    pen.fill(_v_neck(fit, 0.62), fit.skin, outline=0)
    for s, reach in ((1, 0.0), (-1, 0.18)):
        fold = [
            (s * 0.4, b.neck - 0.16),
            (s * 0.16, b.neck - 0.18),
            (-s * (0.22 + reach), b.waist),
            (-s * reach, b.waist),
        ]
        pen.fill(np.array(fold), fit.second if fit.who.look.variant[2] < 0.6 else lighter(fit.cloth, 0.35))


def _obi(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    half = b.waist_width * 1.12
    pen.fill(box(-half, b.waist - 0.34, half, b.waist + 0.22), fit.third)
    pen.line(np.array([(-half, b.waist - 0.06), (half, b.waist - 0.06)]), lighter(fit.second, 0.3), 0.07)


def _dots(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    rng = np.random.default_rng(fit.who.look.curl)
    for _ in range(9):
        x, y = rng.uniform(-0.8, 0.8) * b.waist_width, rng.uniform(b.neck + 0.5, b.foot - 0.4)
        shape = star(x, y, 0.14, 0.06) if fit.who.look.variant[3] < 0.5 else oval(x, y, 0.09)
        pen.fill(shape, fit.second, outline=0, shade=False)


def _frogs(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    pen.line(
        np.array([(0.05, b.neck), (0.3 * b.shoulder, b.neck + 0.35), (0.4 * b.shoulder, b.waist)]), fit.third, 0.06
    )
    for k in range(3):
        x, y = (0.1 + 0.1 * k) * b.shoulder + 0.1, b.neck + 0.12 + 0.22 * k
        pen.line(np.array([(x - 0.12, y), (x + 0.12, y - 0.02)]), fit.third, 0.07)


def _trim(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    pen.line(np.array([(0, b.neck + 0.3), (0, b.foot - 0.2)]), fit.third, 0.1)
    pen.line(np.array([(-b.hip_width * 1.2, b.foot - 0.3), (b.hip_width * 1.2, b.foot - 0.3)]), fit.third, 0.1)


def _bodice(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    pen.fill(torso_outline(fit, b.neck + 0.45), np.asarray(WHITE))
    for y in np.linspace(b.neck + 0.45, b.waist - 0.05, 4):
        pen.line(np.array([(-0.16, y), (0.16, y + 0.1)]), fit.third, 0.04)


def _apron(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    hem = b.hip + 0.38 * (b.foot - b.hip)
    half = b.hip_width
    pen.fill(
        np.array(
            [
                (-b.waist_width * 0.7, b.waist),
                (b.waist_width * 0.7, b.waist),
                (half, hem - 0.1),
                (0.0, hem + 0.05),
                (-half, hem - 0.1),
            ]
        ),
        (0.97, 0.97, 0.98),
    )
    pen.fill(box(-b.shoulder * 0.42, b.neck + 0.3, b.shoulder * 0.42, b.waist + 0.05), (0.97, 0.97, 0.98))
    for s in (-1, 1):
        pen.line(
            np.array([(s * b.shoulder * 0.4, b.neck + 0.35), (s * b.shoulder * 0.6, b.neck + 0.08)]),
            (0.97, 0.97, 0.98),
            0.14,
        )


def _frills(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    for s in (-1, 1):
        for k in range(4):
            x, y = s * (b.shoulder * (0.42 + 0.12 * k)), b.neck + 0.32 - 0.04 * k
            pen.fill(oval(x, y, 0.12, 0.1), (0.97, 0.97, 0.98), outline=0.4)


def _lace(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    hem = b.hip + 0.5 * (b.foot - b.hip)
    for u in np.linspace(-1, 1, 10):
        pen.fill(oval(u * b.hip_width * 1.7, hem + 0.04, 0.16, 0.12), (0.97, 0.97, 0.98), outline=0.4)


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


def _stripes(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    for y in np.linspace(b.neck + 0.35, b.hip - 0.05, 4):
        half = np.interp(y, [b.neck, b.waist, b.hip], [b.shoulder, b.waist_width, b.hip_width]) * 0.9
        pen.line(np.array([(-half, y), (half, y)]), fit.third, 0.12)


def _emblem(pen: Pen, fit: Fit) -> None:
    y = fit.bones.neck + 0.5
    shape = star(0, y, 0.26, 0.12) if fit.who.look.variant[2] < 0.5 else oval(0, y, 0.22)
    pen.fill(shape, fit.third, outline=0.5, shade=False)


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


def _plates(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    pen.fill(torso_outline(fit, b.waist + 0.05), lighter(fit.cloth, 0.12))
    pen.line(np.array([(0, b.neck + 0.1), (0, b.waist)]), darker(fit.cloth, 0.6), 0.05)
    for y in np.linspace(b.waist, b.hip, 3):
        pen.line(
            curve([(-b.waist_width, y), (0, y + 0.1), (b.waist_width, y)], closed=False), darker(fit.cloth, 0.5), 0.06
        )
    pen.fill(
        curve([(-0.4, b.neck - 0.22), (0.4, b.neck - 0.22), (0.42, b.neck + 0.1), (-0.42, b.neck + 0.1)], samples=2),
        fit.cloth,
    )


def _pauldrons(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    for s in (-1, 1):
        for k in range(2):
            pen.fill(
                oval(s * b.shoulder * (0.98 + 0.04 * k), b.neck + 0.2 + 0.2 * k, 0.42 - 0.06 * k, 0.28, angle=s * 0.3),
                lighter(fit.cloth, 0.08 * (1 - k)),
            )


def _leather(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    for s in (-1, 1):
        pen.line(
            np.array([(s * b.shoulder * 0.7, b.neck + 0.2), (-s * b.waist_width * 0.8, b.waist)]),
            darker(fit.cloth, 0.5),
            0.12,
        )


def cape(pen: Pen, fit: Fit) -> None:
    """The cape: the one detail that hangs behind the body."""
    b = fit.bones
    hem = b.hip + 0.8 * (b.foot - b.hip)
    half = b.shoulder * 1.5
    pen.fill(
        curve(
            [
                (-b.shoulder, b.neck),
                (b.shoulder, b.neck),
                (half, hem),
                (half * 0.3, hem - 0.12),
                (-half * 0.3, hem + 0.05),
                (-half, hem),
            ],
            samples=4,
        ),
        fit.third,
    )


def _open(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    pen.fill(
        np.array([(-0.2, b.neck - 0.1), (0.2, b.neck - 0.1), (0.42, b.foot - 0.2), (-0.42, b.foot - 0.2)]), fit.second
    )


def _onepiece(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    pen.fill(oval(0, b.neck - 0.02, 0.4 * b.shoulder, 0.2), fit.skin, outline=0)
    pen.line(np.array([(-b.hip_width, b.hip), (b.hip_width, b.hip)]), darker(fit.cloth, 0.7), 0.05)
    for s in (-1, 1):
        pen.line(np.array([(s * b.waist_width, b.waist - 0.3), (s * b.hip_width, b.hip)]), fit.third, 0.07)


def _trunks(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    low = b.hip + 0.35 * (b.foot - b.hip)
    pen.fill(
        np.array(
            [
                (-b.hip_width, b.waist + 0.2),
                (b.hip_width, b.waist + 0.2),
                (b.hip_width * 1.15, low),
                (0.06, low),
                (0, b.hip + 0.3),
                (-0.06, low),
                (-b.hip_width * 1.15, low),
            ]
        ),
        fit.cloth,
    )
    pen.line(np.array([(0, b.neck + 0.5), (0, b.waist)]), darker(fit.skin, 0.8), 0.03)


def _seams(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    for s in (-1, 1):
        path = [
            (s * b.shoulder * 0.6, b.neck + 0.1),
            (s * b.waist_width * 0.5, b.waist),
            (s * b.hip_width * 0.7, b.hip),
        ]
        pen.line(curve(path, closed=False), lighter(fit.third, 0.3), 0.07)
    _mandarin(pen, fit)


def _zip(pen: Pen, fit: Fit) -> None:
    _mandarin(pen, fit)
    pen.line(np.array([(0, fit.bones.neck), (0, fit.bones.hip)]), (0.85, 0.85, 0.85), 0.05)


def _sides(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    for s in (-1, 1):
        pen.line(
            np.array(
                [
                    (s * b.shoulder * 0.86, b.neck + 0.4),
                    (s * b.waist_width * 0.92, b.waist),
                    (s * b.hip_width * 0.95, b.hip),
                ]
            ),
            (0.97, 0.97, 0.97),
            0.09,
        )


def _ruff(pen: Pen, fit: Fit) -> None:
    for u in np.linspace(-1, 1, 9):
        pen.fill(oval(u * 0.62, fit.bones.neck - 0.02 + 0.12 * (1 - u * u), 0.16, 0.15), (0.97, 0.97, 0.98))


def _diamonds(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    for row, y in enumerate(np.linspace(b.neck + 0.4, b.hip - 0.2, 3)):
        for u in (-0.5, 0.0, 0.5):
            pen.fill(
                star((u + 0.25 * (row % 2)) * b.waist_width, y, 0.2, 0.1, 2),
                fit.second if row % 2 else fit.third,
                outline=0.3,
                shade=False,
            )


def _furtrim(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    white = (0.96, 0.96, 0.97)
    pen.line(np.array([(0, b.neck), (0, b.hip)]), white, 0.2)
    pen.line(np.array([(-b.hip_width, b.hip), (b.hip_width, b.hip)]), white, 0.22)
    _crew_fur = curve([(-0.45, b.neck - 0.15), (0, b.neck + 0.12), (0.45, b.neck - 0.15)], closed=False)
    pen.line(_crew_fur, white, 0.2)


def _vest(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    pen.fill(_v_neck(fit, 0.7), np.asarray(WHITE), outline=0.4)
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


def _sash(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    half = b.waist_width * 1.08
    pen.fill(box(-half, b.waist - 0.14, half, b.waist + 0.16), fit.third)
    pen.fill(ribbon([(half * 0.5, b.waist + 0.1), (half * 0.6, b.waist + 0.8)], (0.12, 0.16)), fit.third)


DETAILS: dict[str, Callable[[Pen, Fit], None]] = {
    "sailor": _sailor, "ribbon": _ribbon, "lapels": _lapels, "tie": _tie, "mandarin": _mandarin, "buttons": _buttons,
    "double": _double, "belt": _belt, "epaulettes": _epaulettes, "cross": _cross, "obi": _obi, "dots": _dots,
    "frogs": _frogs, "trim": _trim, "bodice": _bodice, "apron": _apron, "frills": _frills, "lace": _lace,
    "collar": _collar, "crew": _crew, "neckline": _neckline, "stripes": _stripes, "emblem": _emblem, "hoodie": _hoodie,
    "jacket": _jacket, "plates": _plates, "pauldrons": _pauldrons, "leather": _leather, "open": _open,
    "onepiece": _onepiece, "trunks": _trunks, "seams": _seams, "zip": _zip, "sides": _sides, "ruff": _ruff,
    "diamonds": _diamonds, "furtrim": _furtrim, "vest": _vest, "sash": _sash,
}  # fmt: skip
