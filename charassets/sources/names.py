"""What a name says: the kind of a file, a safe place, and the facts that datasets write into names and folders.

What belongs here: suffixes and patterns. Not here: anything that opens a file.
"""

import re
import unicodedata
from collections.abc import Sequence

from charassets.sources.records import Words

PICTURES = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".apng",
        ".webp",
        ".gif",
        ".bmp",
        ".dib",
        ".avif",
        ".avifs",
        ".tif",
        ".tiff",
    }
    | {".heic", ".heif", ".jxl", ".jp2", ".psd", ".svg"}
)
"""Names that claim to be a picture. The decoder refuses some of these formats; the record is then rejected, not overlooked."""

SIDECARS = (".txt", ".caption", ".json")
"""Same-stem files with the words of a picture, strongest first."""

TARS = frozenset({".tar"})
PARQUETS = frozenset({".parquet", ".pq"})
TABLES = frozenset({".csv", ".tsv", ".jsonl", ".ndjson"})
VIDEOS = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi"})
CONTAINERS = TARS | PARQUETS | TABLES

_NOTES = frozenset(
    {"readme", "source", "license", "licence", "notice", "credits", "labels", "classes", "metadata", "info", "index"}
    | {"truth", "manifest"}
)
_MAX_NAME_BYTES = 1024

_RATINGS = {
    "g": "general", "general": "general", "safe": "general",
    "s": "sensitive", "sensitive": "sensitive",
    "q": "questionable", "questionable": "questionable",
    "e": "explicit", "explicit": "explicit",
}  # fmt: skip
"""Danbooru's letters and words. Since 2022 its ``s`` means sensitive; only the word ``safe`` still means general."""

_DANBOORU = re.compile(r"^danbooru_(\d{1,18})_([0-9a-f]{32})$", re.IGNORECASE)
_FRAME = re.compile(r"(?:^|[_-])scene(\d{1,9})_frame(\d{1,9})(?:_t(\d{1,9}(?:\.\d{1,9})?)s)?(?![0-9])", re.IGNORECASE)
_EPISODE = re.compile(r"^episode[_ -]?(.{1,64})$", re.IGNORECASE)


def split(path: str) -> tuple[str, str]:
    """A path without its last suffix, and that suffix in lower case with its dot (empty where there is none)."""
    # Plain strings and not pathlib: this runs several times for each of millions of names.
    stem, dot, end = path.rpartition(".")
    return (stem, f".{end.lower()}") if dot and stem and end and "/" not in end and stem[-1] != "/" else (path, "")


def suffix(path: str) -> str:
    """The last suffix in lower case, with its dot; empty where there is none."""
    return split(path)[1]


def stem(path: str) -> str:
    """The path without its last suffix."""
    return split(path)[0]


def is_hidden(name: str) -> bool:
    """A dot file: an editor's or an operating system's, such as the ``._x.png`` that macOS leaves in archives."""
    return name.startswith(".")


def is_note(name: str) -> bool:
    """A text about the data set and not about one picture, by the names people give such files."""
    return stem(name.rpartition("/")[2]).lower() in _NOTES


def safe_member(name: str) -> str | None:
    """The normalised name of an archive member or of a path in a table, or None where it is unsafe.

    Unsafe is what could lead out of its folder, or what a terminal or a database would stumble over: absolute paths, ``..``,
    backslashes, control characters, names that are no UTF-8 or longer than 1,024 bytes.
    """
    parts = [part for part in name.split("/") if part not in {"", "."}]
    leads_out = name.startswith("/") or ".." in parts or "\\" in name
    if leads_out or not parts or not is_storable(name) or len(name.encode()) > _MAX_NAME_BYTES:
        return None
    return "/".join(parts)


def is_storable(name: str) -> bool:
    """Whether a file's name can stand in a table: UTF-8 without control characters."""
    return (name.isascii() and name.isprintable()) or not (has_controls(name) or _has_surrogates(name))


def has_controls(text: str) -> bool:
    """Whether a control character (newline included) is in the text."""
    return any(unicodedata.category(c) == "Cc" for c in text)


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= c <= "\udfff" for c in text)


def printable(name: str) -> str:
    """The name with whatever is no UTF-8, and every control character, written as an escape."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if unicodedata.category(c) != "Cc" else f"\\x{ord(c):02x}" for c in text)


def rating(value: str) -> str | None:
    """The rating a letter or word stands for, None if it is none."""
    return _RATINGS.get(value.strip().lower())


def facts(parts: Sequence[str]) -> Words:
    """What a path says of its picture.

    Args:
        parts: folders and file name, from the outside in.

    Returns:
        Post id and md5 of ``danbooru_<id>_<md5>.<ext>``; rating of a folder named after one; episode of an ``episode_*``
        folder; scene, frame and seconds of ``scene0001_frame000012_t48.50s``.
    """
    *folders, name = parts
    told = stem(name)
    post, frame = _DANBOORU.match(told), _FRAME.search(told)
    episodes = [m[1] for folder in folders if (m := _EPISODE.match(folder))]
    # One letter is too common a folder name (initials) to be read as a rating.
    ratings = [r for folder in folders if len(folder) > 1 and (r := rating(folder))]
    return Words(
        post_id=int(post[1]) if post else None,
        md5=post[2].lower() if post else None,
        rating=ratings[-1] if ratings else None,
        episode=episodes[-1] if episodes else None,
        scene=int(frame[1]) if frame else None,
        frame=int(frame[2]) if frame else None,
        time_s=float(frame[3]) if frame and frame[3] else None,
    )
