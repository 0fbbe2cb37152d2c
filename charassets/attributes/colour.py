"""Colour truth from pixels: what colour the hair is, measured and not guessed from the look of a whole picture.

What belongs here: measurements to evidence, and how far a measurement is to be trusted. Not here: measuring
(``charassets.images``) and names of colours (``colour_names``).
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from charassets.attributes.colour_names import ColourNames, names_of
from charassets.attributes.evidence import COLOUR, Evidence
from charassets.attributes.evidence_source import JsonValue, Subject
from charassets.attributes.vocabulary import Attribute, Vocabulary
from charassets.images.figure_colours import Measured, measure

FLOOR = 0.15
"""Answers below this strength are not kept: a measurement that may as well be of a hat stays silent."""

_TOP = 2  # names of one colour: its own, and the neighbour's across the border
_NEIGHBOUR = 0.5  # of the best name's score, for a name that is just as near
_DECIMALS = 3


class ColourSource:
    """Measures colours in the head and on the figure; see ``EvidenceSource``.

    Args:
        vocabulary: attributes with ``measured_in`` are answered, by the names of their shades.
    """

    source = COLOUR
    needs_pixels = True

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._asked = {
            attribute: names_of(attribute) for attribute in vocabulary.attributes.values() if attribute.measured_in
        }

    def settings_read(self) -> Mapping[str, JsonValue]:
        """None but the vocabulary, which the stage reads."""
        return {}

    def weights(self) -> Mapping[str, str]:
        """None: nothing is learned."""
        return {}

    def answers(self, subjects: Sequence[Subject]) -> list[list[Evidence]]:
        """Evidence of what could be measured of each crop."""
        return [
            [] if subject.pixels is None else list(self._told(subject.pixels, subject.head)) for subject in subjects
        ]

    def _told(self, pixels: NDArray[np.uint8], head: tuple[float, float, float, float] | None) -> Iterator[Evidence]:
        found = measure(pixels, head)
        for attribute, names in self._asked.items():
            for patch in found.get(attribute.measured_in or "", ()):
                yield from _named(attribute, names, patch)


def _named(attribute: Attribute, names: ColourNames, patch: Measured) -> Iterator[Evidence]:
    chances = names.chances(patch.lab)
    best, known = float(chances.max()), float(chances.sum())
    for place, k in enumerate(np.argsort(-chances, kind="stable")[:_TOP]):
        # Where two names meet, people accept the nearer one: it was right in .98 of colours with a lead of ten in a hundred.
        named = known if place == 0 else _NEIGHBOUR * float(chances[k]) / best
        score = round(named * patch.trust, _DECIMALS)
        if score >= FLOOR:
            yield Evidence(attribute.name, names.names[k], score, COLOUR, _in_words(attribute, patch))


def _in_words(attribute: Attribute, patch: Measured) -> str:
    light, a, b = patch.lab
    return f"{attribute.measured_in} measured as Lab {light:.0f} {a:+.0f} {b:+.0f} on {patch.share:.0%} of its place"
