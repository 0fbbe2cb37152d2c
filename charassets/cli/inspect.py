"""The commands that only look: ``verify``, ``status`` and ``config``. They answer their exit code.

What belongs here: printing what the lake and the settings say. Not here: changing anything.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from rich.console import Console
from rich.table import Table

from charassets.cli.output import print_json
from charassets.cli.run import use_workspace
from charassets.errors import CharassetsError, UsageError, VerificationError
from charassets.lake import verify
from charassets.lake.fragments import Lake
from charassets.lake.workspace import Workspace
from charassets.schema import SOURCE_ITEMS
from charassets.settings import Settings, load_settings
from charassets.stages.pipeline import collection_stages, shard_stages
from charassets.stages.staleness import outdated, outdated_collections
from charassets.warehouse.build import is_current

_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than", "multiple_of": "a multiple of"}


def verify_lake(workspace: str | None, json: bool) -> int:
    """Re-hash everything; 4 where something is damaged, each piece of damage on a line."""
    settings, lake = _opened(workspace)
    found = verify.verify(lake)
    if json:
        print_json({"ok": not found.damage, "lake": settings.lake_root, **asdict(found)})
    else:
        print(f"{found.fragments:,} fragments, {found.files:,} files, {found.bytes / 1e6:,.1f} MB re-hashed")
    for damage in found.damage:
        print(f"error: {damage.table} {damage.shard}: {damage.what}", file=sys.stderr)
    return VerificationError.exit_code if found.damage else 0


def shard_status(workspace: str | None, json: bool) -> int:
    """Which shards, and which tables of the whole collection, a run would compute something for."""
    settings, lake = _opened(workspace)
    place = Workspace.of(settings)
    items = {shard: lake.fragment(SOURCE_ITEMS.name, shard) for shard in lake.shards(SOURCE_ITEMS.name)}
    empty = {shard for shard, fragment in items.items() if fragment is not None and not fragment.rows}
    stale = outdated(lake, shard_stages(settings))
    shards, current = len(items) - len(empty), len(items.keys() - empty - stale.keys())
    together = outdated_collections(lake, collection_stages(settings))
    queried, problem = _queried(place, lake, settings)
    if json:
        told = {"lake": settings.lake_root, "shards": shards, "emptied": sorted(empty), "outdated": stale}
        print_json({**told, "collection": together, "warehouse_up_to_date": queried, "warehouse_problem": problem})
        return 0
    gone = f"; {len(empty):,} more hold nothing, for their sources are gone" if empty else ""
    print(f"{shards:,} shard{'s' * (shards != 1)}, {current:,} up to date{gone}")
    for table, reason in together.items():
        print(f"{table}: {reason}")
    if not queried:
        earlier = "tells of an earlier state, or is not there; `charassets run` builds it"
        print(f"{place.warehouse.name}: {problem or earlier}")
    print("new files in the sources and new edits are not looked at here: `charassets run` does, and takes them in")
    for shard, reasons in stale.items():
        by_reason = Counter(reasons.values())
        told = (f"{count} table{'s' * (count != 1)}: {reason}" for reason, count in by_reason.items())
        print(f"{shard}: " + "; ".join(told))
    return 0


def _queried(place: Workspace, lake: Lake, settings: Settings) -> tuple[bool, str | None]:
    """Whether queries are answered from the lake as it stands, and why the file cannot be opened, if it cannot."""
    try:
        return is_current(place, lake, settings), None
    except CharassetsError as error:
        return False, str(error)


@dataclass(frozen=True)
class Setting:
    """One setting as people name it, with its value, bounds in words, and meaning."""

    name: str
    value: Any
    bounds: str
    meaning: str


def list_settings(workspace: str | None, json: bool) -> int:
    """Every setting."""
    use_workspace(workspace)
    found = list(_settings("", load_settings()))
    if json:
        print_json([asdict(setting) for setting in found])
        return 0
    table = Table("setting", "value", "bounds", "meaning", box=None, pad_edge=False)
    for setting in found:
        table.add_row(setting.name, _shown(setting.value), setting.bounds, setting.meaning)
    Console(width=None if sys.stdout.isatty() else 200).print(table, markup=False)
    return 0


def _settings(prefix: str, section: BaseModel) -> Iterator[Setting]:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            yield from _settings(f"{prefix}{name}.", value)
        else:
            plain = section.model_dump(mode="json", include={name})[name]
            yield Setting(prefix + name, plain, _bounds(field), field.description or "")


def _bounds(field: FieldInfo) -> str:
    limits = [(words, getattr(rule, kind, None)) for rule in field.metadata for kind, words in _BOUNDS.items()]
    return ", ".join(f"{words} {limit:g}" for words, limit in limits if limit is not None)


def _shown(value: Any) -> str:  # noqa: ANN401 - any JSON value
    return "" if value is None else value if isinstance(value, str) else orjson.dumps(value).decode()


def _opened(workspace: str | None) -> tuple[Settings, Lake]:
    use_workspace(workspace)
    settings = load_settings()
    if "://" not in settings.lake_root and not Path(settings.lake_root).is_dir():
        raise UsageError("there is no lake", where=settings.lake_root, todo="give --workspace, or run first")
    return settings, Workspace.of(settings).open_lake()
