"""How people tag: what they forget, confuse, copy from the wrong picture, or know although it cannot be seen.

What belongs here: the seeded corruption of a complete tag line, with the truth about every planted error. Not here: the wording of
tags (``wording``), finding the errors again.

The rates are those of public booru lines as far as they are known: counts and hair colour are nearly always there, build and
expression often missing, and a few per cent of what is there is wrong (taggers confuse neighbouring colours and lengths).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from charassets.studio.labelled import complete_line
from charassets.studio.traits import Attributes
from charassets.studio.wording import tags_of

_COLOURS = {
    "Black": ("Brown", "Grey", "Blue"), "Brown": ("Black", "Blonde", "Orange", "Red"), "Blonde": ("Brown", "White", "Orange"),
    "Red": ("Orange", "Brown", "Pink"), "Orange": ("Red", "Blonde", "Brown"), "Pink": ("Purple", "Red"),
    "Purple": ("Blue", "Pink"), "Blue": ("Aqua", "Purple", "Black"), "Aqua": ("Blue", "Green"), "Green": ("Aqua", "Blue"),
    "White": ("Grey", "Blonde"), "Grey": ("White", "Black"), "Multicolor": ("Blonde", "Brown", "Pink"),
    "Yellow": ("Orange", "Brown"), "Heterochromia": ("Blue", "Red"),
}  # fmt: skip
_LENGTHS = ("Very Short", "Short", "Medium", "Long", "Very Long")
_OTHERS: Mapping[str, tuple[str, ...]] = {
    "Age": ("Child", "Middle-Aged", "Elderly"),  # the ages taggers name
    "Gender": ("Female", "Male"),
    "Hair Style": ("Ponytail", "Twintails", "Braid", "Bun", "Bob", "Straight", "Wavy", "Curly", "Spiky", "Messy"),
    "Body Type": ("Muscular", "Curvy", "Plump"),
    "Dress": ("School Uniform", "Kimono", "Military Uniform", "Suit", "Dress", "Casual", "Armor", "Robe", "Costume"),
    "Facial Expression": ("Happy", "Sad", "Angry", "Surprised", "Scared", "Embarrassed", "Serious", "Smug"),
    "Facial Hair": ("Beard", "Mustache", "Goatee", "Stubble"),
    "Headwear": ("Hat", "Cap", "Hood", "Helmet", "Crown", "Headband"),
    "Skin Tone": ("Pale", "Tan", "Dark"),
}


@dataclass(frozen=True)
class Rates:
    """How often taggers err, as shares of the things they could have tagged.

    Attributes:
        forgotten: attribute to the share of pictures that lack its tag; ``other`` for those not named.
        confused: a neighbouring or another value instead of the right one.
        doubled: a second, contradicting value beside the right one.
        unseen: tagged from knowing the character, though this picture does not show it.
        invented: an accessory, scar or tattoo that is not there.
        mixed_up: pictures that carry the line of another one.
    """

    forgotten: Mapping[str, float]
    other: float = 0.3
    confused: float = 0.05
    doubled: float = 0.02
    unseen: float = 0.03
    invented: float = 0.01
    mixed_up: float = 0.01


REALISTIC = Rates(
    {
        "Gender": 0.03,
        "Hair Color": 0.12,
        "Hair Length": 0.2,
        "Eye Color": 0.15,
        "Dress": 0.25,
        "Hair Style": 0.3,
        "Facial Expression": 0.35,
        "Body Type": 0.5,
        "Age": 0.4,
        "Skin Tone": 0.4,
    }  # fmt: skip
)
"""Rates of a well-kept booru."""


@dataclass(frozen=True)
class Mistagged:
    """A line as somebody might have written it.

    Attributes:
        line: tags, comma-separated.
        wrong: attributes about which the line says something that the picture does not show.
    """

    line: str
    wrong: tuple[str, ...]


def mistag(
    shown: Sequence[Attributes], whole: Sequence[Attributes], seed: int, rates: Rates = REALISTIC
) -> list[Mistagged]:
    """Tag pictures as people do; the same arguments give the same lines.

    Args:
        shown: what each picture shows.
        whole: what is true of the character, shown or not.
        seed: of the errors.
        rates: how often they happen.
    """
    rng = np.random.default_rng([seed, 0x7A6])
    lines = [_mistagged(*pair, rng, rates) for pair in zip(shown, whole, strict=True)]
    answer: list[Mistagged] = []
    for number, line in enumerate(lines):
        if rng.random() < rates.mixed_up:
            other = int(rng.integers(len(lines)))
            wrong = _differences(shown[number], shown[other])
            answer.append(Mistagged(lines[other].line, wrong))
        else:
            answer.append(line)
    return answer


def _mistagged(shown: Attributes, whole: Attributes, rng: np.random.Generator, rates: Rates) -> Mistagged:
    tagged: Attributes = {}
    more: list[str] = []
    wrong: list[str] = []
    for name, value in shown.items():
        if not isinstance(value, str):
            tagged[name] = tuple(one for one in value if rng.random() >= rates.other)
        elif rng.random() >= rates.forgotten.get(name, rates.other):
            chance = rng.random()
            said = _another(name, value, rng) if chance < rates.confused else value
            tagged[name] = said
            if rates.confused <= chance < rates.confused + rates.doubled:
                second = _another(name, value, rng)
                said = second if tags_of({name: second}) else said  # a second count would be a second figure
                more += tags_of({name: second})
            if said != value and complete_line({name: said}) != complete_line({name: value}):
                wrong.append(name)
    for name in sorted(whole.keys() - shown.keys()):
        value = whole[name]
        if isinstance(value, str) and name != "Gender" and rng.random() < rates.unseen:
            tagged[name] = value
            wrong += [name] if tags_of({name: value}) else []
    for name in ("Scars", "Tattoos"):
        if name not in shown and rng.random() < rates.invented:
            tagged[name] = "Present"
            wrong.append(name)
    line = ", ".join([complete_line(tagged), *more])
    return Mistagged(line, tuple(dict.fromkeys(wrong)))


def _another(name: str, value: str, rng: np.random.Generator) -> str:
    """A value somebody could take for this one; itself where nothing is like it."""
    if name in ("Hair Color", "Eye Color"):
        near: Sequence[str] = _COLOURS.get(value, ())
    elif name == "Hair Length":
        place = _LENGTHS.index(value) if value in _LENGTHS else 0
        near = [_LENGTHS[k] for k in (place - 1, place + 1) if 0 <= k < len(_LENGTHS)]
    else:
        near = [other for other in _OTHERS.get(name, ()) if other != value]
    return str(near[int(rng.integers(len(near)))]) if near else value


def _differences(shown: Attributes, other: Attributes) -> tuple[str, ...]:
    """What a line of the other picture gets wrong about this one."""
    return tuple(
        name
        for name, value in other.items()
        if isinstance(value, str) and shown.get(name) != value and complete_line({name: value}) != complete_line({})
    )
