"""Captions: a template filled from tags, attributes and source, in the order that base models were trained on.

What belongs here: sorting tags into the template's places, and mending them by what was decided. Not here: what a tag means
(``charassets.attributes``), files.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from string import Formatter
from typing import Any
from unicodedata import category, normalize

from charassets.attributes import lookup
from charassets.attributes.figures import speaks_of_figures
from charassets.attributes.tags import parse
from charassets.attributes.vocabulary import MULTI_SEPARATOR, UNKNOWN, load
from charassets.errors import UsageError

PLACES: Mapping[str, str] = {
    "count": "how many figures: 1girl, 1boy, 1other",
    "character": "the character the source names, else the name people gave",
    "trigger": "a word for the character, that of its kohya folder: the name people gave, else its id",
    "series": "the series the source names",
    "artist": "the artist the source names",
    "general": "all other tags: those against a decided attribute left out, missing decided ones added",
    "attributes": "the decided attributes alone, as tags",
    "quality": "masterpiece, best quality, ... where tagged",
    "rating": "general, sensitive, ...",
    "year": "year 2023, newest, ... where tagged",
    "meta": "tags about the file, not the picture: highres, translated, commentary, artist_request, ...",
    "description": "the source's sentence",
}
"""Places of a template and what stands there."""

_SEPARATOR = ", "
_COUNT = re.compile(r"\d+\+?(girl|boy|other)s?")
_QUALITY = re.compile(r"masterpiece|(best|great|good|high|amazing|normal|average|low|bad|worst)_quality")
_YEAR = re.compile(r"(year_)?(19|20)\d\d|newest|recent|mid|early|oldest")
_RATING = re.compile(r"rating:?_?.*|general|sensitive|questionable|explicit|safe|nsfw")
# What Danbooru files under "meta" and tagging programs mix into one line with the rest (public tag list).
_META = re.compile(
    r"(incredibly_)?(absurdres|lowres|highres|huge_filesize)|([a-z]+(-language)?_)?commentary|.+_request|tagme"
    r"|(partially_|hard-)?translated|(check|poorly)_?translat(ion|ed)|bad_(.+_)?id|bad_(link|source|twitter_id)|md5_mismatch"
    r"|(non-)?web_source|source_smaller|revision|duplicate|pixel-perfect_duplicate|(paid|third-party)_(reward|edit|source)"
    r"|(mixed|symbol|english|japanese|chinese|korean)-?_?commentary|resized|resolution_mismatch|upscaled|downscaled|scan"
    r"|scan_artifacts|jpeg_artifacts|self-upload|official_art|ai-(generated|assisted)|animated|video|sound|wallpaper"
)
_GENDERS = {"Female": "1girl", "Male": "1boy", "Androgynous": "1other"}
_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_IN_NAMES = "LMN"  # letters, their marks and digits of any script: kinds of Unicode
_NAME_BYTES = 160  # of a name within a file's name, which most disks hold to 255
_KAOMOJI = 3  # kohya's tools leave underscores in tags of up to three letters: ^_^, o_o


class Caption:
    """A compiled template.

    Raises:
        UsageError: the template has an unknown place, or is not a template.
    """

    def __init__(self, template: str) -> None:
        try:
            self._pieces = [(text, place) for text, place, _, _ in Formatter().parse(template)]
        except ValueError as error:
            raise UsageError(
                f"the caption template is broken: {error}", where=template, todo="e.g. {count}, {general}"
            ) from None
        unknown = next((place for _, place in self._pieces if place is not None and place not in PLACES), None)
        if unknown is not None:
            known = ", ".join(f"{{{place}}}" for place in PLACES)
            raise UsageError(f"captions have no {{{unknown}}}", where=template, todo=f"there is {known}")
        self._separator_free = [text.strip(" ,") for text, _ in self._pieces]

    def of(self, values: Mapping[str, Any], decided: Mapping[str, str]) -> str:
        """The caption of a record.

        Args:
            values: columns of ``records``.
            decided: decided attributes with their values; ``Unknown`` where a person said that it cannot be told, or took the
                word for it away.
        """
        filled = places(values, decided)
        words: list[str] = []
        for text, (_, place) in zip(self._separator_free, self._pieces, strict=True):
            words += [part for part in (text, filled[place] if place is not None else "") if part]
        return _SEPARATOR.join(words)


def places(values: Mapping[str, Any], decided: Mapping[str, str]) -> dict[str, str]:
    """What stands in each place of a template; empty where there is nothing to say."""
    named = {name for column in ("character", "copyright", "artist") for name in _names(values[column])}
    kinds: dict[str, list[str]] = {"count": [], "quality": [], "year": [], "rating": [], "meta": [], "general": []}
    for tag in parse(values["tags"]).tags:
        if tag not in named and not _contradicts(tag, decided):
            kinds[_kind(tag)].append(tag)
    own = own_tags(decided)
    claimed = {
        (claim.attribute, claim.value) for tag in kinds["general"] for claim in lookup.meaning(tag, load()).claims
    }
    kinds["general"] += [tag for claim, tag in own.items() if claim not in claimed]
    gender = _GENDERS.get(decided.get("Gender", ""))
    count = [gender] if gender and (not kinds["count"] or _is_one_figure(kinds["count"])) else kinds["count"]
    return {
        "count": _spelled(count),
        "character": _spelled(_names(values["character"]) or _names(values.get("character_name"))),
        "trigger": trigger(values),
        "series": _spelled(_names(values["copyright"])),
        "artist": _spelled(_names(values["artist"])),
        "general": _spelled(kinds["general"]),
        "attributes": _spelled(own.values()),
        "quality": _spelled(kinds["quality"]),
        "rating": _spelled(_names(values["rating"]) or kinds["rating"]),
        "year": _spelled(kinds["year"]),
        "meta": _spelled(kinds["meta"]),
        "description": _LINE.sub(" ", values["description"] or "").strip(),
    }


def as_word(name: str | None) -> str:
    """A name as one word that can be a file's: letters and digits of any script, ``-`` and ``_``; empty where there is none."""
    letters = (c if c in "-_" or category(c)[0] in _IN_NAMES else " " for c in normalize("NFC", name or ""))
    return "_".join("".join(letters).split()).strip("_").encode()[:_NAME_BYTES].decode(errors="ignore")


