"""What people wrote about a record as evidence: tag lines and descriptions, read by the vocabulary's rules.

What belongs here: the parser behind the protocol. Not here: how lines are read (``tags``, ``sentences``).
"""

from collections.abc import Mapping, Sequence

from charassets.attributes.evidence import Evidence, from_words
from charassets.attributes.evidence_source import JsonValue, Subject
from charassets.attributes.tags import parse, parse_text
from charassets.attributes.vocabulary import Vocabulary


class WordSource:
    """Reads tag lines and descriptions by rule; see ``EvidenceSource``. Its rows carry ``tag`` or ``text``."""

    source = "tag"
    needs_pixels = False

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def settings_read(self) -> Mapping[str, JsonValue]:
        """None but the vocabulary, which the stage reads."""
        return {}

    def weights(self) -> Mapping[str, str]:
        """None: nothing is learned."""
        return {}

    def answers(self, subjects: Sequence[Subject]) -> list[list[Evidence]]:
        """Evidence of all that was written about each record."""
        read = self._vocabulary
        return [from_words((parse(subject.tags, read), parse_text(subject.description, read))) for subject in subjects]
