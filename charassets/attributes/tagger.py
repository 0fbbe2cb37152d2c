"""A tagger's tags as evidence: what the vocabulary makes of each tag that the model sees in the picture.

What belongs here: probabilities of tags to rows. Not here: the model (``charassets.models.tagger``).
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from charassets.attributes import lookup, spelling
from charassets.attributes.evidence import Evidence
from charassets.attributes.evidence_source import JsonValue, Subject
from charassets.attributes.vocabulary import Claim, Vocabulary
from charassets.models.tagger import GENERAL, TagLabel, find_tagger, load_tagger
from charassets.settings import TaggerSettings

_DECIMALS = 3


class TaggerSource:
    """Asks a tagger about crops; see ``EvidenceSource``.

    A tag is worth its probability times what the vocabulary says such a tag is worth. Characters and ratings are passed over.
    """

    source = "tagger"
    needs_pixels = True

    def __init__(self, settings: TaggerSettings, device: str, vocabulary: Vocabulary) -> None:
        self._settings, self._device, self._vocabulary = settings, device, vocabulary
        self._claims: dict[int, tuple[Claim, ...]] | None = None

    def settings_read(self) -> Mapping[str, JsonValue]:
        """The floor."""
        return {"floor": self._settings.floor}

    def weights(self) -> Mapping[str, str]:
        """The tagger's files."""
        return {f"tagger/{name}": digest for name, digest in find_tagger(self._settings).files.items()}

    def answers(self, subjects: Sequence[Subject]) -> list[list[Evidence]]:
        """Evidence of every crop."""
        told: list[list[Evidence]] = [[] for _ in subjects]
        shown = [(k, subject.pixels) for k, subject in enumerate(subjects) if subject.pixels is not None]
        tagger = load_tagger(self._settings, self._device)
        if self._claims is None:
            self._claims = claims_of(tagger.labels, self._vocabulary)
        for (k, _), chances in zip(shown, tagger.probabilities([pixels for _, pixels in shown]), strict=True):
            told[k] = self._rows(tagger.name, tagger.labels, chances)
        return told

    def _rows(self, model: str, labels: Sequence[TagLabel], chances: NDArray[np.float32]) -> list[Evidence]:
        best: dict[tuple[str, str], Evidence] = {}
        for k, claims in (self._claims or {}).items():
            chance = float(chances[k])
            if chance < self._settings.floor:
                continue
            for claim in claims:
                score = round(chance * claim.strength, _DECIMALS)
                known = best.get((claim.attribute, claim.value))
                if known is None or score > known.score:
                    detail = f"{model} sees `{labels[k].name}` {chance:.2f}"
                    row = Evidence(claim.attribute, claim.value, score, self.source, detail)
                    best[claim.attribute, claim.value] = row
        return sorted(best.values(), key=lambda row: (row.attribute, -row.score, row.value))


def claims_of(labels: Sequence[TagLabel], vocabulary: Vocabulary) -> dict[int, tuple[Claim, ...]]:
    """What each general tag claims, by its place among the labels; tags that claim nothing are left out."""
    meanings = {
        k: lookup.meaning(spelling.clean(t.name), vocabulary) for k, t in enumerate(labels) if t.category == GENERAL
    }
    return {k: meaning.claims for k, meaning in meanings.items() if meaning.claims}
