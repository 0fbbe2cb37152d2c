"""Who a character is: attribute values of the project's vocabulary, and the look that one identity keeps in every picture.

What belongs here: sampling of attributes and of constant features. Not here: pose, style, framing, drawing.
"""

from dataclasses import dataclass

import numpy as np

from charassets.studio.chance import pick, pick_key
from charassets.studio.palette import HAIR_COLORS, Rgb, cloth_color, darker, shade_of, skin_shade

Attributes = dict[str, str | tuple[str, ...]]

_AGES = {"Child": 0.1, "Teen": 0.2, "Young Adult": 0.4, "Middle-Aged": 0.16, "Elderly": 0.14}
_GENDERS = {"Female": 0.47, "Male": 0.45, "Androgynous": 0.08}
_EYE_COLORS = {
    "Blue": 16, "Red": 10, "Green": 12, "Brown": 15, "Purple": 8, "Yellow": 8, "Pink": 5, "Black": 12, "Grey": 5,
    "Aqua": 5, "Orange": 5, "White": 2, "Heterochromia": 3,
}  # fmt: skip
_BODY_TYPES = {"Slim": 0.25, "Average": 0.35, "Muscular": 0.15, "Curvy": 0.12, "Plump": 0.13}
_EXPRESSIONS = {
    "Happy": 30, "Sad": 10, "Angry": 13, "Surprised": 9, "Scared": 6, "Embarrassed": 9, "Serious": 15, "Smug": 8,
}  # fmt: skip
MOODS = tuple(_EXPRESSIONS)
_HEADWEAR = {"None": 70, "Hat": 7, "Cap": 5, "Hood": 7, "Helmet": 5, "Crown": 3, "Headband": 3}

# Hair styles: the lengths each can have, and how often women, men and children wear it (weights; androgynous: the mean).
_STYLES: dict[str, tuple[tuple[str, ...], float, float]] = {
    "Ponytail": (("Medium", "Long", "Very Long"), 9, 3),
    "Twintails": (("Medium", "Long", "Very Long"), 8, 0.2),
    "Half Updo": (("Medium", "Long", "Very Long"), 4, 0.7),
    "Braid": (("Medium", "Long", "Very Long"), 7, 1),
    "Bun": (("Short", "Medium"), 6, 1.2),
    "Bob": (("Short", "Medium"), 8, 0.7),
    "Hime Cut": (("Long", "Very Long"), 4, 0.2),
    "Drill": (("Medium", "Long"), 3, 0.1),
    "Straight": (("Very Short", "Short", "Medium", "Long", "Very Long"), 12, 13),
    "Wavy": (("Short", "Medium", "Long", "Very Long"), 9, 5),
    "Curly": (("Very Short", "Short", "Medium", "Long"), 6, 6),
    "Spiky": (("Very Short", "Short", "Medium"), 2, 11),
    "Messy": (("Very Short", "Short", "Medium", "Long"), 4, 9),
    "Afro": (("Short", "Medium"), 2.5, 3),
    "Dreadlocks": (("Medium", "Long"), 1.5, 2.5),
    "Mohawk": (("Short",), 0.7, 2.5),
    "Undercut": (("Very Short", "Short"), 1, 5),
}
_OUTFITS: dict[str, tuple[float, float]] = {  # weights for women and men
    "School Uniform": (6, 5), "Kimono": (5, 3), "Chinese Clothes": (4, 3), "Traditional Clothes": (3, 3),
    "Maid": (5, 0), "Military Uniform": (4, 6), "Suit": (4, 8), "Dress": (10, 0), "Casual": (18, 20),
    "Armor": (6, 10), "Robe": (6, 9), "Swimwear": (2.5, 2.5), "Bodysuit": (4, 3), "Gothic Lolita": (4, 0),
    "Sportswear": (5, 6), "Costume": (3, 3),
}  # fmt: skip
_ADULT = {"Young Adult", "Middle-Aged", "Elderly"}
_BEARDS = {"None": 45, "Beard": 22, "Mustache": 14, "Goatee": 8, "Stubble": 11}
_ACCESSORIES: dict[str, tuple[float, float]] = {  # probability for women and men
    "Earrings": (0.22, 0.06), "Hair Ornament": (0.26, 0.02), "Scarf": (0.06, 0.07), "Mask": (0.03, 0.03),
    "Necklace": (0.16, 0.06), "Gloves": (0.08, 0.1),
}  # fmt: skip
# Not of the vocabulary: what a body has that a human body has not, kept under the name PARTS.
_PARTS: dict[str, float] = {"Horns": 0.04, "Animal Ears": 0.05, "Wings": 0.03, "Pointy Ears": 0.07}
PARTS = "Non-Human Parts"
_SKIN_TONES = {"Pale": 0.2, "Light": 0.4, "Tan": 0.16, "Dark": 0.17, "Non-Human": 0.07}
_FRINGES = ("blunt", "parted", "swept", "spiky", "curtain", "back", "wispy")


