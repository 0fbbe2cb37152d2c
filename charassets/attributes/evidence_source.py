"""The protocol of everything that gives evidence: words or pictures in, evidence rows out.

What belongs here: what a source is shown and what it answers. Not here: the sources (``zero_shot``, ``head_answers``, ``colour``,
``tagger``, ``vlm``, ``text_llm``, ``ocr``, ``tags``) and which of them the settings choose (``chosen_sources``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from charassets.attributes.evidence import Evidence
from charassets.images.text_areas import TextLine

Fractions = tuple[float, float, float, float]
"""A head as ``x0, y0, x1, y1`` in fractions of the crop."""

JsonValue = str | int | float | bool | None | Sequence["JsonValue"] | Mapping[str, "JsonValue"]


@dataclass(frozen=True)
class Subject:
    """What is known of one record; a source looks at the parts it ``needs`` and gives no evidence where they are missing.

    Attributes:
        tags: the tag line as it came.
        description: the description as it came.
        pixels: (H, W, 3) uint8 RGB crop of the main figure.
        head: its head in the crop; None where the detector found none.
        embedding: (dim,) float16 unit-norm vector of the crop.
        writing: lines of writing in the whole picture, the largest first; None where nobody looked.
    """

    tags: str | None = None
    description: str | None = None
    pixels: NDArray[np.uint8] | None = None
    head: Fractions | None = None
    embedding: NDArray[np.float16] | None = None
    writing: Sequence[TextLine] | None = None


class EvidenceSource(Protocol):
    """One way to know something of a record. Cheap to make; whatever it loads, it loads at its first question.

    A new source is a class with these five members and one line in ``chosen_sources``.
    """

    @property
    def source(self) -> str:
        """What its rows carry in the column ``source``: tag, clip, head, colour, tagger, vlm, ocr, ..."""
        ...

    @property
    def needs_pixels(self) -> bool:
        """Whether it looks at ``Subject.pixels``, which have to be decoded."""
        ...

    def settings_read(self) -> Mapping[str, JsonValue]:
        """The settings that change its answers; a part of the stage's fingerprint."""
        ...

    def weights(self) -> Mapping[str, str]:
        """The files behind it, name to sha256, found without loading them.

        Raises:
            ModelMissingError: they are not there, or not the pinned ones.
        """
        ...

    def answers(self, subjects: Sequence[Subject]) -> list[list[Evidence]]:
        """Evidence for each subject, in order; the answer for one does not depend on its company.

        Raises:
            ModelMissingError: its model cannot be opened.
            CharassetsError: what it is shown does not fit it.
        """
        ...
