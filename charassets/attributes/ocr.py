"""What is written on a picture as evidence: pages of text, watermarks, and words that name an attribute.

What belongs here: lines to rows. Not here: finding lines (``charassets.images.text_areas``), reading them
(``charassets.models.ocr``). A tag that the picture's own words contradict shows as two rows of one attribute, source ``tag`` and
source ``ocr``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from charassets.attributes.evidence import Evidence
from charassets.attributes.evidence_source import JsonValue, Subject
from charassets.attributes.tags import parse
from charassets.attributes.vocabulary import UNKNOWN, Vocabulary
from charassets.images.decode import decode
from charassets.images.text_areas import TextLine
from charassets.models.ocr import find_reader, load_reader
from charassets.settings import ImageSettings, OcrSettings

_ATTRIBUTE, _PAGE, _WATERMARK = "Writing", "Text Page", "Watermark"
_PAGE_LINES, _PAGE_AREA = 6, 0.08  # lines, and share of the picture they fill, of a page that is half sure to be one
_READ_STRENGTH = 0.6  # a recogniser misreads, and a sheet may name somebody else
_OWNER = re.compile(
    r"©|\(c\)|@\w{3,}|www\.|https?:|\.(?:com|net|org|jp)\b|patreon|pixiv|twitter|fanbox|deviantart|artstation",
    re.IGNORECASE,
)


_STRIP_LIMITS = ImageSettings(min_side=1, max_aspect=1e6)  # strips are our own, and a line is long and low


class OcrSource:
    """Judges the writing found in whole pictures, and reads it where the settings name a reader; see ``EvidenceSource``."""

    source = "ocr"
    needs_pixels = False

    def __init__(self, settings: OcrSettings, device: str, vocabulary: Vocabulary) -> None:
        self._settings, self._device, self._vocabulary = settings, device, vocabulary

    def settings_read(self) -> Mapping[str, JsonValue]:
        """How many lines are read, and whether any are."""
        return {"max_lines": self._settings.max_lines, "reads": self._settings.path is not None}

    def weights(self) -> Mapping[str, str]:
        """The reader's files."""
        found = find_reader(self._settings)
        return {} if found is None else {f"ocr/{name}": digest for name, digest in found.files.items()}

    def answers(self, subjects: Sequence[Subject]) -> list[list[Evidence]]:
        """Evidence of what is written in every picture."""
        return [list(self._told(subject.writing)) if subject.writing else [] for subject in subjects]

    def _told(self, lines: Sequence[TextLine]) -> Iterator[Evidence]:
        if _ATTRIBUTE in self._vocabulary.attributes and (page := _page(lines)):
            yield Evidence(
                _ATTRIBUTE, _PAGE, page, self.source, f"{len(lines)} lines on {_covered(lines):.0%} of the picture"
            )
        reader = load_reader(self._settings, self._device)
        if reader is not None:
            strips = [line.strip for line in lines[: self._settings.max_lines] if line.strip is not None]
            yield from self._meant(reader.read([decode(strip, _STRIP_LIMITS).pixels for strip in strips]))

    def _meant(self, read: Sequence[str]) -> Iterator[Evidence]:
        """What the words of the lines say: whose picture it is, and what it shows."""
        owned = next((line for line in read if _OWNER.search(line)), None)
        if owned is not None and _ATTRIBUTE in self._vocabulary.attributes:
            yield Evidence(_ATTRIBUTE, _WATERMARK, 0.8, self.source, f"written `{owned}`")
        told: set[tuple[str, str]] = set()
        for said in parse("\n".join(line for line in read if line), self._vocabulary).said:
            claim = said.claim
            if claim.value != UNKNOWN and (claim.attribute, claim.value) not in told:
                told.add((claim.attribute, claim.value))
                score = round(claim.strength * _READ_STRENGTH, 3)
                yield Evidence(claim.attribute, claim.value, score, self.source, f"written `{said.words}`")


def _page(lines: Sequence[TextLine]) -> float:
    """How sure it is that a picture is a page: half at ``_PAGE_LINES`` lines or ``_PAGE_AREA``, whichever is further off."""
    share = min(len(lines) / _PAGE_LINES, _covered(lines) / _PAGE_AREA)
    return round(min(0.95, share / 2), 3) if share >= 0.5 else 0.0


def _covered(lines: Sequence[TextLine]) -> float:
    return min(1.0, sum(line.area for line in lines))