@dataclass(frozen=True)
class Look:
    """What stays the same about a character from picture to picture (colours RGB 0..1, sizes in half heads).

    Attributes:
        heads: body height in heads; 2.3 is a chibi, 8 a heroic figure.
        head_width: half width of the skull. jaw: width of the chin relative to the cheeks, 0..1.
        eye_size: scale of the eyes. eye_height: how far below the middle of the head they sit.
        eye_angle: radians from the middle of the face to each. mouth: how far below the middle of the head it sits.
        shoulders, waist, hips: half widths relative to a proportion of the figure.
        hair_volume: thickness of the hair over the skull. fringe: shape of the front hair.
        curl: a number that fixes the irregularities of this person's hair.
    """

    skin: Rgb
    hair: Rgb
    hair_second: Rgb | None
    eyes: tuple[Rgb, Rgb]
    cloth: tuple[Rgb, Rgb, Rgb]
    heads: float
    head_width: float
    jaw: float
    eye_size: float
    eye_height: float
    eye_angle: float
    mouth: float
    shoulders: float
    waist: float
    hips: float
    hair_volume: float
    fringe: str
    brow: float
    curl: int
    variant: tuple[float, ...]


@dataclass(frozen=True)
class Character:
    """One identity: what a tagger could say about it, and how it looks."""

    seed: int
    attributes: Attributes
    look: Look

    def has(self, thing: str) -> bool:
        """Whether the character wears this accessory or has this part."""
        return thing in self.attributes.get("Accessories", ()) or thing in self.attributes.get(PARTS, ())


def _by_gender(table: dict[str, tuple[float, float]], gender: str) -> dict[str, float]:
    share = {"Female": 1.0, "Male": 0.0, "Androgynous": 0.5}[gender]
    return {name: share * women + (1 - share) * men for name, (women, men) in table.items()}


def _sample_hair(rng: np.random.Generator, gender: str, age: str) -> dict[str, str]:
    bald = {"Female": 0.015, "Male": 0.1, "Androgynous": 0.04}[gender] * (2.0 if age == "Elderly" else 1.0)
    if rng.random() < bald and age != "Child":
        return {"Hair Length": "Bald"}
    style = pick_key(rng, _by_gender({name: (w, m) for name, (_, w, m) in _STYLES.items()}, gender))
    lengths = _STYLES[style][0]
    long_odds = tuple(1.0 if gender != "Male" or n in {"Very Short", "Short"} else 0.45 for n in lengths)
    if gender == "Female":
        long_odds = tuple(0.25 if n == "Very Short" else 1.0 for n in lengths)
    colors = dict.fromkeys(HAIR_COLORS, 1.0) | {"Multicolor": 0.8}
    if age == "Elderly":
        colors = {"White": 4, "Grey": 4, "Black": 0.7, "Brown": 0.7, "Blonde": 0.3, "Red": 0.2}
    return {
        "Hair Color": pick_key(rng, colors),
        "Hair Length": pick(rng, lengths, long_odds),
        "Hair Style": style,
    }


def _sample_accessories(rng: np.random.Generator, gender: str, age: str, headwear: str) -> tuple[str, ...]:
    worn = [name for name, odds in _by_gender(_ACCESSORIES, gender).items() if rng.random() < odds]
    draw = rng.random()
    eyewear = 0.2 if age != "Elderly" else 0.3
    if draw < eyewear:
        worn.append("Glasses")
    elif draw < eyewear + 0.06:
        worn.append("Sunglasses")
    elif draw < eyewear + 0.1:
        worn.append("Eyepatch")
    if headwear != "None":
        worn = [name for name in worn if name != "Hair Ornament"]
    return tuple(sorted(worn))


def _sample_parts(rng: np.random.Generator, headwear: str) -> tuple[str, ...]:
    parts = [name for name, odds in _PARTS.items() if rng.random() < odds]
    return tuple(name for name in parts if headwear == "None" or name not in {"Animal Ears", "Horns"})


