"""Which column of a table holds what, found by name and content, or told by a person.

What belongs here: the decision, and saying it. Not here: reading the table.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from charassets.errors import SourceError, UsageError
from charassets.sources import names
from charassets.sources.words import ALIASES, is_tag_line

Form = Literal["bytes", "struct", "text", "words"]
"""What a column's values are: bytes, a struct with a ``bytes`` field (as Hugging Face stores pictures), text, or any other
value that may say something."""

_PICTURES = ("image", "jpg", "jpeg", "png", "webp", "img", "picture", "image_bytes", "bytes", "content", "data")
_PATHS = ("image_path", "file_name", "filename", "file_path", "filepath", "path", "file", "image", "img_path")
_URLS = ("image_url", "img_url", "file_url", "large_file_url", "url")
_TEXTS = ("tags", "tags_general", "description", "text")
_OURS = frozenset({"image", "path", "url", *ALIASES})
_URL = re.compile(r"^https?://\S+$", re.IGNORECASE)
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"BM", b"II*\0", b"MM\0*", b"\0\0\0")


@dataclass(frozen=True)
class Columns:
    """The decision for one table.

    Attributes:
        image: column with the bytes of the pictures.
        path: column with their paths, relative to the table's folder.
        url: column with their addresses. At most one of the three is used.
        texts: columns from which tags or descriptions come.
        renamed: our names to theirs where a person, or the content, decided it.
    """

    image: str | None
    path: str | None
    url: str | None
    texts: tuple[str, ...]
    renamed: Mapping[str, str]

    @property
    def usable(self) -> bool:
        """There are pictures or words."""
        return bool(self.image or self.path or self.url or self.texts)

    def needed(self, forms: Mapping[str, Form]) -> list[str]:
        """The columns to read: where pictures are, and everything small that may say something."""
        return [name for name, form in forms.items() if form in {"text", "words"} or name == self.image]

    @property
    def has_pictures(self) -> bool:
        """Pictures are in the table or lie beside it."""
        return bool(self.image or self.path)

    def __str__(self) -> str:
        """The decision in words."""
        where = (
            f"pictures in `{self.image}`" if self.image
            else f"pictures at the paths in `{self.path}`" if self.path
            else f"pictures fetched from `{self.url}`" if self.url
            else "no pictures"
        )  # fmt: skip
        return f"{where}, words from {', '.join(f'`{t}`' for t in self.texts) or 'no column'}"


def sniff(
    forms: Mapping[str, Form], sample: Sequence[Mapping[str, Any]], told: Mapping[str, str], where: str
) -> Columns:
    """Decide which column holds what.

    Args:
        forms: column name to what its values are.
        sample: the first rows.
        told: our names (``image``, ``path``, ``url``, or a name of ``words.ALIASES``) to theirs; they are not questioned.
        where: the table, for the message.

    Raises:
        UsageError: ``told`` uses a name that is none of ours.
        SourceError: ``told`` names a column that is not there.
    """
    _check(forms, told, where)
    image, path, url = (
        _told_place(forms, sample, told) if told.keys() & {"image", "path", "url"} else _place(forms, sample)
    )
    renamed = {ours: theirs for ours, theirs in told.items() if ours in ALIASES}
    texts = tuple(name for name in forms if name in renamed.values() or name.lower() in _text_aliases(renamed))
    if not texts:
        guessed = _first(forms, sample, ("text",), lambda value: value.count(",") >= 2 and is_tag_line(value), ())
        if guessed and guessed not in {image, path, url}:
            renamed, texts = {**renamed, "tags": guessed}, (guessed,)
    return Columns(image, path, url, texts, renamed)


def is_address(value: str) -> bool:
    """Whether a text is an address that can be fetched."""
    return bool(_URL.match(value))


def _check(forms: Mapping[str, Form], told: Mapping[str, str], where: str) -> None:
    for ours, theirs in told.items():
        if ours not in _OURS:
            raise UsageError(
                f"columns: {ours!r} is not a name of ours", where=where, todo=f"use {', '.join(sorted(_OURS))}"
            )
        if theirs not in forms:
            raise SourceError(f"there is no column {theirs!r}", where=where, todo=f"it has {_listed(forms)}")


def _listed(forms: Iterable[str]) -> str:
    shown = [names.printable(name)[:40] for name in forms]
    return ", ".join(shown[:20]) + (f" and {len(shown) - 20} more" if len(shown) > 20 else "")


class NoColumnsError(SourceError):
    """Nothing in a table was recognised."""


def no_columns(forms: Iterable[str], where: str) -> NoColumnsError:
    """The error for a table in which nothing was recognised."""
    return NoColumnsError(
        f"no column holds pictures, words or addresses (columns: {_listed(forms) or 'none'})",
        where=where,
        todo="name them in the source's `columns`, such as {image: ..., tags: ...}",
    )


_Place = tuple[str | None, str | None, str | None]


def _told_place(forms: Mapping[str, Form], sample: Sequence[Mapping[str, Any]], told: Mapping[str, str]) -> _Place:
    image, path, url = (told.get(name) for name in ("image", "path", "url"))
    if image and forms[image] == "text":  # a person says image and means where it lies
        if _share(sample, image, is_address) > 0.5:
            return None, None, image
        return None, image, None
    return (image, None, None) if image else (None, path, None) if path else (None, None, url)


def _place(forms: Mapping[str, Form], sample: Sequence[Mapping[str, Any]]) -> _Place:
    if image := _first(forms, sample, ("bytes", "struct"), _is_picture, _PICTURES):
        return image, None, None
    if path := _first(forms, sample, ("text",), _is_path, _PATHS):
        return None, path, None
    # Addresses count by name only: fetching is not to be started by a column that happens to hold links.
    named: dict[str, Form] = {name: form for name, form in forms.items() if name.lower() in _URLS}
    return None, None, _first(named, sample, ("text",), is_address, _URLS)


def _first(
    forms: Mapping[str, Form],
    sample: Sequence[Mapping[str, Any]],
    wanted: Sequence[Form],
    fits: Callable[[Any], bool],
    known: Sequence[str],
) -> str | None:
    """The first column of the wanted forms whose values fit, known names before others."""
    rank = {name: i for i, name in enumerate(known)}
    right = [name for name, form in forms.items() if form in wanted]
    ordered = sorted(right, key=lambda name: rank.get(name.lower(), len(rank)))
    return next((name for name in ordered if _share(sample, name, fits) >= 0.5), None)


def _share(sample: Sequence[Mapping[str, Any]], column: str, fits: Callable[[Any], bool]) -> float:
    values = [value for row in sample if (value := row.get(column)) is not None]
    return sum(fits(value) for value in values) / len(values) if values else 0.0


def _is_picture(value: Any) -> bool:  # noqa: ANN401 - bytes, or a struct of them
    if isinstance(value, Mapping):
        path, value = value.get("path"), value.get("bytes")
        if value is None:
            return isinstance(path, str) and _is_path(path)
    return isinstance(value, bytes) and value.startswith(_MAGIC)


def _is_path(value: str) -> bool:
    return not is_address(value) and names.suffix(value) in names.PICTURES and names.is_storable(value)


def _text_aliases(renamed: Mapping[str, str]) -> set[str]:
    return {alias for ours in _TEXTS if ours not in renamed for alias in ALIASES[ours]}
