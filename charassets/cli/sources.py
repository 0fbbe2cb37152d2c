"""Sources and models as they are given on the command line.

What belongs here: ``[NAME=]PATH`` and ``NAME=VALUE``. Not here: opening a source, and remembering one
(``charassets.settings.remembered``).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from charassets.errors import UsageError
from charassets.settings import merge

_NAMED = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9_.-]{0,63})=(?P<path>.+)$", re.DOTALL)

_ARCHIVES = (".tar.gz", ".tar", ".tgz", ".parquet", ".csv", ".jsonl", ".json", ".txt", ".zip")


def sources_given(given: Iterable[str], known: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The known sources with the given ones added.

    A source without a name is called after its path. A name that was given replaces the path of the known source of that
    name (the source has moved); a name of our own making never does, it gets a number.

    Args:
        given: ``PATH`` or ``NAME=PATH`` each.
        known: sources of the settings file.

    Raises:
        UsageError: an empty path.
    """
    sources = {str(source["name"]): dict(source) for source in known}
    for text in given:
        named = _NAMED.match(text)
        path = _absolute(named["path"] if named else text)
        if named:
            sources[named["name"]] = {**sources.get(named["name"], {}), "name": named["name"], "path": path}
        elif all(source["path"] != path for source in sources.values()):
            name = _unused(_name_of(path), sources)
            sources[name] = {"name": name, "path": path}
    return list(sources.values())


SAMPLE = "sample"
"""Folder of a workspace in which ``charassets demo`` draws its sources."""


def without_sample(known: Sequence[Mapping[str, Any]], workspace: Path) -> list[Mapping[str, Any]]:
    """The known sources but those of the demo: people's own pictures take its place instead of mixing with it."""
    sample = (workspace / SAMPLE).absolute()
    return [source for source in known if not Path(str(source["path"])).is_relative_to(sample)]


def assigned(texts: Iterable[str]) -> dict[str, Any]:
    """``gates.min_sharpness=40`` and the like as nested settings; values are read as YAML.

    Raises:
        UsageError: no equals sign, or a value that is not YAML.
    """
    settings: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"--set {text!r} is not NAME=VALUE", where="--set", todo="e.g. gates.min_sharpness=40")
        try:
            nested: Any = yaml.safe_load(value)
        except yaml.YAMLError:
            raise UsageError(f"--set {text!r}: the value cannot be read", where="--set", todo="quote it") from None
        for part in reversed(name.split(".")):
            nested = {part: nested}
        settings = merge(settings, nested)
    return settings


def model_path(text: str) -> str:
    """A model as it is kept: an existing path made absolute, anything else (``mini:``, a hub id) as it is."""
    return str(Path(text).expanduser().absolute()) if Path(text).expanduser().exists() else text


def _absolute(path: str) -> str:
    if not path.strip():
        raise UsageError("a source has no path", where="--source", todo="give [NAME=]PATH")
    return path if "://" in path else str(Path(path).expanduser().absolute())


def _name_of(path: str) -> str:
    """The last part of the path that is not a pattern, without a data suffix, in letters a name may have."""
    parts = [part for part in path.split("/") if part and not re.search(r"[*?\[{]", part)]
    name = parts[-1] if parts else "source"
    for suffix in _ARCHIVES:
        name = name.removesuffix(suffix)
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-._")
    return name[:60] or "source"


def _unused(name: str, taken: Mapping[str, Any]) -> str:
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name}-{number}"
    return candidate
