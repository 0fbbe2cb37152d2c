"""Reads a file of settings: a YAML mapping in which every name stands once.

What belongs here: the file. Not here: what the names mean (``whole``).
"""

from pathlib import Path
from typing import Any

import yaml

from charassets.errors import UsageError

_MERGE = "tag:yaml.org,2002:merge"


class _Loader(yaml.SafeLoader):
    """YAML says that names are unique, and PyYAML takes the last of several."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:  # noqa: ANN401 - a name, and no mapping as stubs have it
        node = super().compose_mapping_node(anchor)
        seen: set[tuple[str, str]] = set()
        for name, _ in node.value:
            if not isinstance(name, yaml.ScalarNode) or name.tag == _MERGE:
                continue
            if (name.tag, name.value) in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{name.value} is there twice", name.start_mark)
            seen.add((name.tag, name.value))
        return node


def read_mapping(path: Path) -> dict[Any, Any]:
    """The names and values of a file; none where it is empty.

    Raises:
        UsageError: it cannot be read, or is no mapping, or a name is there twice in one of its mappings.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader) or {}  # noqa: S506 - a SafeLoader
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UsageError(
            f"cannot read the settings: {_told(error)}", where=str(path), todo="mend or remove the file"
        ) from None
    if not isinstance(content, dict):
        raise UsageError("the settings are not a mapping", where=str(path), todo="write `name: value` lines")
    return content


def _told(error: Exception) -> str:
    """What is wrong and where, in a line."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem:
        at = error.problem_mark or error.context_mark
        return error.problem + (f", line {at.line + 1}, column {at.column + 1}" if at else "")
    return " ".join(str(error).split())
