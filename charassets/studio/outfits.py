"""Bodies and what they wear: a table of garments, and how each part of one is cut.

What belongs here: torso, limbs, clothes from the neck down. Not here: heads, hats, things worn on the face.
"""

import numpy as np

from charassets.studio.collars import COLLARS
from charassets.studio.palette import darker
from charassets.studio.pen import Pen
from charassets.studio.posing import Pose, Skeleton
from charassets.studio.shapes import box, curve, oval, ribbon, star
from charassets.studio.tailoring import NAVY, WHITE, Fit, Outfit, cape, torso_outline
from charassets.studio.traits import Character
from charassets.studio.trimmings import TRIMMINGS

_BLACK, _STEEL = (0.1, 0.1, 0.12), (0.62, 0.65, 0.7)
_OLIVE = (0.36, 0.39, 0.25)
# Each Dress value in several cuts; the first letters say for whom (f, m, a = anyone).
_OUTFITS: dict[str, tuple[tuple[str, Outfit], ...]] = {
    "School Uniform": (
        ("f", Outfit("short", "skirt", ("sailor",), WHITE)),
        ("f", Outfit("long", "skirt", ("sailor",), NAVY)),
        ("a", Outfit("long", "skirt", ("lapels", "ribbon"), NAVY)),
        ("m", Outfit("long", "trousers", ("mandarin", "buttons"), _BLACK)),
        ("m", Outfit("long", "trousers", ("lapels", "tie"), NAVY)),
    ),
    "Kimono": (("a", Outfit("wide", "gown", ("cross", "obi"))), ("a", Outfit("wide", "gown", ("cross", "obi", "dots")))),
    "Chinese Clothes": (
        ("f", Outfit("none", "frock", ("mandarin", "frogs", "trim"))),
        ("a", Outfit("long", "gown", ("mandarin", "frogs", "trim"))),
    ),
    "Traditional Clothes": (
        ("f", Outfit("short", "frock", ("bodice", "apron"))),
        ("a", Outfit("long", "gown", ("sash", "trim", "dots"))),
        ("m", Outfit("long", "trousers", ("vest", "sash"))),
    ),
    "Maid": (("a", Outfit("short", "frock", ("apron", "collar", "frills"), _BLACK)),
             ("a", Outfit("long", "gown", ("apron", "collar", "frills"), NAVY))),
    "Military Uniform": (
        ("a", Outfit("long", "trousers", ("epaulettes", "double", "belt"), _OLIVE)),
        ("a", Outfit("long", "trousers", ("mandarin", "epaulettes", "buttons", "belt"))),
        ("f", Outfit("long", "skirt", ("epaulettes", "double", "belt"))),
    ),
    "Suit": (("a", Outfit("long", "trousers", ("lapels", "tie"))), ("a", Outfit("long", "trousers", ("lapels", "tie"), _BLACK)),
             ("f", Outfit("long", "skirt", ("lapels",), (0.3, 0.3, 0.34)))),
    "Dress": (("f", Outfit("none", "frock", ("neckline",))), ("f", Outfit("short", "frock", ("neckline", "sash"))),
              ("f", Outfit("none", "gown", ("neckline", "trim"))), ("f", Outfit("long", "gown", ("neckline", "belt")))),
    "Casual": (
        ("a", Outfit("short", "trousers", ("crew",))),
        ("a", Outfit("short", "shorts", ("crew", "emblem"))),
        ("a", Outfit("long", "trousers", ("hoodie",))),
        ("a", Outfit("long", "trousers", ("crew", "stripes"))),
        ("a", Outfit("long", "trousers", ("collar", "buttons"))),
        ("f", Outfit("long", "skirt", ("crew",))),
        ("a", Outfit("long", "trousers", ("jacket",))),
        ("a", Outfit("none", "shorts", ("crew",))),
    ),
    "Armor": (("a", Outfit("long", "trousers", ("plates", "pauldrons", "belt"), _STEEL)),
              ("a", Outfit("long", "trousers", ("plates", "pauldrons", "cape"), _STEEL)),
              ("a", Outfit("long", "skirt", ("plates", "pauldrons"), (0.72, 0.58, 0.28))),
              ("a", Outfit("long", "trousers", ("leather", "pauldrons", "belt"), (0.42, 0.29, 0.18)))),
    "Robe": (("a", Outfit("wide", "gown", ("cross", "belt"))), ("a", Outfit("wide", "gown", ("open", "trim"))),
             ("a", Outfit("wide", "gown", ("cape", "belt")))),
    "Swimwear": (("f", Outfit("none", "legs", ("onepiece",), tight=True)),
                 ("m", Outfit("none", "legs", ("trunks",), tight=True))),
    "Bodysuit": (("a", Outfit("long", "legs", ("seams",), tight=True)),
                 ("a", Outfit("long", "legs", ("seams", "belt"), _BLACK, True))),
    "Gothic Lolita": (("f", Outfit("long", "frock", ("frills", "ribbon", "lace"), _BLACK)),
                      ("f", Outfit("short", "frock", ("frills", "ribbon", "lace"), (0.3, 0.1, 0.2)))),
    "Sportswear": (("a", Outfit("short", "shorts", ("crew", "sides", "emblem"))),
                   ("a", Outfit("long", "trousers", ("zip", "sides"))),
                   ("a", Outfit("none", "shorts", ("crew", "sides")))),
    "Costume": (("a", Outfit("long", "trousers", ("ruff", "diamonds"))), ("a", Outfit("long", "frock", ("ruff", "dots"))),
                ("a", Outfit("long", "trousers", ("furtrim", "belt"), (0.8, 0.1, 0.12)))),
}  # fmt: skip

