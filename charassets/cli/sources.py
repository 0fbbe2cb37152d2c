"""Sources and models as they are given on the command line, and remembered in the workspace's settings file.

What belongs here: ``[NAME=]PATH`` and ``charassets.yaml``. Not here: opening a source.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from charassets.errors import StorageError, UsageError
from charassets.settings import SETTINGS_FILE, merge

_NAMED = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9_.-]{0,63})=(?P<path>.+)$", re.DOTALL)

_HEADER = """\
# Settings of this workspace; `charassets config` lists all of them. `charassets run` adds the sources and models it is
# given, and rewrites the file when it does.
"""

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


def read_workspace_file(workspace: Path) -> dict[str, Any]:
    """What the workspace's settings file says; empty where there is none (damage is told when it is used)."""
    try:
        content = yaml.safe_load((workspace / SETTINGS_FILE).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return content if isinstance(content, dict) else {}


def remember(workspace: Path, values: Mapping[str, Any]) -> bool:
    """Lay values into the workspace's settings file, so that the UI and later runs know them; True where it changed.

    Raises:
        StorageError: the file cannot be written.
    """
    before = read_workspace_file(workspace)
    after = merge(before, values)
    if after == before:
        return False
    path = workspace / SETTINGS_FILE
    temporary = path.with_suffix(".tmp")
    try:
        workspace.mkdir(parents=True, exist_ok=True)
        temporary.write_text(_HEADER + yaml.safe_dump(after, sort_keys=False, allow_unicode=True), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise StorageError(f"cannot remember the sources: {error.strerror}", where=str(path)) from error
    return True


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
