"""The asset that builds the DuckDB file people query."""

import dagster as dg

from charassets.defs.conditions import COLLECTION_CONDITION
from charassets.defs.failures import translated
from charassets.defs.partitions import OWNERS
from charassets.defs.resources import Workbench
from charassets.schema import SOURCE_ITEMS, TABLES
from charassets.warehouse import build
from charassets.warehouse.build import CODE_VERSION


@dg.asset(
    deps=[table for table in TABLES if table != SOURCE_ITEMS.name],
    description="One DuckDB file with every table, `records` (one row a kept image) and documented columns, "
    "swapped in whole so that readers never meet a lock.",
    code_version=CODE_VERSION,
    group_name="publish",
    kinds={"duckdb"},
    owners=OWNERS,
    pool="warehouse",
    automation_condition=COLLECTION_CONDITION,
)
def warehouse(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Build the warehouse from the fragments that are there."""
    with translated(context):
        result = build(workbench.workspace, workbench.lake, workbench.settings)
    return dg.MaterializeResult(
        metadata={
            "path": dg.MetadataValue.path(result.path),
            "unchanged": result.unchanged,
            "bytes": result.bytes,
            "seconds": round(result.seconds, 3),
            **{f"rows/{table}": rows for table, rows in result.rows.items()},
        },
        data_version=dg.DataVersion(result.fingerprint),
    )
