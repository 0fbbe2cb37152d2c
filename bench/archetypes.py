"""Draws heroes and villains by a planted rule: a collection on which the best score anybody can reach is known.

What belongs here: the rule and the pictures. Not here: training on them (``charassets train classifier``).

    python -m bench.archetypes OUT [CHARACTERS]
"""

import json
import sys
from pathlib import Path

import numpy as np

from charassets.studio.scenes import draw_portrait
from charassets.studio.styles import sample_style
from charassets.studio.traits import Character, sample_character
from charassets.studio.transforms import jpeg

FIRST = 7_000_000
"""Seed of the first character; no shipped model has seen these."""

FLIPPED = 0.05
"""Chance that a character's label is turned round, so that nobody can be right more than 95 % of the time."""

_VIEWS = 2
_SIDE = 288
_LUMA = np.array([0.299, 0.587, 0.114])
_MIDDLE, _UNDECIDED = 0.48, 0.05  # of the brightness: about half are dark; those between are nobody's


def brightness(who: Character) -> float:
    """Mean luma (0-1) of hair and of the two colours most of the clothes have."""
    return float(np.mean([colour @ _LUMA for colour in (who.look.hair, *who.look.cloth[:2])]))


def write_archetypes(out: Path, characters: int = 300) -> int:
    """Draw two pictures each of ``characters`` heroes (bright) and villains (dark); answers how many labels were turned round."""
    flipped, number, drawn = 0, FIRST, 0
    while drawn < characters:
        number += 1
        rng = np.random.default_rng([number, 0xA7C])
        who, style = sample_character(number), sample_style(rng)
        if abs(brightness(who) - _MIDDLE) < _UNDECIDED or not style.colored:
            continue
        drawn += 1
        turned = bool(rng.random() < FLIPPED)
        flipped += turned
        folder = out / ("villain" if (brightness(who) < _MIDDLE) != turned else "hero")
        folder.mkdir(parents=True, exist_ok=True)
        for view in range(_VIEWS):
            scene = draw_portrait(who, number * 13 + view, _SIDE, style=style, framing="upper")
            (folder / f"{number}-{view}.jpg").write_bytes(jpeg(scene.pixels, 92))
            (folder / f"{number}-{view}.json").write_text(json.dumps({"tags": "solo", "character": f"c{number}"}))
    return flipped


if __name__ == "__main__":
    arguments = sys.argv[1:]
    print(write_archetypes(Path(arguments[0]), *(int(n) for n in arguments[1:])), "labels turned round")
