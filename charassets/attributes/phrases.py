"""Adjectives around a noun: "long honey blonde hair", "hair is short and black".

What belongs here: the little grammar that tags (``long_blonde_hair``) and sentences share. Not here: where phrases begin and
end in a line.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from charassets.attributes.vocabulary import Claim, Noun

_JOINERS = frozenset({"and", ",", "&", "with", "or"})
_COPULAS = frozenset({"is", "are", "was", "were"})


@dataclass(frozen=True)
class Phrase:
    """What a noun phrase claims, and how many words around its noun it took."""

    claims: tuple[Claim, ...]
    words: tuple[str, ...]
    taken: int


def before(noun: Noun, tokens: Sequence[str]) -> Phrase:
    """Read the adjectives that end right before a noun.

    A word that is both an adjective and a mere shade ("dark") counts as an adjective only where no nearer word decided the same
    attribute: "dark hair" is black, "dark brown hair" is brown.

    Args:
        noun: the noun's adjectives.
        tokens: words before the noun, in order, lower case.
    """
    claims: list[Claim] = []
    words: list[str] = []
    position = len(tokens)
    while position:
        size, found = _adjective(noun, tokens, position)
        token = tokens[position - 1]
        if found:
            word = " ".join(tokens[position - size : position])
            new = _undecided(found, claims) if word in noun.modifiers else found
            claims.extend(c for c in new if c not in claims)
            words.insert(0, word)
        elif token in noun.modifiers:
            words.insert(0, token)
        elif token not in _JOINERS or not words:
            break
        position -= size
    return Phrase(tuple(claims), tuple(words), len(tokens) - position)


def after(noun: Noun, tokens: Sequence[str]) -> Phrase:
    """Read the adjectives that a copula ties to a noun before it: "(her hair) is short and black".

    Args:
        noun: the noun's adjectives.
        tokens: words after the noun, in order, lower case.
    """
    if not tokens or tokens[0] not in _COPULAS:
        return Phrase((), (), 0)
    end = 1
    while end < len(tokens) and (
        _adjective(noun, tokens, end + 1)[1]
        or _adjective(noun, tokens, min(end + 2, len(tokens)))[1]
        or tokens[end] in noun.modifiers
        or tokens[end] in _JOINERS
    ):
        end += 1
    while tokens[end - 1] in _JOINERS:
        end -= 1
    phrase = before(noun, tokens[1:end])
    return Phrase(phrase.claims, phrase.words, end if phrase.claims else 0)


def _adjective(noun: Noun, tokens: Sequence[str], end: int) -> tuple[int, tuple[Claim, ...]]:
    """The longest adjective (two words or one) that ends before ``end``."""
    if end >= 2:
        found = noun.words.get(tokens[end - 2] + tokens[end - 1])
        if found:
            return 2, found
    return 1, noun.words.get(tokens[end - 1], ())


def _undecided(found: Sequence[Claim], claims: Sequence[Claim]) -> list[Claim]:
    decided = {c.attribute for c in claims}
    return [c for c in found if c.attribute not in decided]
