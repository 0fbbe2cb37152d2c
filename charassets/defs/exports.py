"""The assets that publish training sets from the warehouse."""

import dagster as dg

from charassets.defs.conditions import COLLECTION_CONDITION
from charassets.defs.failures import translated
from charassets.defs.partitions import OWNERS
from charassets.defs.resources import Workbench
from charassets.exports import jsonl


@dg.asset(
    deps=["warehouse"],
    description="JSON lines of the kept records: attributes with confidence, character, and where the image lies.",
    code_version=jsonl.CODE_VERSION,
    group_name="publish",
    kinds={"json"},
    owners=OWNERS,
    automation_condition=COLLECTION_CONDITION,
)
def jsonl_export(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Write the kept records as JSON lines."""
    workspace = workbench.workspace
    with translated(context):
        result = jsonl.export(workspace, workspace.exports)
    return dg.MaterializeResult(
        metadata={
            "path": dg.MetadataValue.path(result.path),
            "dagster/row_count": result.rows,
            "unchanged": result.unchanged,
            "bytes": result.bytes,
        },
        data_version=dg.DataVersion(result.sha256),
    )
