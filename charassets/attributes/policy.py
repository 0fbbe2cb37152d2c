"""The policy stop: pictures that are never shown and never exported, whatever anybody sets.

What belongs here: the one rule, as pure functions of words, rating and what was made of the picture. Not here: enforcing it (the
warehouse's view leaves such records out, and counts them).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from charassets.attributes import lookup
from charassets.attributes.tags import parse_text
from charassets.attributes.vocabulary import Claim, Vocabulary, load

# Ratings of boards and film boards that mean "for everyone". Every other word, known or not, is not general.
_GENERAL = frozenset(
    {"general", "g", "safe", "s0", "sfw", "all", "all_ages", "all-ages", "everyone", "pg", "u", "none", "unrated", ""}
)
_RATED = re.compile(r"rating[:_= ]+(.+)")
_ADULT = re.compile(r"(?<![a-z0-9])(r[-_]?18g?|x{2,3}|18\+|adults?[-_ ]only|mature[-_ ]content)(?![a-z0-9])")

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


SEEN_CHILD = 0.5
"""Score from which a picture source that says Child counts, whatever fusion makes of it."""


def is_quarantined(
    tags: Iterable[str],
    rating: str | None = None,
    text: str | None = None,
    vocabulary: Vocabulary | None = None,
    *,
    seen: str | None = None,
) -> Quarantine:
    """Whether a record is stopped: evidence of a child together with sexual words or a rating that is not general.

    Any cue of childhood counts, however weak it is as evidence of age, and no other word about age outweighs it: not a tag, not
    the picture, not a person's review.

    Args:
        tags: clean tags, as ``tags.parse`` yields them.
        rating: the source's rating (general, sensitive, questionable, explicit or a first letter); None is no statement.
        text: the record's description.
        vocabulary: another vocabulary than the shipped one.
        seen: what says that the picture shows a child (see ``child_seen``); None where nothing does.
    """
    vocabulary = vocabulary or load()
    names = list(tags)
    child = next((t for t in names if _says_child(lookup.meaning(t, vocabulary).claims)), None)
    if child is None and text:
        child = next((s.words for s in parse_text(text, vocabulary).said if _says_child((s.claim,))), None)
    who = f"`{child}`" if child is not None else seen
    if who is None:
        return Quarantine(False, "")
    sexual = next((word for word in (*names, *_words(text)) if _is_sexual(word)), None)
    if sexual is None and text and (adult := _ADULT.search(text.lower())):
        sexual = adult[0]
    if sexual is not None:
        return Quarantine(True, f"{who} together with `{sexual}`")
    if rating is not None and not _is_general(rating):
        return Quarantine(True, f"{who} in a picture rated {rating}")
    return Quarantine(False, "")


def child_seen(answers: Iterable[tuple[str, str | None]], scores: Iterable[tuple[str, float]] = ()) -> str | None:
    """What says that a picture shows a child; None where nothing does.

    Args:
        answers: value and runner-up of the fused Age, or a person's answer: a mere candidate counts.
        scores: source and score of picture evidence for Child.
    """
    if any("Child" in pair for pair in answers):
        return "Age Child"
    loudest = max(scores, key=lambda pair: pair[1], default=None)
    if loudest is not None and loudest[1] >= SEEN_CHILD:
        return f"Age Child by {loudest[0]} {loudest[1]:.2f}"
    return None


def _is_sexual(word: str) -> bool:
    if not _SEXUAL_WORDS.isdisjoint(_words(word)) or _ADULT.search(word.lower()):
        return True
    rated = _RATED.fullmatch(word.lower())
    return rated is not None and not _is_general(rated[1])


def _is_general(rating: str) -> bool:
    named = rating.strip().lower()
    return named.removeprefix("rating").lstrip(":_= ") in _GENERAL


def _says_child(claims: Iterable[Claim]) -> bool:
    return any(c.attribute == "Age" and c.value == "Child" for c in claims)


def _words(text: str | None) -> list[str]:
    return _WORD.findall(text.lower()) if text else []
