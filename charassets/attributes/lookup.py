"""What one whole tag means: never a part of it, so that ``scarf`` is no scar.

What belongs here: the order in which a tag is tried (listed, compound, noun with adjectives, misspelled) and negation. Not here:
cutting a line into tags and several tags together, and which misspellings are forgiven (``misspelling``).
"""

from dataclasses import dataclass, replace

from charassets.attributes import misspelling, phrases
from charassets.attributes.vocabulary import Claim, Vocabulary
from charassets.attributes.vocabulary_file import spelling_key

_NEGATORS = frozenset({"no", "without", "not"})
_OPENERS = frozenset({"a", "an", "with", "wearing", "has", "having", "her", "his", "one", "single", "pair"})
# A compound that says what is done with the thing, or where something else is, does not say that it is worn.
_NOT_WORN = frozenset(
    "unworn alternate adapted fake removed discarded shared holding pov another's in on under over behind from of to with "  # noqa: SIM905
    "and between around without against hand hands bottle swim bottomless gift undressed".split()
)
_WORN_ING = frozenset(
    "wedding matching hanging glowing swimming evening flying mourning boxing wing ring king string spring viking "  # noqa: SIM905
    "sling floating lightning shooting playing skating pudding sorting".split()
)
"""Words in -ing that do not say what is done with the thing."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a tag claims and what it denies (``no_glasses`` denies Glasses)."""

    claims: tuple[Claim, ...] = ()
    denied: tuple[Claim, ...] = ()


NOTHING = Meaning()

SLIP = 0.85
"""What is left of a claim's strength when its word is misspelled: still a plain claim, but the weaker one of two."""


def meaning(tag: str, vocabulary: Vocabulary) -> Meaning:
    """The meaning of a clean tag (lower case, underscores); ``NOTHING`` for a tag the vocabulary does not know."""
    key = spelling_key(tag)
    listed = vocabulary.claims.get(key)
    if listed:
        return Meaning(listed)
    if key in vocabulary.deceptive:
        return NOTHING
    tokens = tag.replace("-", "_").split("_")
    if len(tokens) == 1:
        return NOTHING
    if tokens[0] in _NEGATORS:
        return Meaning(denied=meaning("_".join(tokens[1:]), vocabulary).claims)
    if tokens[0] in _OPENERS:
        return meaning("_".join(tokens[1:]), vocabulary)
    claims = _compound(tokens, vocabulary) or _noun_phrase(tokens, vocabulary)
    return Meaning(claims) if claims else NOTHING


def corrected(tag: str, vocabulary: Vocabulary) -> tuple[Meaning, str]:
    """What a tag without a meaning means if a slip of the pen is forgiven, and the words it was read as (``tag ~ listed``)."""
    key = spelling_key(tag)
    listed = None if key in vocabulary.deceptive else misspelling.corrected(key, vocabulary)
    if listed is None:
        return NOTHING, tag
    claims = tuple(replace(claim, strength=claim.strength * SLIP) for claim in vocabulary.claims[listed])
    return Meaning(claims), f"{tag} ~ {listed}"


def _compound(tokens: list[str], vocabulary: Vocabulary) -> tuple[Claim, ...]:
    """Claims of a compound by its head: ``frilled_white_apron_dress`` is a dress."""
    for size in range(min(3, len(tokens) - 1), 0, -1):
        claims = vocabulary.heads.get("".join(tokens[-size:]))
        if claims:
            before = tokens[:-size]
            # Elsewhere in a compound "no" is a Japanese particle: `hasu_no_sora_school_uniform`.
            return () if before[-1] in _NEGATORS or any(_keeps_from_wearing(t) for t in before) else claims
    return ()


def _keeps_from_wearing(token: str) -> bool:
    return token in _NOT_WORN or (token.endswith("ing") and token not in _WORN_ING)


def _noun_phrase(tokens: list[str], vocabulary: Vocabulary) -> tuple[Claim, ...]:
    noun = vocabulary.nouns.get(tokens[-1])
    if noun is None:
        return ()
    phrase = phrases.before(noun, tokens[:-1])
    return phrase.claims if phrase.taken == len(tokens) - 1 else ()
