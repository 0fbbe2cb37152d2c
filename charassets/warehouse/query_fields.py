"""The names of the query language: which column each stands for, and what its values may be.

What belongs here: one condition for one name. Not here: the grammar (``query``).
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from rapidfuzz import fuzz, process

from charassets.attributes.vocabulary import MULTI_SEPARATOR, UNKNOWN, Attribute, load
from charassets.warehouse.records import column_of
from charassets.warehouse.sql import identifier


class Misfit(Exception):  # noqa: N818 - the grammar catches it, and adds the place
    """A name or value that the language does not know.

    Args:
        what: what does not fit.
        todo: what would.
    """

    def __init__(self, what: str, todo: str) -> None:
        super().__init__(what)
        self.what, self.todo = what, todo


@dataclass(frozen=True)
class Condition:
    """A boolean SQL expression that is never NULL, and its parameters in order."""

    sql: str
    params: tuple[str | float, ...]


NUMBERS: Mapping[str, str] = {
    "conf": "mean_confidence",
    "decided": "decided",
    "width": "width",
    "height": "height",
    "side": "least(width, height)",
    "sharpness": "sharpness",
    "brightness": "brightness",
    "contrast": "contrast",
    "crop_score": "crop_score",
    "copies": "copies",
    "membership": "character_probability",
    "sub_cluster": "sub_cluster",
    "identity_chance": "identity_chance",
    "identity_similarity": "identity_similarity",
    "identity_margin": "identity_margin",
    "post": "post_id",
    "scene": "scene",
    "frame": "frame",
    "time": "time_s",
}
"""Names compared with numbers, beside ``<attribute>_confidence``; each with its SQL."""

TEXTS: Mapping[str, str] = {
    "id": "record_id",
    "image": "image_id",
    "source": "source",
    "shard": "shard",
    "rating": "rating",
    "format": "format",
    "kind": "kind",
    "crop": "crop_label",
    "artist": "artist",
    "character": '"character"',
    "identity": "identity",
    "identity_status": "identity_status",
    "series": "copyright",
    "episode": "episode",
    "track": "track_id",
    "group": "duplicate_group",
    "view": "view",
}
"""Names compared with words, whatever their case; ``miku*`` is a beginning."""

THERE: Mapping[str, str] = {
    "picture": "image_id IS NOT NULL",
    "crop": "crop_id IS NOT NULL",
    "tags": "tags <> ''",
    "description": "description <> ''",
    "cluster": "character_id IS NOT NULL",
    "identity": "identity IS NOT NULL",
    "identity_review": "identity_review IS NOT NULL",
    "copies": "copies > 1",
    "alpha": "has_alpha",
    "person": "list_contains(seen, 'person')",
    "head": "list_contains(seen, 'head')",
    "face": "list_contains(seen, 'face')",
}
"""What ``has:`` asks for, beside attributes; each with its SQL."""

IS: Mapping[str, str] = {
    "text": "text_only",
    "representative": "character_representative",
    "cut_off": "len(cut_off) > 0",
    "thinned": "moment_of IS NOT NULL",
}
"""What ``is:`` asks for, each with its SQL."""

_GROUPS = {
    "hair": ("Hair Color", "Hair Style", "Hair Length"),
    "eyes": ("Eye Color",),
    "body": ("Body Type",),
    "skin": ("Skin Tone",),
    "expression": ("Facial Expression",),
}
_WORDS = r"' ' || regexp_replace(lower({}), '[^\pL\pN]+', ' ', 'g') || ' '"
_TAGS = (
    "list_transform(CASE WHEN contains(tags, ',') THEN string_split(tags, ',') ELSE string_split_regex(tags, '\\s+') END, "
    "lambda tag: replace(replace(lower(trim(tag)), ' ', '_'), '\\', ''))"
)
_LOOKED_AT, _NAMED = 12, 3  # names that are close in part, and those that are suggested
_RANGE = re.compile(r"(?P<low>[^.]*(?:\.\d+)?)\.\.(?P<high>.*)")


def condition(name: str, operator: str, values: Sequence[str]) -> Condition:
    """The condition of ``name operator values``.

    Raises:
        Misfit: no such name, a value it cannot have, or an operator that does not fit it.
    """
    meaning = _names().get(name)
    if meaning is None:
        raise Misfit(f"there is no {name!r} to ask for", todo=_nearest(name, _names()))
    if operator not in (":", "=") and name not in _numbers():
        raise Misfit(f"{name} is no number, and knows no {operator}", todo=f"ask for a value: {name}:...")
    found = [meaning(operator, value) for value in values]
    if len(found) == 1:
        return found[0]
    return Condition(f"({' OR '.join(c.sql for c in found)})", tuple(p for c in found for p in c.params))


def bare_word(word: str) -> Condition:
    """A word alone: the value of an attribute, or a word (or words in this order) of the tags or the description."""
    conditions = [
        _has_value(attribute, value)
        for attribute in load().attributes.values()
        if (value := _value_named(attribute, word)) and value != UNKNOWN
    ]
    text, given = _WORDS.format("concat_ws(' ', tags, description)"), _WORDS.format("?")
    conditions.append(Condition(f"contains({text}, {given})", (word,)))
    return Condition(f"({' OR '.join(c.sql for c in conditions)})", tuple(p for c in conditions for p in c.params))


def names() -> list[str]:
    """Every name the language knows, for help and completion."""
    return sorted(_names())


_Meaning = Callable[[str, str], Condition]


@cache
def _names() -> Mapping[str, _Meaning]:
    attributes = load().attributes
    found: dict[str, _Meaning] = {name: _number(name, sql) for name, sql in _numbers().items()}
    found |= {name: _text(sql) for name, sql in TEXTS.items()}
    found |= {column_of(name): _attribute(column_of(name), (name,)) for name in attributes}
    found |= {name: _attribute(name, several) for name, several in _GROUPS.items()}
    return found | {"has": _has, "is": _is, "tag": _tag, "text": _words, "cluster": _cluster}


@cache
def _numbers() -> Mapping[str, str]:
    return {
        **NUMBERS,
        **{f"{column_of(name)}_confidence": f"{column_of(name)}_confidence" for name in load().attributes},
    }


def _number(name: str, sql: str) -> _Meaning:
    def meaning(operator: str, value: str) -> Condition:
        between = _RANGE.fullmatch(value) if operator == ":" else None
        if between is None:
            return Condition(f"coalesce({sql} {operator.replace(':', '=')} ?, FALSE)", (_as_number(name, value),))
        ends = tuple(_as_number(name, between[side]) for side in ("low", "high"))
        return Condition(f"coalesce({sql} BETWEEN ? AND ?, FALSE)", ends)

    return meaning


def _as_number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Misfit(f"{name} is a number, and {text!r} is none", todo=f"e.g. {name}>0.5 or {name}:1..2")
    return number


def _text(sql: str) -> _Meaning:
    def meaning(operator: str, value: str) -> Condition:
        if value.endswith("*"):
            return Condition(f"coalesce(starts_with(lower({sql}), lower(?)), FALSE)", (value[:-1],))
        return Condition(f"coalesce(lower({sql}) = lower(?), FALSE)", (value,))

    return meaning


def _attribute(asked: str, several: Sequence[str]) -> _Meaning:
    attributes = [load().attributes[name] for name in several]

    def meaning(operator: str, value: str) -> Condition:
        found = [(a, name) for a in attributes if (name := _value_named(a, value))]
        if not found:
            values = [v.name for attribute in attributes for v in attribute.values]
            raise Misfit(f"{asked} is never {value!r}", todo=_nearest(value, values))
        if len(found) > 1:
            exact = ", ".join(f"{column_of(a.name)}:..." for a, _ in found)
            raise Misfit(f"{asked}:{value} may mean several attributes", todo=f"say which: {exact}")
        return _has_value(*found[0])

    return meaning


def _value_named(attribute: Attribute, text: str) -> str | None:
    """The attribute's value that is written so, in any case and with any separator; None where there is none."""
    wanted = _plain(text)
    return next((v for v in (*(v.name for v in attribute.values), UNKNOWN) if _plain(v) == wanted), None)