_DETAILS = COLLARS | TRIMMINGS


def _choose(who: Character) -> Outfit:
    letter = {"Female": "f", "Male": "m"}.get(str(who.attributes["Gender"]), "a")
    cuts = _OUTFITS[str(who.attributes["Dress"])]
    fitting = [o for sex, o in cuts if sex in {letter, "a"}] or [o for _, o in cuts]
    return fitting[int(who.look.variant[4] * len(fitting))]


def _fit(who: Character, pose: Pose, bones: Skeleton) -> Fit:
    outfit = _choose(who)
    cloth = np.asarray(outfit.fixed) if outfit.fixed is not None else who.look.cloth[0]
    return Fit(who, pose, bones, outfit, cloth, who.look.cloth[1], who.look.cloth[2], who.look.skin)


def draw_body(pen: Pen, who: Character, pose: Pose, bones: Skeleton) -> None:
    """Draw everything between the neck and the feet."""
    fit = _fit(who, pose, bones)
    if "cape" in fit.outfit.details:
        cape(pen, fit)
    _draw_legs(pen, fit)
    far, near = (0, 1) if pose.yaw >= 0 else (1, 0)
    if pose.from_behind or fit.bones.hands[far][1] > fit.bones.waist:
        _draw_arm(pen, fit, far)
    _draw_neck(pen, fit)
    _draw_torso(pen, fit)
    if not pose.from_behind:
        for name in fit.outfit.details:
            if name != "cape":
                _DETAILS[name](pen, fit)
    if not (pose.from_behind or fit.bones.hands[far][1] > fit.bones.waist):
        _draw_arm(pen, fit, far)
    _draw_arm(pen, fit, near)


def _draw_neck(pen: Pen, fit: Fit) -> None:
    half = 0.2 + 0.12 * fit.who.look.shoulders * min(1.0, fit.bones.shoulder)
    pen.fill(box(-half, 0.55, half, fit.bones.neck + 0.22), darker(fit.skin, 0.86))


def _draw_torso(pen: Pen, fit: Fit) -> None:
    b = fit.bones
    if fit.outfit.details == ("trunks",):
        pen.fill(torso_outline(fit, b.hip), fit.skin)
        return
    pen.fill(torso_outline(fit, b.hip + 0.05, grow=0.0 if fit.outfit.tight else 0.05), fit.cloth)
    adult_woman = fit.who.attributes["Gender"] == "Female" and fit.who.attributes["Age"] not in {"Child", "Teen"}
    if adult_woman and not fit.pose.from_behind:
        y = b.neck + 0.45 * (b.waist - b.neck) + 0.12
        fold = [
            (-b.shoulder * 0.55, y),
            (-b.shoulder * 0.28, y + 0.1),
            (0, y + 0.02),
            (b.shoulder * 0.28, y + 0.1),
            (b.shoulder * 0.55, y),
        ]
        pen.line(curve(fold, closed=False), darker(fit.cloth, 0.75), 0.04)
    if fit.who.attributes["Body Type"] == "Muscular" and fit.outfit.tight:
        pen.line(np.array([(0, b.neck + 0.4), (0, b.hip - 0.1)]), darker(fit.cloth, 0.7), 0.04)


