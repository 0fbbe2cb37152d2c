"""The edit log as Dagster sees it: an observed source, and the snapshot of it that a run reads."""

import dagster as dg

from charassets.curation import EditLog, take_snapshot
from charassets.curation.snapshot import CODE_VERSION
from charassets.defs.conditions import COLLECTION_CONDITION
from charassets.defs.failures import translated
from charassets.defs.metadata import definition_metadata
from charassets.defs.partitions import OWNERS
from charassets.defs.resources import Workbench
from charassets.schema import EDITS


@dg.observable_source_asset(
    description="The log of what people decided in the app (`WORKSPACE/curation/edits.sqlite`). Its version is the place of "
    "the last edit; a newer one makes `edits` stale.",
    group_name="curation",
    tags={"dagster/kind/sqlite": ""},
    automation_condition=dg.AutomationCondition.cron_tick_passed("*/5 * * * *").since_last_handled(),
)
def edit_log(workbench: Workbench) -> dg.ObserveResult:
    """Look at the head of the log."""
    head = EditLog.of(workbench.workspace).head()
    return dg.ObserveResult(data_version=dg.DataVersion(str(head)), metadata={"head": head})


@dg.asset(
    deps=[edit_log],
    description=EDITS.doc,
    metadata=definition_metadata(EDITS),
    code_version=CODE_VERSION,
    group_name="curation",
    kinds={"parquet"},
    owners=OWNERS,
    automation_condition=COLLECTION_CONDITION,
)
def edits(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Take the edits that stand into the lake."""
    with translated(context):
        manifest, unchanged = take_snapshot(EditLog.of(workbench.workspace), workbench.lake)
    return dg.MaterializeResult(
        metadata={"dagster/row_count": manifest.file("rows").rows, "unchanged": unchanged},
        data_version=dg.DataVersion(manifest.version),
    )
