"""Characters with one face: sets that only hair, eyes and clothes tell apart, as casts drawn by one hand often are.

What belongs here: choosing them. Not here: drawing them (``scenes``), and who is asked about them.
"""

from dataclasses import replace

import numpy as np

from charassets.studio.palette import HAIR_COLORS
from charassets.studio.traits import Character, sample_attributes, sample_character

_EYES = ("Blue", "Red", "Green", "Brown", "Purple", "Yellow", "Aqua", "Orange", "Pink", "Grey")


def same_face(seed: int, count: int) -> list[Character]:
    """A set of characters of one face, build, age and hairdo.

    No two share the hair colour; eyes and clothes are drawn anew for each, so that some of them agree.

    Args:
        seed: of the face; the characters' own seeds are ``seed``, ``seed + 1``, ...
        count: how many, at most as there are hair colours.
    """
    rng = np.random.default_rng([seed, 0x5AFE])
    first = sample_character(seed)
    while "Hair Color" not in first.attributes or first.attributes["Headwear"] == "Helmet":
        first = sample_character(seed, sample_attributes(rng))
    hair = [str(color) for color in rng.permutation(HAIR_COLORS)[:count]]
    return [_sibling(first, seed + k, color, rng) for k, color in enumerate(hair)]


def _sibling(first: Character, seed: int, hair: str, rng: np.random.Generator) -> Character:
    """The same person with other colours and, every second time, another outfit of what goes with the same age."""
    other = sample_attributes(rng)
    dressed = (
        other["Dress"]
        if other["Age"] == first.attributes["Age"] and other["Gender"] == first.attributes["Gender"]
        else None
    )
    changed = {"Hair Color": hair, "Eye Color": str(rng.choice(_EYES)), "Dress": dressed or first.attributes["Dress"]}
    drawn = sample_character(seed, first.attributes | changed)
    kept = first.look
    return replace(
        drawn, look=replace(kept, hair=drawn.look.hair, hair_second=None, eyes=drawn.look.eyes, cloth=drawn.look.cloth)
    )
