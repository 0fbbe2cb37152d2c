"""Words that come with pictures: decoding, limits, and the many spellings in which data sets name the same thing.

What belongs here: text files, JSON sidecars and rows of tables turned into ``Words``. Not here: what a tag means (that is
``charassets.attributes``), nor where the text lay.
"""

import codecs
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from charassets.sources.names import rating
from charassets.sources.records import Words

MAX_TEXT_BYTES = 1 << 20
"""Largest sidecar read. The longest real tag lines are a hundredth of it."""

MAX_TAGS = 2_000
MAX_TAG_CHARS = 200
MAX_DESCRIPTION_CHARS = 20_000
_MAX_EXTRA_BYTES = 8_192
_INT32, _INT64 = 2**31, 2**63

ALIASES: Mapping[str, tuple[str, ...]] = {
    "tags": ("tags", "tag_string", "tag_list", "booru_tags"),
    "tags_general": ("tag_string_general", "tags_general", "general_tags", "general"),
    "description": ("description", "image_description", "long_caption"),
    "text": ("text", "caption", "captions", "prompt"),
    "rating": ("rating",),
    "post_id": ("post_id", "danbooru_id", "id"),
    "md5": ("md5",),
    "artist": ("artist", "tag_string_artist", "tags_artist", "artist_tags"),
    "character": ("character", "tag_string_character", "tags_character", "character_tags", "characters"),
    "copyright": ("copyright", "tag_string_copyright", "tags_copyright", "copyright_tags", "series"),
    "episode": ("episode",),
    "scene": ("scene",),
    "frame": ("frame", "frame_number"),
    "time_s": ("time_s", "timestamp_s", "timestamp"),
}
"""Our name to the names that danbooru dumps, Hugging Face data sets and trainers give it, the most specific first."""

_TAG_SEPARATOR = re.compile(r"[,\n]")
_LINE_BREAK = re.compile(r"\s*,?\s*[\r\n]+\s*")
_SENTENCE_END = re.compile(r"[.!?](?:\s|$)")