def trigger(values: Mapping[str, Any]) -> str:
    """A word for the character of a record: the name people gave, else its id; empty where it is of none."""
    return next(filter(None, (as_word(values.get(column)) for column in ("character_name", "character_id"))), "")


def own_tags(decided: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """Decided attributes as tags, by attribute and value; values that no tag stands for are left out."""
    pairs = [(attribute, value) for attribute, values in decided.items() for value in values.split(MULTI_SEPARATOR)]
    return {pair: tag for pair in pairs if (tag := _tag_of(*pair))}


@lru_cache(maxsize=4096)
def _tag_of(attribute: str, value: str) -> str | None:
    """The plain tag of a value: one that the vocabulary reads as this value."""
    if attribute == "Gender" or value == UNKNOWN:
        return None  # the count says it
    noun = attribute.split()[0].lower()
    plain = value.lower().replace(" ", "_").replace("-", "_")
    candidates = (f"{plain}_{noun}", f"{plain}_{noun}s", f"{plain}_skin", plain, f"{plain}_body", f"{plain}_person")
    vocabulary = load()
    return next(
        (
            tag
            for tag in candidates
            if any((c.attribute, c.value) == (attribute, value) for c in lookup.meaning(tag, vocabulary).claims)
        ),
        None,
    )


def _contradicts(tag: str, decided: Mapping[str, str]) -> bool:
    """The tag says of a decided attribute what was not decided (and nothing that was)."""
    claims = [c for c in lookup.meaning(tag, load()).claims if c.attribute in decided and c.value != UNKNOWN]
    said = [c for c in claims if not load().attributes[c.attribute].multi or decided[c.attribute] == UNKNOWN]
    return bool(said) and all(c.value != decided[c.attribute] for c in said) and not _COUNT.fullmatch(tag)


def _is_one_figure(count: Sequence[str]) -> bool:
    """The count speaks of a single figure, whose gender may have been decided otherwise."""
    return len(count) == 1 and count[0] in _GENDERS.values()


def _kind(tag: str) -> str:
    if _COUNT.fullmatch(tag) and speaks_of_figures(tag):
        return "count"
    for kind, pattern in (("quality", _QUALITY), ("year", _YEAR), ("rating", _RATING), ("meta", _META)):
        if pattern.fullmatch(tag):
            return kind
    return "general"


def _names(text: str | None) -> list[str]:
    """Names of a source column: separated by commas, or by spaces between names with underscores."""
    if not text:
        return []
    parts = text.split(",") if "," in text or "_" not in text else text.split()
    return [part.strip().lower().replace(" ", "_") for part in parts if part.strip()]


def _spelled(tags: Iterable[str]) -> str:
    """Tags as trainers expect them: spaces for underscores, each once, no comma or line break within."""
    spelled = (tag.replace("_", " ") if len(tag) > _KAOMOJI else tag for tag in tags)
    return _SEPARATOR.join(dict.fromkeys(_LINE.sub(" ", tag.replace(",", " ")).strip() for tag in spelled))