def _plain(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text.strip().lower())


def _has_value(attribute: Attribute, value: str) -> Condition:
    column = identifier(column_of(attribute.name))
    if attribute.multi:
        split = f"string_split(coalesce({column}, '{UNKNOWN}'), '{MULTI_SEPARATOR}')"
        return Condition(f"list_contains({split}, ?)", (value,))
    return Condition(f"(coalesce({column}, '{UNKNOWN}') = ?)", (value,))


def _has(operator: str, value: str) -> Condition:
    name = value.lower()
    if name in THERE:
        return Condition(f"coalesce({THERE[name]}, FALSE)", ())
    attributes = _GROUPS.get(name) or [a for a in load().attributes if column_of(a) == name]
    if not attributes:
        known = [*THERE, *_GROUPS, *(column_of(a) for a in load().attributes)]
        raise Misfit(f"has:{value} is not something a record can have", todo=_nearest(value, known))
    known = (f"coalesce({identifier(column_of(a))}, '{UNKNOWN}') <> '{UNKNOWN}'" for a in attributes)
    return Condition(f"({' OR '.join(known)})", ())


def _is(operator: str, value: str) -> Condition:
    if value.lower() not in IS:
        raise Misfit(f"is:{value} is not something a record can be", todo=_nearest(value, IS))
    return Condition(f"coalesce({IS[value.lower()]}, FALSE)", ())


def _tag(operator: str, value: str) -> Condition:
    wanted = value.strip().lower().replace(" ", "_")
    if wanted.endswith("*"):
        starts = f"list_filter({_TAGS}, lambda tag: starts_with(tag, ?))"
        return Condition(f"coalesce(len({starts}) > 0, FALSE)", (wanted[:-1],))
    return Condition(f"coalesce(list_contains({_TAGS}, ?), FALSE)", (wanted,))


def _words(operator: str, value: str) -> Condition:
    text, given = _WORDS.format("description"), _WORDS.format("?")
    return Condition(f"coalesce(contains({text}, {given}), FALSE)", (value,))


def _cluster(operator: str, value: str) -> Condition:
    if value.lower() == "none":
        return Condition("(character_id IS NULL)", ())
    if value.isascii() and value.isdigit():
        number = "try_cast(regexp_extract(character_id, '[0-9]+$') AS BIGINT)"
        return Condition(f"coalesce({number} = ?, FALSE)", (float(value),))
    named = "SELECT character_id FROM character_names WHERE lower(name) = lower(?)"
    sql = f"coalesce(lower(character_id) = lower(?) OR character_id IN ({named}), FALSE)"  # noqa: S608 - a constant
    return Condition(sql, (value, value))


def _nearest(given: str, known: Mapping[str, object] | Sequence[str]) -> str:
    said = given.lower()
    parts = process.extract(said, {name: name.lower() for name in known}, limit=_LOOKED_AT, score_cutoff=60)
    near = sorted(parts, key=lambda one: -fuzz.ratio(said, one[0]))[
        :_NAMED
    ]  # the whole name before one that holds the word
    found = [name for _, _, name in near] or list(known)[:8]
    return f"{'did you mean' if near else 'there is'} {', '.join(found)}{'?' if near else ', ...'}"
