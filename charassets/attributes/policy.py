"""The policy stop: pictures that are never shown and never exported, whatever anybody sets.

What belongs here: the one rule, as a pure function of words and rating. Not here: enforcing it (the warehouse's view leaves
such records out, and counts them).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from charassets.attributes import lookup
from charassets.attributes.tags import parse_text
from charassets.attributes.vocabulary import Claim, Vocabulary, load

_GENERAL = frozenset({"general", "g", "safe", "s0", "sfw", ""})

# Words that make a tag sexual wherever they stand in it (`naked_towel`). Whole words: this is a stop, and errs to stopping.
_SEXUAL_WORDS = frozenset(
    "nsfw explicit nude nudity naked topless bottomless underwear panties pantyshot panty bra lingerie nipple nipples "  # noqa: SIM905
    "areola areolae genitals pussy vagina penis testicles sex sexual sexually cum ejaculation masturbation orgasm erection "
    "rape molestation groping fellatio paizuri cunnilingus hentai ecchi erotic eroge porn pornographic cameltoe upskirt "
    "bondage bdsm shibari lewd aroused undressing ahegao crotch fetish seductive naughty penetrated hetero "
    "anal oral vaginal".split()
)
_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class Quarantine:
    """The answer, true where the record is stopped, with the words that stopped it."""

    stopped: bool
    reason: str

    def __bool__(self) -> bool:
        return self.stopped


def is_quarantined(
    tags: Iterable[str], rating: str | None = None, text: str | None = None, vocabulary: Vocabulary | None = None
) -> Quarantine:
    """Whether a record is stopped: evidence of a child together with sexual words or a rating that is not general.

    Any cue of childhood counts, however weak it is as evidence of age, and no other word about age outweighs it.

    Args:
        tags: clean tags, as ``tags.parse`` yields them.
        rating: the source's rating (general, sensitive, questionable, explicit or a first letter); None is no statement.
        text: the record's description.
        vocabulary: another vocabulary than the shipped one.
    """
    vocabulary = vocabulary or load()
    names = list(tags)
    child = next((t for t in names if _says_child(lookup.meaning(t, vocabulary).claims)), None)
    if child is None and text:
        child = next((s.words for s in parse_text(text, vocabulary).said if _says_child((s.claim,))), None)
    if child is None:
        return Quarantine(False, "")
    sexual = next((t for t in (*names, *_words(text)) if not _SEXUAL_WORDS.isdisjoint(_words(t))), None)
    if sexual is not None:
        return Quarantine(True, f"`{child}` together with `{sexual}`")
    if rating is not None and rating.strip().lower() not in _GENERAL:
        return Quarantine(True, f"`{child}` in a picture rated {rating}")
    return Quarantine(False, "")


def _says_child(claims: Iterable[Claim]) -> bool:
    return any(c.attribute == "Age" and c.value == "Child" for c in claims)


def _words(text: str | None) -> list[str]:
    return _WORD.findall(text.lower()) if text else []