def decoded(data: bytes) -> tuple[str, str | None]:
    """Text of a file whose encoding nobody told: UTF-8 with or without its mark, else UTF-16 by its mark, else a guess.

    Returns:
        The text, and the name of the encoding where it was not UTF-8.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace"), "utf-16"
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes  # slow to import, and hardly ever needed

        best = from_bytes(data).best()
        # Latin-1 gives every byte a character: the words survive for a person to see, whatever they were.
        return (str(best), best.encoding) if best else (data.decode("latin-1"), "latin-1")


def is_tag_line(text: str) -> bool:
    """Whether a text is a list of tags rather than prose.

    Tags are short pieces between commas, or single words joined by underscores; prose has long pieces and ends sentences.
    """
    pieces = [piece for raw in _TAG_SEPARATOR.split(text) if (piece := raw.strip())]
    if not pieces:
        return False
    if len(pieces) == 1:
        return len(pieces[0].split()) <= 2 or "_" in pieces[0]
    short = sum(len(piece.split()) <= 4 and not _SENTENCE_END.search(piece) for piece in pieces)
    return short >= 0.7 * len(pieces)


def from_text(text: str) -> Words:
    """Words of a text that may be tags or prose, told apart by its form."""
    return _bounded(Words(tags=text) if is_tag_line(text) else Words(description=text))


def from_sidecars(parts: Mapping[str, bytes]) -> Words:
    """Words of the same-stem files of one picture.

    Args:
        parts: suffix (one of ``SIDECARS``, in that order, or ``.cls``) to content. Where two say the same thing the text
            files win: they are what people edit.
    """
    words = Words()
    for suffix, data in parts.items():
        text, encoding = decoded(data)
        if suffix == ".cls":
            found = Words(extra={"cls": _clean(text)[:MAX_TAG_CHARS]})
        elif suffix == ".json":
            found = _from_json(text)
        else:
            found = from_text(text)
            if words.tags and not words.description and found.tags:
                found = Words(description=found.tags)  # a second tag line: kept as the other text, not dropped
        if encoding:
            found = replace(found, extra={**found.extra, "encoding": encoding})
        words = words.over(found)
    return words


def _from_json(text: str) -> Words:
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return Words(extra={"problem": f"the JSON sidecar is broken: {error}"[:200]})
    if isinstance(content, dict):
        return from_mapping(content)
    if isinstance(content, str | list):
        return from_text(_text(content))
    return Words(extra={"problem": "the JSON sidecar is neither object, list nor text"})


def from_mapping(values: Mapping[str, Any], renamed: Mapping[str, str] | None = None) -> Words:
    """Words of a JSON object or a table's row, by the names of ``ALIASES``; what has no such name goes to ``extra``.

    Args:
        values: names to values, as danbooru posts, kohya entries or table rows give them.
        renamed: our names to theirs where the user said so; they come before any alias.
    """
    left = {str(name): value for name, value in values.items() if not _is_silent(value)}
    is_post = any(name.lower().startswith("tag_string") or name in {"md5", "rating"} for name in left)
    aliases = {**ALIASES, **{ours: (theirs,) for ours, theirs in (renamed or {}).items()}}
    if not is_post and "post_id" not in (renamed or {}):
        aliases["post_id"] = ALIASES["post_id"][
            :-1
        ]  # anybody's row number is called id; only a post's is one of a site
    by_lower = {name.lower(): name for name in reversed(left)}
    taken = {ours: _take(left, by_lower, aliases[ours], convert) for ours, convert in _CONVERT.items()}
    general, text = taken.pop("tags_general"), taken.pop("text")
    if taken["tags"] is None and general:
        # A danbooru dump splits the line by category; the whole line holds them all.
        taken["tags"] = " ".join(filter(None, (general, taken["character"], taken["copyright"])))
    if text:
        slots = ("tags", "description") if is_tag_line(text) else ("description",)
        free = next((slot for slot in slots if not taken[slot]), None)
        (taken if free else left)[free or "text"] = text
    return _bounded(Words(**taken, extra=left))


def _take(
    left: dict[str, Any], by_lower: Mapping[str, str], aliases: Sequence[str], convert: Callable[[Any], Any]
) -> Any:  # noqa: ANN401
    """Take the first usable value that goes by one of the aliases, whatever its case, out of ``left``."""
    for alias in aliases:
        name = alias if alias in left else by_lower.get(alias.lower())
        if name in left and (found := convert(left[name])) is not None:
            del left[name]
            return found
    return None


def _is_silent(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return (
        value is None or value == "" or value == [] or value == {} or (isinstance(value, float) and math.isnan(value))
    )


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """One line for a text, a list of tags, or tags as keys (with scores, or grouped by category)."""
    if isinstance(value, str):
        if value.startswith("[") and value.rstrip().endswith("]"):
            try:
                return _text(orjson.loads(value))
            except orjson.JSONDecodeError:
                return value
        return value
    if isinstance(value, Mapping):
        if all(isinstance(group, list) for group in value.values()):
            return ", ".join(_text(group) for group in value.values() if group)
        return ", ".join(map(str, value))
    if isinstance(value, Iterable) and not isinstance(value, bytes):
        return ", ".join(str(each.get("name", "")) if isinstance(each, Mapping) else str(each) for each in value)
    return str(value)


def _integer(value: Any, below: int) -> int | None:  # noqa: ANN401 - any JSON value
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0 <= number < below and str(value).strip() in {str(number), f"{number}.0"} else None


def _seconds(value: Any) -> float | None:  # noqa: ANN401 - any JSON value
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _md5(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    text = str(value).strip().lower()
    return text if re.fullmatch(r"[0-9a-f]{32}", text) else None


_CONVERT: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(ALIASES, _text),
    "rating": lambda value: rating(str(value)),
    "post_id": lambda value: _integer(value, _INT64),
    "md5": _md5,
    "scene": lambda value: _integer(value, _INT32),
    "frame": lambda value: _integer(value, _INT32),
    "time_s": _seconds,
}


def _bounded(words: Words) -> Words:
    """The words within the limits and in Unicode's NFC form; what was dropped is said in ``extra``."""
    notes: dict[str, Any] = {}
    tags = _tags_within_limits(words.tags, notes) if words.tags else None
    description = _clean(words.description, keep_lines=True) if words.description else None
    if description and len(description) > MAX_DESCRIPTION_CHARS:
        notes["description_cut"] = len(description) - MAX_DESCRIPTION_CHARS
        description = description[:MAX_DESCRIPTION_CHARS]
    short = {
        name: _clean(text)[:MAX_TAG_CHARS] or None
        for name in ("artist", "character", "copyright", "episode")
        if (text := getattr(words, name))
    }
    extra = _json_within_limits({**words.extra, **notes})
    return replace(words, tags=tags, description=description or None, extra=extra, **short)


def _tags_within_limits(line: str, notes: dict[str, Any]) -> str | None:
    clean = _clean(_LINE_BREAK.sub(", ", line.strip()))
    separator = ", " if "," in clean else " "
    tags = clean.split(separator.strip() or None)
    kept = [tag for tag in tags if len(tag.strip()) <= MAX_TAG_CHARS][:MAX_TAGS]
    if len(kept) == len(tags):
        return clean or None
    notes["tags_dropped"] = len(tags) - len(kept)
    return separator.join(tag.strip() for tag in kept) or None


def _clean(text: str, *, keep_lines: bool = False) -> str:
    """NFC, without control characters and lone surrogates, which databases refuse."""
    if text.isascii() and text.isprintable():
        return text.strip()
    kept = (
        c
        if (keep_lines and c == "\n")
        else " "
        if (kind := unicodedata.category(c)) == "Cc"
        else ""
        if kind == "Cs"
        else c
        for c in unicodedata.normalize("NFC", text)
    )
    return "".join(kept).strip()


def _json_within_limits(extra: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values that are JSON and together fit; the names of the others."""
    kept: dict[str, Any] = {}
    dropped: list[str] = []
    room = _MAX_EXTRA_BYTES
    for name, value in extra.items():
        try:
            size = len(orjson.dumps({name: value}))
        except TypeError:
            size = room + 1
        if size <= room:
            kept[name], room = value, room - size
        else:
            dropped.append(_clean(name)[:MAX_TAG_CHARS])
    return {**kept, "dropped": dropped[:20]} if dropped else kept
