"""The asset that builds the DuckDB file people query."""

import dagster as dg

from charassets.defs.conditions import COLLECTION_CONDITION
from charassets.defs.partitions import OWNERS, RETRIES, failure
from charassets.defs.resources import Workbench
from charassets.errors import CharassetsError
from charassets.schema import SOURCE_ITEMS, TABLES
from charassets.warehouse import build
from charassets.warehouse.build import CODE_VERSION


@dg.asset(
    deps=[table for table in TABLES if table != SOURCE_ITEMS.name],
    description="One DuckDB file with every table, `records` (one row a kept image) and documented columns, "
    "swapped in whole so that readers never meet a lock.",
    code_version=CODE_VERSION,
    retry_policy=RETRIES,
    group_name="publish",
    kinds={"duckdb"},
    owners=OWNERS,
    pool="warehouse",
    automation_condition=COLLECTION_CONDITION,
)
def warehouse(workbench: Workbench) -> dg.MaterializeResult:
    """Build the warehouse from the fragments that are there."""
    try:
        result = build(workbench.workspace, workbench.lake, workbench.settings)
    except CharassetsError as error:
        raise failure(error) from error
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
