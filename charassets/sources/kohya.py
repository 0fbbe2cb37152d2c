"""The metadata files of kohya's training scripts: one JSON object, pictures as keys, captions and tags as values.

What belongs here: finding the entry of a picture, and its words. Not here: writing such files (an export). A key is a full
path on the machine that wrote it, or a name without suffix; the pictures are those below the metadata file's own folder, so
that a foreign file cannot make us read anything else.
"""

from collections import defaultdict
from collections.abc import KeysView
from typing import Any

import orjson

from charassets.errors import Rejected, SourceError
from charassets.sources import names, storage, words
from charassets.sources.records import Words

_MAX_BYTES = 4 << 30
_LAST_STEP_FIRST = ("meta_lat.json", "metadata_lat.json", "meta_clean.json", "meta_cap_dd.json", "meta_cap.json")


class Metadata:
    """One metadata file, read whole (the scripts do the same).

    Raises:
        SourceError: it cannot be read, or is no JSON object of objects.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._entries = _load(uri)
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for key in self._entries:
            if parts := _parts(key):
                self._by_name[parts[-1]].append(key)

    def keys(self) -> KeysView[str]:
        """Every key of the file."""
        return self._entries.keys()

    def key(self, path: str) -> str | None:
        """The key of a picture, given its path below the file's folder.

        Folders are compared from the picture upwards as far as both sides name them, which bears with another root and with
        keys that are bare names.
        """
        mine = _parts(path)
        for key in self._by_name.get(mine[-1], ()):
            shared = min(len(mine), len(theirs := _parts(key)))
            if mine[-shared:] == theirs[-shared:]:
                return key
        return None

    def words(self, key: str) -> Words:
        """What an entry says."""
        return words.from_mapping(self._entries[key])

    def text(self, key: str) -> str:
        """An entry as canonical text, for a digest."""
        return orjson.dumps(self._entries[key], option=orjson.OPT_SORT_KEYS).decode()


def beside(folder: str) -> Metadata | None:
    """The metadata in a folder that the scripts wrote last: it holds what the earlier steps said."""
    places = (storage.join(folder, name) for name in _LAST_STEP_FIRST)
    return next((Metadata(place) for place in places if storage.look(place)), None)


def _parts(path: str) -> tuple[str, ...]:
    plain = path.replace("\\", "/")
    stem, suffix = names.split(plain)
    return tuple(part for part in (stem if suffix in names.PICTURES else plain).split("/") if part)


def _load(uri: str) -> dict[str, dict[str, Any]]:
    todo = 'it should read {"name": {"caption": ..., "tags": ...}}; records one a line belong in a .jsonl'
    try:
        content = orjson.loads(storage.read_file(uri, _MAX_BYTES))
    except (Rejected, orjson.JSONDecodeError) as error:
        raise SourceError(f"the metadata cannot be read: {error}", where=uri, todo=todo) from None
    if not isinstance(content, dict) or not all(key and isinstance(value, dict) for key, value in content.items()):
        raise SourceError("the file is no metadata of kohya's scripts", where=uri, todo=todo)
    return content
