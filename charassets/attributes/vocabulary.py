"""The vocabulary of attributes, indexed for look-ups.

What belongs here: attributes, values, and the indexes from words to claims. Not here: the file they are read from
(``vocabulary_file``), how a line is cut into tags (``tags``), how a sentence is read (``sentences``) and which claim wins
(``rules``, ``fusion``).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from charassets.attributes.vocabulary_file import AttributeEntry, Document, read, spelling_key, yields

UNKNOWN = "Unknown"
"""The value of an attribute nobody can tell; also the claim of a word that says it cannot be seen."""

MULTI_SEPARATOR = "; "
"""Joins the values of a multi-valued attribute where a table has one text column."""

SHIPPED = Path(__file__).with_name("vocabulary.yaml")
"""The vocabulary that comes with the package."""

_UNDECIDABLE_STRENGTH = 1.0  # above any plain tag: the picture has several answers
_TEXT_STRENGTH = 0.6  # pronouns and kinship may speak of somebody else in the sentence


@dataclass(frozen=True, slots=True)
class Claim:
    """A word's statement: this attribute has this value (``Unknown``: cannot be told), with a strength of 0-1."""

    attribute: str
    value: str
    strength: float


@dataclass(frozen=True)
class Value:
    """One value of an attribute.

    Attributes:
        name: in Title Case.
        prompts: what zero-shot asks for.
        yields: the values that explain it away when both are claimed.
        shades: sRGB colours (0-255) that go by its name; empty where it is no colour.
    """

    name: str
    prompts: tuple[str, ...]
    yields: frozenset[str]
    shades: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True)
class Attribute:
    """One attribute: ``core`` ones are shown for every record; ``multi`` ones may hold several values.

    ``measured_in`` is the part of a figure whose colour is the value: hair, eyes or clothes.
    """

    name: str
    core: bool
    multi: bool
    values: tuple[Value, ...]
    not_visible: tuple[str, ...]
    measured_in: str | None = None

    def value(self, name: str) -> Value:
        """The value of that name; ``KeyError`` if there is none."""
        for value in self.values:
            if value.name == name:
                return value
        raise KeyError(name)


@dataclass(frozen=True)
class Noun:
    """A noun such as `hair`: what the adjectives before it claim, and the adjectives that change nothing."""

    words: Mapping[str, tuple[Claim, ...]]
    modifiers: frozenset[str]


@dataclass(frozen=True, eq=False)  # one object a file: compared and hashed by identity, so that look-ups can be cached
class Vocabulary:
    """All attributes in order, with indexes. Index keys are ``spelling_key`` forms.

    Attributes:
        attributes: name to attribute, in the order of the file.
        claims: whole tag to its claims.
        heads: last words of compounds (``kimono`` in ``green_kimono``) to their claims.
        nouns: nouns with their adjectives.
        phrases: what counts in a sentence: ``claims`` without the words too common there, and phrases only for sentences.
        colours: colour words, which make a garment worth quoting ("Green Yukata").
        deceptive: compounds and titles that look like a value and are none.
        templates: zero-shot templates, each with one ``{}``.
        digest: sha256 of the file: whatever reads the vocabulary is stale when it changes.
    """

    attributes: Mapping[str, Attribute]
    claims: Mapping[str, tuple[Claim, ...]]
    heads: Mapping[str, tuple[Claim, ...]]
    nouns: Mapping[str, Noun]
    phrases: Mapping[str, tuple[Claim, ...]]
    colours: frozenset[str]
    deceptive: frozenset[str]
    templates: tuple[str, ...]
    digest: str

    @property
    def core(self) -> tuple[str, ...]:
        """Names of the attributes every record shows."""
        return tuple(a.name for a in self.attributes.values() if a.core)


@cache
def load(path: Path = SHIPPED) -> Vocabulary:
    """Read the vocabulary; the same object for the same path within a process.

    Raises:
        UsageError: the file cannot be read, or has an unknown or repeated key, a repeated value or word, a ``yields`` that
            names no value of its attribute, or a circle of values that yield to each other.
    """
    document, digest = read(path)
    return _build(document, digest)


