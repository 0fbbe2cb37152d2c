"""The vocabulary of attributes, read from ``vocabulary.yaml`` and indexed for look-ups.

What belongs here: the file's schema, its checks, and the indexes from words to claims. Not here: how a line is cut into
tags (``tags``), how a sentence is read (``sentences``) and which claim wins (``rules``, ``fusion``).
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from charassets.errors import UsageError

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
    """One value of an attribute: its zero-shot prompts, and the values that explain it away when both are claimed."""

    name: str
    prompts: tuple[str, ...]
    yields: frozenset[str]


@dataclass(frozen=True)
class Attribute:
    """One attribute: ``core`` ones are shown for every record; ``multi`` ones may hold several values."""

    name: str
    core: bool
    multi: bool
    values: tuple[Value, ...]
    not_visible: tuple[str, ...]

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


def spelling_key(tag: str) -> str:
    """One key for the spellings of a tag: ``twin tails``, ``twin-tails`` and ``twintails`` are the same.

    Short tags and emoticons keep their marks (``^_^``, ``o_o``).
    """
    if len(tag) < 4 or not tag[0].isalnum():
        return tag
    return tag.replace("_", "").replace("-", "").replace(" ", "")


@cache
def load(path: Path = SHIPPED) -> Vocabulary:
    """Read the vocabulary; the same object for the same path within a process.

    Raises:
        UsageError: the file cannot be read, or has an unknown or repeated key, a repeated value or word, a ``yields`` that
            names no value of its attribute, or a circle of values that yield to each other.
    """
    try:
        content = path.read_bytes()
        document = _Document.model_validate(yaml.load(content, Loader=_StrictLoader))  # noqa: S506 - a SafeLoader
    except ValidationError as error:
        first = error.errors()[0]
        raise _refusal(path, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _refusal(path, " ".join(str(error).split())) from None
    problem = next(_problems(document), None)
    if problem:
        raise _refusal(path, problem)
    return _build(document, hashlib.sha256(content).hexdigest())


def _refusal(path: Path, problem: str) -> UsageError:
    return UsageError(f"the vocabulary is not usable: {problem}", where=str(path), todo="mend the file")


class _StrictLoader(yaml.SafeLoader):
    """YAML lets the last of two equal keys win in silence; here that would lose a value."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [self.construct_object(key, deep=True) for key, _ in node.value]  # pyright: ignore[reportArgumentType]
        for name in names:
            if names.count(name) > 1:
                raise yaml.constructor.ConstructorError(
                    problem=f"key {name!r} stands twice", problem_mark=node.start_mark
                )
        return super().construct_mapping(node, deep)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _ValueEntry(_Strict):
    tags: list[str] = []
    heads: list[str] = []
    words: list[str] = []
    text: list[str] = []
    weak: dict[str, float] = {}
    prompts: list[str] = []
    yields: list[str] = []
    absorbs: bool = False


class _AttributeEntry(_Strict):
    core: bool = False
    multi: bool = False
    nouns: list[str] = []
    modifiers: list[str] = []
    hidden: list[str] = []
    undecidable: list[str] = []
    not_visible: list[str] = []
    values: dict[str, _ValueEntry] = Field(min_length=1)


class _Document(_Strict):
    strength: float = Field(gt=0, lt=1)
    hidden_strength: float = Field(gt=0, lt=1)
    templates: list[str] = Field(min_length=1)
    colours: list[str]
    tag_only: list[str]
    deceptive: list[str]
    attributes: dict[str, _AttributeEntry] = Field(min_length=1)


def _problems(document: _Document) -> Iterator[str]:
    for template in document.templates:
        if template.count("{}") != 1:
            yield f"template {template!r} needs exactly one {{}}"
    for name, attribute in document.attributes.items():
        yield from _attribute_problems(name, attribute)


def _attribute_problems(name: str, attribute: _AttributeEntry) -> Iterator[str]:
    if UNKNOWN in attribute.values:
        yield f"{name}: {UNKNOWN} is no value, it is the lack of one"
    owner: dict[tuple[str, str], str] = {}
    for value_name, value in attribute.values.items():
        for kind, spelled in _spelled(value):
            first = owner.setdefault((kind, spelling_key(spelled)), value_name)
            if first != value_name:
                yield f"{name}: {spelled!r} is claimed by {first} and by {value_name}"
        unknown = set(value.yields) - attribute.values.keys()
        if unknown:
            yield f"{name}: {value_name} yields to {sorted(unknown)}, which are no values"
    try:
        TopologicalSorter({v: _yields(v, attribute) for v in attribute.values}).prepare()
    except CycleError as error:
        yield f"{name}: values yield to each other in a circle, {' > '.join(error.args[1])}"


def _spelled(value: _ValueEntry) -> Iterator[tuple[str, str]]:
    """The words that may belong to one value only; weak cues may be shared (a frown: sadness or anger)."""
    yield from (("tag", t) for t in (*value.tags, *value.heads, *value.text))
    yield from (("word", w) for w in value.words)


def _yields(value: str, attribute: _AttributeEntry) -> frozenset[str]:
    absorbing = {name for name, entry in attribute.values.items() if entry.absorbs}
    return frozenset(absorbing - {value}) | frozenset(attribute.values[value].yields)


_Index = dict[str, list[Claim]]


def _build(document: _Document, digest: str) -> Vocabulary:
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


def _add_fused(claims: _Index, document: _Document) -> None:
    """Tags without a gap (``bluehair``). A sentence must keep its gaps, or "long black hair" would lose its length."""
    listed = frozenset(claims)
    for name, entry in document.attributes.items():
        for value_name, value in entry.values.items():
            fused = [word + noun for noun in entry.nouns[:1] for word in value.words]
            new = [tag for tag in fused if spelling_key(tag) not in listed]
            _add(claims, new, Claim(name, value_name, document.strength))


def _attribute(name: str, entry: _AttributeEntry) -> Attribute:
    values = tuple(Value(v, tuple(e.prompts), _yields(v, entry)) for v, e in entry.values.items())
    return Attribute(name, entry.core, entry.multi, values, tuple(entry.not_visible))


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
