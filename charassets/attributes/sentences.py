"""Natural sentences: "a girl with shoulder-length honey blonde hair, not wearing glasses".

What belongs here: finding the vocabulary's phrases, adjectives and negations in running text. Not here: tag lines.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from charassets.attributes import phrases
from charassets.attributes.vocabulary import Claim, Noun, Vocabulary

_TOKEN = re.compile(r"[a-z0-9+]+|[,.;:!?()\n]")
_STOPS = frozenset(".;:!?()\n")
_NEGATORS = frozenset({"no", "not", "without", "never", "lacks", "lacking", "nor", "neither"})
_NEGATION_ENDS = frozenset({"but", ",", "with", "has", "wears"})
_NEGATION_REACH = 5  # words: "does not seem to wear any glasses"
_LONGEST_PHRASE = 4  # words of the longest listed tag worth trying
# "blue hair ribbon" names the ribbon's colour: a noun of the vocabulary before one of these is a mere adjective.
_COMPOUND_HEADS = frozenset(
    "ribbon ribbons ornament ornaments bow bows band bands tie ties clip clips pin pins flower flowers accessory "  # noqa: SIM905
    "accessories dye pants shirt shirts shoes patch patches shadow lashes liner contact brush stick".split()
)
_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "2": 2, "3": 3, "4": 4, "5": 5, "6": 6}
_PEOPLE = {
    "girls": "girls",
    "women": "girls",
    "ladies": "girls",
    "boys": "boys",
    "men": "boys",
    "guys": "boys",
    "people": "others",
    "characters": "others",
    "figures": "others",
}


@dataclass(frozen=True)
class Found:
    """A phrase of a sentence (in its own words) with what it claims; ``denied`` where the sentence says it is not so."""

    words: str
    claims: tuple[Claim, ...]
    denied: bool


@dataclass(frozen=True)
class Reading:
    """What a text says: phrases found, in order, and the count tags it amounts to (``two girls`` is ``2girls``)."""

    found: tuple[Found, ...]
    counts: tuple[str, ...]


def read(text: str, vocabulary: Vocabulary) -> Reading:
    """Read a text: longest phrases first, adjectives around nouns, negation within a clause."""
    tokens = _TOKEN.findall(text.lower().replace("n't", " not").replace("'s", ""))
    found: list[Found] = []
    counts: list[str] = []
    for clause in _clauses(tokens):
        counts.extend(_counts(clause))
        found.extend(_read_clause(clause, vocabulary))
    return Reading(tuple(found), tuple(counts))


def _clauses(tokens: list[str]) -> Iterator[list[str]]:
    clause: list[str] = []
    for token in [*tokens, "."]:
        if token not in _STOPS:
            clause.append(token)
        elif clause:
            yield clause
            clause = []


def _counts(clause: list[str]) -> Iterator[str]:
    for position, token in enumerate(clause):
        number = _NUMBERS.get(token)
        people = (
            next((_PEOPLE[w] for w in clause[position + 1 : position + 4] if w in _PEOPLE), None) if number else None
        )
        if people:
            yield f"{number}{people}"
        elif token in ("1girl", "1boy", "solo", "2girls", "2boys"):
            yield token


def _read_clause(clause: list[str], vocabulary: Vocabulary) -> Iterator[Found]:
    denied_until = -1
    position = 0
    while position < len(clause):
        token = clause[position]
        if token in _NEGATORS:
            denied_until = position + _NEGATION_REACH
        elif token in _NEGATION_ENDS:
            denied_until = -1
        size, words, claims = _match(clause, position, vocabulary)
        if claims:
            yield Found(words, claims, denied=position <= denied_until)
        position += size


def _match(clause: list[str], position: int, vocabulary: Vocabulary) -> tuple[int, str, tuple[Claim, ...]]:
    """What starts at a position: words to go on by, the phrase, its claims."""
    for size in range(min(_LONGEST_PHRASE, len(clause) - position), 0, -1):
        window = clause[position : position + size]
        claims = vocabulary.phrases.get("".join(window)) if "," not in window else None
        if claims and not _is_compound(clause, position + size):
            return size, " ".join((*_colours_before(clause, position, vocabulary), *window)), claims
    noun = vocabulary.nouns.get(clause[position])
    if noun is None or _is_compound(clause, position + 1):
        return 1, "", ()
    return _noun_phrase(clause, position, noun)


def _colours_before(clause: list[str], position: int, vocabulary: Vocabulary) -> list[str]:
    """The colours a garment has in the text: they belong to its words ("green yukata"), not to its claim."""
    start = position
    while start and clause[start - 1] in vocabulary.colours:
        start -= 1
    return clause[start:position]


def _noun_phrase(clause: list[str], position: int, noun: Noun) -> tuple[int, str, tuple[Claim, ...]]:
    ahead = phrases.before(noun, clause[:position])
    behind = phrases.after(noun, clause[position + 1 :])
    words = " ".join((*ahead.words, clause[position], *behind.words))
    claims = ahead.claims + tuple(c for c in behind.claims if c not in ahead.claims)
    return 1 + behind.taken, words, claims


def _is_compound(clause: list[str], end: int) -> bool:
    return end < len(clause) and clause[end] in _COMPOUND_HEADS