_Index = dict[str, list[Claim]]


def _build(document: Document, digest: str) -> Vocabulary:
    claims: _Index = {}
    heads: _Index = {}
    text: _Index = {}
    nouns: dict[str, Noun] = {}
    attributes: dict[str, Attribute] = {}
    for name, entry in document.attributes.items():
        attributes[name] = _attribute(name, entry)
        _add(claims, entry.hidden, Claim(name, UNKNOWN, document.hidden_strength))
        _add(claims, entry.undecidable, Claim(name, UNKNOWN, _UNDECIDABLE_STRENGTH))
        for value_name, value in entry.values.items():
            plain = Claim(name, value_name, document.strength)
            _add(claims, [*value.tags, *value.heads], plain)
            _add(heads, value.heads, plain)
            _add(text, value.text, Claim(name, value_name, _TEXT_STRENGTH))
            for tag, strength in value.weak.items():
                _add(claims, [tag], Claim(name, value_name, strength))
            for noun in entry.nouns:
                _add_words(nouns, noun, value.words, plain, entry.modifiers)
    _add_heads(claims, heads, (t for a in document.attributes.values() for v in a.values.values() for t in v.tags))
    tag_only = {spelling_key(tag) for tag in document.tag_only}
    phrases = {key: found for key, found in _frozen(claims).items() if key not in tag_only} | _frozen(text)
    _add_fused(claims, document)
    return Vocabulary(
        attributes=attributes,
        claims=_frozen(claims),
        heads=_frozen(heads),
        nouns=nouns,
        phrases=phrases,
        colours=frozenset(document.colours),
        deceptive=frozenset(map(spelling_key, document.deceptive)),
        templates=tuple(document.templates),
        digest=digest,
    )


def _add_heads(claims: _Index, heads: _Index, tags: Iterable[str]) -> None:
    """A listed compound also claims what its last word does of other attributes: ``young_girl`` is a child, and a girl."""
    for tag in tags:
        claimed = {c.attribute for c in claims[spelling_key(tag)]}
        for claim in heads.get(tag.rpartition("_")[2], ()) if "_" in tag else ():
            if claim.attribute not in claimed:
                _add(claims, [tag], claim)


def _add_fused(claims: _Index, document: Document) -> None:
    """Tags without a gap (``bluehair``). A sentence must keep its gaps, or "long black hair" would lose its length."""
    listed = frozenset(claims)
    for name, entry in document.attributes.items():
        for value_name, value in entry.values.items():
            fused = [word + noun for noun in entry.nouns[:1] for word in value.words]
            new = [tag for tag in fused if spelling_key(tag) not in listed]
            _add(claims, new, Claim(name, value_name, document.strength))


def _attribute(name: str, entry: AttributeEntry) -> Attribute:
    values = tuple(
        Value(v, tuple(e.prompts), yields(v, entry), tuple(_rgb(shade) for shade in e.shades.split()))
        for v, e in entry.values.items()
    )
    return Attribute(name, entry.core, entry.multi, values, tuple(entry.not_visible), entry.measured_in)


def _rgb(code: str) -> tuple[int, int, int]:
    return int(code[:2], 16), int(code[2:4], 16), int(code[4:], 16)


def _add(index: _Index, tags: Iterable[str], claim: Claim) -> None:
    for tag in tags:
        known = index.setdefault(spelling_key(tag), [])
        if all((c.attribute, c.value) != (claim.attribute, claim.value) for c in known):
            known.append(claim)


def _add_words(nouns: dict[str, Noun], noun: str, words: list[str], claim: Claim, modifiers: list[str]) -> None:
    known = nouns.get(noun, Noun({}, frozenset()))
    grown = {key: list(found) for key, found in known.words.items()}
    _add(grown, words, claim)
    nouns[noun] = Noun(_frozen(grown), known.modifiers | frozenset(modifiers))


def _frozen(index: _Index) -> dict[str, tuple[Claim, ...]]:
    return {key: tuple(found) for key, found in index.items()}
