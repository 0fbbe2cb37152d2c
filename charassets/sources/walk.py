"""Walks a source's folders: every file once, in the order of its key.

What belongs here: order, globs, links that lead in circles. Not here: what a file is good for.
"""

import fnmatch
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from charassets.sources import names, storage
from charassets.sources.storage import Entry

_MAGIC = re.compile(r"[*?\[]")

_Rests = frozenset[tuple[str, ...]]
"""The ways in which a glob may go on: ``**`` can stop or continue at every folder."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file of a source.

    Attributes:
        path: its path within the source, with ``/``.
        entry: the file.
        siblings: the sidecar files of the same folder, by name.
    """

    path: str
    entry: Entry
    siblings: Mapping[str, Entry]


def split_glob(path: str) -> tuple[str, str]:
    """A path as the folder without wildcards and the pattern below it (empty where there is none).

    In a URI ``?`` begins the store's options and is no wildcard.
    """
    plain, mark, options = path.partition("?") if storage.is_uri(path) else (path, "", "")
    parts = plain.split("/")
    cut = next((i for i, part in enumerate(parts) if _MAGIC.search(part)), len(parts))
    return ("/".join(parts[:cut]) or "/") + mark + options, "/".join(parts[cut:])


def walk(folder: str, pattern: str = "") -> Iterator[Found]:
    """Every file below a folder, sorted by the item key it will have; dot files and dot folders are left out.

    Linked folders are entered unless they hold a folder on the way to them: such a link leads round in a circle.

    Args:
        folder: local folder or URI.
        pattern: glob relative to it; a folder that matches is taken whole, ``**`` stands for any depth.
    """
    yield from _walk(folder, "", frozenset([tuple(pattern.split("/")) if pattern else ()]), ())


def _walk(folder: str, path: str, rests: _Rests, trail: tuple[str, ...]) -> Iterator[Found]:
    listed = [entry for entry in storage.entries(folder) if not names.is_hidden(entry.name)]
    siblings = {entry.name: entry for entry in listed if names.suffix(entry.name) in names.SIDECARS}
    for entry in sorted(listed, key=_key):
        below, inside = path + entry.name, _into(entry.name, rests)
        if not entry.is_dir:
            if () in inside:
                yield Found(below, entry, siblings)
        elif inside and not entry.is_link:
            yield from _walk(entry.path, f"{below}/", inside, trail)
        elif inside:
            here, there = os.path.realpath(folder), os.path.realpath(entry.path)
            if not any(f"{been}/".startswith(f"{there}/") for been in (*trail, here)):
                yield from _walk(entry.path, f"{below}/", inside, (*trail, here))


def _key(entry: Entry) -> str:
    """Sorting by this within a folder sorts whole keys: what follows a name in a key is part of the comparison."""
    return entry.name + ("/" if entry.is_dir else "#" if names.suffix(entry.name) in names.CONTAINERS else "")


def _into(name: str, rests: _Rests) -> _Rests:
    """What is left of the pattern after one more name: empty if nothing can match, ``()`` within if all below does."""
    if () in rests:
        return rests
    after: set[tuple[str, ...]] = set()
    for rest in rests:
        while rest and rest[0] == "**":
            after.add(rest)
            rest = rest[1:]
            if not rest:
                after.add(())
        if rest and fnmatch.fnmatchcase(name, rest[0]):
            after.add(rest[1:])
    return frozenset(after)
