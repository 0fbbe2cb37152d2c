"""Which shards are not up to date, and why: told by comparing manifests, without computing anything.

What belongs here: the comparison that the nightly schedule and ``charassets status`` share. Not here: acting on it.
"""

from collections.abc import Mapping

from charassets.lake.fragments import Lake
from charassets.schema import SOURCE_ITEMS
from charassets.stages.collection import ALL, versions_of
from charassets.stages.contract import CollectionStage, Stage

MISSING = "missing"
CHANGED_INPUT = "its input changed"
CHANGED_STAGE = "its code, settings or model changed"


def outdated(lake: Lake, stages: Mapping[str, Stage]) -> dict[str, dict[str, str]]:
    """Shards that a run would compute something for.

    Args:
        lake: the lake.
        stages: the per-shard stages by table name, inputs first.

    Returns:
        Shard to table to the reason; shards and tables that are up to date are left out. A table whose input is outdated
        is outdated too: whether its content really changes is known only once the input was computed.
    """
    own = {table: stage.own_fingerprint() for table, stage in stages.items()}
    found = {shard: _reasons(lake, stages, own, shard) for shard in lake.shards(SOURCE_ITEMS.name)}
    return {shard: reasons for shard, reasons in found.items() if reasons}


def outdated_collections(lake: Lake, stages: Mapping[str, CollectionStage]) -> dict[str, str]:
    """Tables of the whole collection that a run would work on, and why; those that hang on them are among them.

    Args:
        lake: the lake.
        stages: the collection steps by table name, inputs first.
    """
    reasons: dict[str, str] = {}
    for table, stage in stages.items():
        fragment = lake.fragment(table, ALL)
        if fragment is None or not fragment.is_whole():
            reasons[table] = MISSING
        elif fragment.manifest.stage_fingerprint != stage.own_fingerprint():
            reasons[table] = CHANGED_STAGE
        elif any(name in reasons for name in stage.reads) or fragment.manifest.inputs != versions_of(lake, stage):
            reasons[table] = CHANGED_INPUT
    return reasons


def _reasons(lake: Lake, stages: Mapping[str, Stage], own: Mapping[str, str], shard: str) -> dict[str, str]:
    items = lake.fragment(SOURCE_ITEMS.name, shard)
    versions = {SOURCE_ITEMS.name: items.version if items is not None else ""}
    reasons: dict[str, str] = {}
    for table, stage in stages.items():
        fragment = lake.fragment(table, shard)
        if fragment is None or not fragment.is_whole():
            reasons[table] = MISSING
            continue
        versions[table] = fragment.version
        if fragment.manifest.stage_fingerprint != own[table]:
            reasons[table] = CHANGED_STAGE
        elif any(name in reasons or fragment.manifest.inputs[name] != versions[name] for name in stage.reads):
            reasons[table] = CHANGED_INPUT
    return reasons
