"""Trimmings: belts, buttons, plates, patterns and frills over a finished torso, one small drawing each.

What belongs here: the details of the outfit table that do not begin at the neck. Not here: limbs, cuts, collars.
"""

from collections.abc import Callable

import numpy as np

from charassets.studio.collars import draw_mandarin
from charassets.studio.palette import darker, lighter
from charassets.studio.pen import Pen
from charassets.studio.shapes import box, curve, oval, ribbon, star
from charassets.studio.tailoring import Fit, torso_outline


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


def _trim(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    pen.line(np.array([(0, b.neck + 0.3), (0, b.foot - 0.2)]), fit.third, 0.1)
    pen.line(np.array([(-b.hip_width * 1.2, b.foot - 0.3), (b.hip_width * 1.2, b.foot - 0.3)]), fit.third, 0.1)


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


def _stripes(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    for y in np.linspace(b.neck + 0.35, b.hip - 0.05, 4):
        half = np.interp(y, [b.neck, b.waist, b.hip], [b.shoulder, b.waist_width, b.hip_width]) * 0.9
        pen.line(np.array([(-half, y), (half, y)]), fit.third, 0.12)


def _emblem(pen: Pen, fit: Fit) -> None:
    y = fit.bones.neck + 0.5
    shape = star(0, y, 0.26, 0.12) if fit.who.look.variant[2] < 0.5 else oval(0, y, 0.22)
    pen.fill(shape, fit.third, outline=0.5, shade=False)


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
    draw_mandarin(pen, fit)


def _zip(pen: Pen, fit: Fit) -> None:
    draw_mandarin(pen, fit)
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


def _sash(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    half = b.waist_width * 1.08
    pen.fill(box(-half, b.waist - 0.14, half, b.waist + 0.16), fit.third)
    pen.fill(ribbon([(half * 0.5, b.waist + 0.1), (half * 0.6, b.waist + 0.8)], (0.12, 0.16)), fit.third)


TRIMMINGS: dict[str, Callable[[Pen, Fit], None]] = {
    "apron": _apron,
    "belt": _belt,
    "buttons": _buttons,
    "diamonds": _diamonds,
    "dots": _dots,
    "double": _double,
    "emblem": _emblem,
    "epaulettes": _epaulettes,
    "frills": _frills,
    "furtrim": _furtrim,
    "lace": _lace,
    "leather": _leather,
    "obi": _obi,
    "onepiece": _onepiece,
    "open": _open,
    "pauldrons": _pauldrons,
    "plates": _plates,
    "sash": _sash,
    "seams": _seams,
    "sides": _sides,
    "stripes": _stripes,
    "trim": _trim,
    "trunks": _trunks,
    "zip": _zip,
}