def _draw_arm(pen: Pen, fit: Fit, side: int) -> None:
    b, sign = fit.bones, (-1, 1)[side]
    shoulder = (sign * b.shoulder * 0.9, b.neck + 0.24)
    elbow, hand = b.elbows[side], b.hands[side]
    thick = b.limb * (1.2 if fit.who.attributes["Body Type"] in {"Muscular", "Plump"} else 1.0)
    sleeves = fit.outfit.sleeves
    glove = fit.who.has("Gloves")
    skin = fit.skin
    pen.fill(ribbon([shoulder, elbow, hand], (thick, thick * 0.85, thick * 0.6)), skin)
    pen.fill(oval(*hand, thick * 0.85, thick * 0.95), fit.third if glove else skin)
    if sleeves == "short":
        middle = (shoulder[0] * 0.45 + elbow[0] * 0.55, shoulder[1] * 0.45 + elbow[1] * 0.55)
        pen.fill(ribbon([shoulder, middle], (thick * 1.15, thick * 1.35)), fit.cloth)
    elif sleeves == "long":
        wrist = (elbow[0] * 0.12 + hand[0] * 0.88, elbow[1] * 0.12 + hand[1] * 0.88)
        grow = 1.0 if fit.outfit.tight else 1.15
        pen.fill(ribbon([shoulder, elbow, wrist], (thick * grow, thick * grow, thick * 0.85 * grow)), fit.cloth)
    elif sleeves == "wide":
        wrist = (elbow[0] * 0.1 + hand[0] * 0.9, elbow[1] * 0.1 + hand[1] * 0.9)
        pen.fill(ribbon([shoulder, elbow, wrist], (thick * 1.2, thick * 1.7, thick * 2.5)), fit.cloth)
        pen.line(ribbon([elbow, wrist], (thick * 1.6, thick * 2.4))[:2], fit.third, 0.05)
    if "Tattoos" in fit.who.attributes and sleeves in {"none", "short"} and side == 0:
        for k in range(3):
            t = 0.35 + 0.2 * k
            x, y = elbow[0] * (1 - t) + hand[0] * t, elbow[1] * (1 - t) + hand[1] * t
            pen.tint(star(x, y, thick * 0.8, thick * 0.3, 4), (0.12, 0.18, 0.4), 0.85)


def _draw_legs(pen: Pen, fit: Fit) -> None:
    b, bottom = fit.bones, fit.outfit.bottom
    thick = 0.48 * b.hip_width + 0.05
    bare = bottom in {"skirt", "frock", "shorts"} or (fit.outfit.tight and fit.outfit.sleeves == "none")
    stockings = bare and fit.who.look.variant[5] < 0.35 and not fit.outfit.tight
    color = fit.skin if bare else fit.cloth if fit.outfit.tight else fit.second
    for side, foot_x in zip((-1, 1), b.feet, strict=True):
        top = (side * b.hip_width * 0.5, b.hip - 0.15)
        knee = ((top[0] + foot_x) / 2 + side * 0.05, b.knee)
        pen.fill(ribbon([top, knee, (foot_x, b.foot - 0.1)], (thick, thick * 0.75, thick * 0.5)), color)
        if stockings:
            pen.fill(ribbon([knee, (foot_x, b.foot - 0.1)], (thick * 0.76, thick * 0.52)), fit.third)
        if bottom == "shorts":
            pen.fill(
                ribbon([top, ((top[0] + knee[0]) / 2, (top[1] + knee[1]) / 2)], (thick * 1.1, thick * 1.15)), fit.second
            )
        way = np.sign(np.sin(fit.pose.yaw)) * 0.18 if abs(fit.pose.yaw) > 0.5 else side * 0.08
        shoe = darker(fit.third, 0.7) if not (fit.outfit.tight and bare) else fit.skin
        if fit.who.look.variant[6] < 0.4 and not bare:
            pen.fill(
                ribbon(
                    [((knee[0] + foot_x) / 2, (b.knee + b.foot) / 2), (foot_x, b.foot - 0.08)],
                    (thick * 0.75, thick * 0.62),
                ),
                shoe,
            )
        pen.fill(oval(foot_x + way, b.foot - 0.08, thick * 0.62 + 0.12, 0.16), shoe)
    _draw_skirt(pen, fit)


def _draw_skirt(pen: Pen, fit: Fit) -> None:
    b, bottom = fit.bones, fit.outfit.bottom
    leg = b.foot - b.hip
    hem = {"skirt": b.hip + 0.36 * leg, "frock": b.hip + 0.5 * leg, "gown": b.foot - 0.12}.get(bottom)
    if hem is None:
        return
    flare = {"skirt": 1.5, "frock": 1.75, "gown": 1.45}[bottom] + 0.3 * fit.who.look.variant[7]
    color = fit.second if bottom == "skirt" else fit.cloth
    waves = [(u * b.hip_width * flare, hem + (0.06 if k % 2 else -0.03)) for k, u in enumerate(np.linspace(1, -1, 9))]
    top = b.waist if bottom == "skirt" else b.waist - 0.05
    outline = np.array(
        [(-b.waist_width, top), (b.waist_width, top), (b.hip_width * 1.12, b.hip), *waves, (-b.hip_width * 1.12, b.hip)]
    )
    pen.fill(outline, color)
    for u in (-0.6, -0.2, 0.25, 0.6):
        pen.line(np.array([(u * b.hip_width, b.hip), (u * b.hip_width * flare, hem)]), darker(color, 0.75), 0.035)
