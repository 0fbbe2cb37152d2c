"""Which slips of the pen are forgiven: one letter wrong, missing, doubled or swapped in a long word of the vocabulary.

What belongs here: the bound, and finding the word within it fast. Not here: what the word means (``lookup``).
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from rapidfuzz.distance import OSA

from charassets.attributes.vocabulary import Vocabulary

SHORTEST = 7
"""Letters of a word from which a slip is forgiven. Shorter words have real neighbours: scar and scarf, cape and cap."""

_EDITS = 1
# Real words and tags one letter away from a word of the vocabulary, found by reading every tag of the list that came so near.
_KEPT_APART = frozenset(
    "multiplewings grinding pennant hairflip eyecatch serasuku megadeko hatloss hairwings nightcat backhair leopard "  # noqa: SIM905
    "brushing muffled ponchos boarhood staroncheek hairbelt pigtail".split()
)


def corrected(key: str, vocabulary: Vocabulary) -> str | None:
    """The key of the vocabulary that a spelling key was meant to be; None where there is none, or two that mean different things.

    The first letter has to be right: people seldom miss it, and real words that rhyme (``bowtie``, ``cowtie``) differ there.
    """
    if len(key) < SHORTEST or not key.isalpha() or key in _KEPT_APART:
        return None
    near = _neighbours(vocabulary)
    candidates = {word for shortened in (key, *_shortened(key)) for word in near.get(shortened, ())}
    close = [w for w in candidates if w[0] == key[0] and OSA.distance(key, w, score_cutoff=_EDITS) <= _EDITS]
    meanings = {vocabulary.claims[word] for word in close}
    return min(close) if len(meanings) == 1 else None


@lru_cache(maxsize=4)
def _neighbours(vocabulary: Vocabulary) -> Mapping[str, tuple[str, ...]]:
    """Words by every form with one letter less: two words one edit apart share such a form, so no word need be compared with all.

    The symmetric-delete idea of Garbe's SymSpell (2012).
    """
    found: dict[str, list[str]] = {}
    for word in vocabulary.claims:
        if len(word) >= SHORTEST - _EDITS and word.isalpha():
            for form in {word, *_shortened(word)}:
                found.setdefault(form, []).append(word)
    return {form: tuple(words) for form, words in found.items()}


def _shortened(word: str) -> Iterator[str]:
    return (word[:i] + word[i + 1 :] for i in range(len(word)))
