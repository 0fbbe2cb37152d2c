"""The settings file of a workspace as a memory: what a run was given, so that later runs and the UI know it.

What belongs here: reading it as it stands, and laying values into it. Not here: what the settings mean (``whole``).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from charassets.errors import StorageError
from charassets.settings.whole import SETTINGS_FILE, merge

_HEADER = """\
# Settings of this workspace; `charassets config` lists all of them. `charassets run` adds the sources and models it is
# given, and rewrites the file when it does.
"""


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