def sample_attributes(rng: np.random.Generator) -> Attributes:
    """Draw one consistent set of attributes.

    Returns:
        Attribute name to value, in the vocabulary's Title Case. ``Accessories`` and ``PARTS`` are tuples; ``Scars`` and ``Tattoos``
        are there (as Present) or absent; a bald head has neither hair colour nor style.
    """
    age, gender = pick_key(rng, _AGES), pick_key(rng, _GENDERS)
    hair = _sample_hair(rng, gender, age)
    outfits = _by_gender(_OUTFITS, gender)
    if age not in _ADULT:
        outfits = {k: v for k, v in outfits.items() if k not in {"Swimwear", "Bodysuit"}}
        outfits["School Uniform"] *= 2.5
    else:
        outfits["School Uniform"] *= 0.15
    headwear = pick_key(rng, _HEADWEAR)
    dress = pick_key(rng, outfits)
    attributes: Attributes = {"Age": age, "Gender": gender, **hair}
    attributes |= {
        "Eye Color": pick_key(rng, _EYE_COLORS),
        "Body Type": pick_key(rng, _BODY_TYPES) if age in _ADULT else str(rng.choice(["Slim", "Average", "Plump"])),
        "Dress": dress,
        "Facial Expression": pick_key(rng, _EXPRESSIONS),
        "Facial Hair": pick_key(rng, _BEARDS) if gender == "Male" and age in _ADULT else "None",
        "Headwear": headwear,
        "Skin Tone": pick_key(rng, _SKIN_TONES),
    }
    accessories = _sample_accessories(rng, gender, age, headwear)
    if accessories:
        attributes["Accessories"] = accessories
    if parts := _sample_parts(rng, headwear):
        attributes[PARTS] = parts
    if rng.random() < 0.08 and age != "Child":
        attributes["Scars"] = "Present"
    if rng.random() < 0.06 and age in _ADULT:
        attributes["Tattoos"] = "Present"
    return attributes


def _hair_shades(color: str, rng: np.random.Generator) -> tuple[Rgb, Rgb | None]:
    if color != "Multicolor":
        return shade_of(color, rng), None
    first, second = rng.choice(HAIR_COLORS, 2, replace=False)
    return shade_of(str(first), rng), shade_of(str(second), rng)


def _eye_shades(color: str, rng: np.random.Generator) -> tuple[Rgb, Rgb]:
    if color == "Heterochromia":
        left, right = rng.choice(["Blue", "Red", "Green", "Purple", "Yellow", "Brown"], 2, replace=False)
        return shade_of(str(left), rng), shade_of(str(right), rng)
    shade = shade_of(color, rng)
    return shade, shade


_HEADS = {"Child": (3.4, 4.9), "Teen": (4.8, 7.0), "Young Adult": (5.4, 8.0)}
_WIDTHS = {"Slim": 0.86, "Average": 1.0, "Muscular": 1.14, "Curvy": 1.04, "Plump": 1.2}


def sample_character(seed: int, attributes: Attributes | None = None) -> Character:
    """Make one identity.

    Args:
        seed: the same seed gives the same person.
        attributes: a consistent attribute set to use instead of a sampled one.
    """
    rng = np.random.default_rng([seed, 0xC4A])
    attributes = attributes or sample_attributes(rng)
    age, gender, body = str(attributes["Age"]), str(attributes["Gender"]), str(attributes["Body Type"])
    low, high = _HEADS.get(age, (5.2, 7.8))
    heads = float(rng.uniform(2.2, 3.4) if rng.random() < 0.2 else rng.uniform(low, high))
    hair, second = _hair_shades(str(attributes.get("Hair Color", "Brown")), rng)
    feminine = {"Female": 1.0, "Male": 0.0, "Androgynous": 0.5}[gender]
    chibi = np.clip((4.5 - heads) / 2, 0, 1)
    width = _WIDTHS[body]
    cloth = cloth_color(rng)
    return Character(
        seed,
        attributes,
        Look(
            skin=skin_shade(str(attributes["Skin Tone"]), rng),
            hair=hair,
            hair_second=second,
            eyes=_eye_shades(str(attributes["Eye Color"]), rng),
            cloth=(cloth, cloth_color(rng), cloth_color(rng) if rng.random() < 0.6 else darker(cloth, 0.5)),
            heads=heads,
            head_width=float(rng.uniform(0.7, 0.86) + 0.14 * chibi + 0.05 * (body == "Plump")),
            jaw=float(rng.uniform(0.25, 0.5) + 0.3 * (1 - feminine) * rng.random() + 0.15 * (body == "Plump")),
            eye_size=float(rng.uniform(0.75, 1.2) + 0.25 * (age == "Child") + 0.12 * feminine),
            eye_height=float(rng.uniform(0.02, 0.16) + 0.1 * (age == "Child")),
            eye_angle=float(rng.uniform(0.36, 0.54)),
            mouth=float(rng.uniform(0.55, 0.7)),
            shoulders=float((1.16 - 0.26 * feminine) * rng.uniform(0.93, 1.07) * width),
            waist=float(
                (0.8 - 0.14 * feminine) * width * (1.25 if body == "Plump" else 0.86 if body == "Curvy" else 1)
            ),
            hips=float((0.74 + 0.16 * feminine) * width * (1.1 if body == "Curvy" else 1)),
            hair_volume=float(rng.uniform(0.1, 0.28)),
            fringe=str(rng.choice(_FRINGES)),
            brow=float(rng.uniform(0.03, 0.06) + 0.05 * (1 - feminine) * rng.random()),
            curl=int(rng.integers(1 << 30)),
            variant=tuple(float(v) for v in rng.random(8)),
        ),
    )
