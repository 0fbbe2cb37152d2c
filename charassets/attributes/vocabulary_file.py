"""The vocabulary's file: what may stand in it, and the complaints about what may not.

What belongs here: the schema of ``vocabulary.yaml`` and its checks. Not here: the indexes made of it (``vocabulary``).
"""

import hashlib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from charassets.errors import UsageError


def spelling_key(tag: str) -> str:
    """One key for the spellings of a tag: ``twin tails``, ``twin-tails`` and ``twintails`` are the same.

    Short tags and emoticons keep their marks (``^_^``, ``o_o``).
    """
    if len(tag) < 4 or not tag[0].isalnum():
        return tag
    return tag.replace("_", "").replace("-", "").replace(" ", "")


def read(path: Path) -> tuple["Document", str]:
    """The checked document and the sha256 of its bytes.

    Raises:
        UsageError: the file cannot be read, or has an unknown or repeated key, a word claimed by two values, a ``yields`` that
            names no value of its attribute, or a circle of values that yield to each other.
    """
    try:
        content = path.read_bytes()
        document = Document.model_validate(yaml.load(content, Loader=_StrictLoader))  # noqa: S506 - a SafeLoader
    except ValidationError as error:
        first = error.errors()[0]
        raise _refusal(path, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _refusal(path, " ".join(str(error).split())) from None
    problem = next(_problems(document), None)
    if problem:
        raise _refusal(path, problem)
    return document, hashlib.sha256(content).hexdigest()


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


class ValueEntry(_Strict):
    """A value as the file writes it; the file's head says what each key means."""

    tags: list[str] = []
    heads: list[str] = []
    words: list[str] = []
    text: list[str] = []
    weak: dict[str, Annotated[float, Field(gt=0, lt=1)]] = {}
    prompts: list[str] = []
    shades: Annotated[str, Field(pattern=r"^([0-9a-f]{6}( [0-9a-f]{6})*)?$")] = ""
    yields: list[str] = []
    absorbs: bool = False


class AttributeEntry(_Strict):
    """An attribute as the file writes it."""

    core: bool = False
    multi: bool = False
    nouns: list[str] = []
    modifiers: list[str] = []
    hidden: list[str] = []
    undecidable: list[str] = []
    measured_in: Literal["hair", "eyes", "clothes"] | None = None
    not_visible: list[str] = []
    values: dict[str, ValueEntry] = Field(min_length=1)


class Document(_Strict):
    """The whole file."""

    strength: float = Field(gt=0, lt=1)
    hidden_strength: float = Field(gt=0, lt=1)
    templates: list[str] = Field(min_length=1)
    colours: list[str]
    tag_only: list[str]
    deceptive: list[str]
    attributes: dict[str, AttributeEntry] = Field(min_length=1)


def _problems(document: Document) -> Iterator[str]:
    for template in document.templates:
        if template.count("{}") != 1:
            yield f"template {template!r} needs exactly one {{}}"
    for name, attribute in document.attributes.items():
        yield from _attribute_problems(name, attribute)


def _attribute_problems(name: str, attribute: AttributeEntry) -> Iterator[str]:
    if attribute.measured_in and not any(value.shades for value in attribute.values.values()):
        yield f"{name}: colours measured in {attribute.measured_in} need values with shades"
    if "Unknown" in attribute.values:
        yield f"{name}: Unknown is no value, it is the lack of one"
    owner: dict[tuple[str, str], str] = {}
    for value_name, value in attribute.values.items():
        for kind, spelled in _spelled(value):
            first = owner.get((kind, spelling_key(spelled)))
            if first is not None:
                yield f"{name}: {spelled!r} is claimed by {first} and by {value_name}"
            owner[kind, spelling_key(spelled)] = value_name
        unknown = set(value.yields) - attribute.values.keys()
        if unknown:
            yield f"{name}: {value_name} yields to {sorted(unknown)}, which are no values"
    try:
        TopologicalSorter({v: yields(v, attribute) for v in attribute.values}).prepare()
    except CycleError as error:
        yield f"{name}: values yield to each other in a circle, {' > '.join(error.args[1])}"


def _spelled(value: ValueEntry) -> Iterator[tuple[str, str]]:
    """The words that may belong to one value only; weak cues may be shared (a frown: sadness or anger)."""
    yield from (("tag", t) for t in (*value.tags, *value.heads, *value.text))
    yield from (("word", w) for w in value.words)


def yields(value: str, attribute: AttributeEntry) -> frozenset[str]:
    """The values that explain a value away: those it names, and those that absorb every other."""
    absorbing = {name for name, entry in attribute.values.items() if entry.absorbs}
    return frozenset(absorbing - {value}) | frozenset(attribute.values[value].yields)
