"""What the Dagster UI shows of a table and of a materialization: stable keys, so that they plot over time.

What belongs here: the translation of schemas, results and pictures into Dagster metadata. Not here: how they are made.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from charassets.images.contact_sheet import data_uri
from charassets.schema import Table
from charassets.stages.contract import CollectionStage, Stage
from charassets.stages.runner import ShardResult

SHARD_SHEET_BYTES = 20_000
"""Most bytes of a sheet of one shard: every byte stays in Dagster's database, and there are thousands of shards."""

COLLECTION_SHEET_BYTES = 60_000
"""Most bytes of a sheet of the collection."""


def definition_metadata(table: Table) -> dict[str, Any]:
    """Column schema and table name, shown before anything was materialized."""
    return {"dagster/column_schema": column_schema(table), "dagster/table_name": table.name}


def column_schema(table: Table) -> dg.TableSchema:
    """The table's columns with their documentation."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=str(column.type),
                description=column.doc,
                constraints=dg.TableColumnConstraints(nullable=column.nullable),
            )
            for column in table.columns
        ]
    )


def shard_metadata(stage: Stage | CollectionStage, result: ShardResult) -> dict[str, Any]:
    """What became of a shard; numbers under stable keys, the rate only where something was computed."""
    manifest = result.manifest
    rows = manifest.file("rows").rows
    metadata: dict[str, Any] = {
        ("dagster/row_count" if isinstance(stage, CollectionStage) else "dagster/partition_row_count"): rows,
        "records_in": manifest.counts["in"],
        "records_with_rows": manifest.counts["row"],
        "records_rejected": manifest.counts["rejected"],
        "records_skipped": manifest.counts["skipped"],
        "records_computed": result.computed,
        "records_reused": result.reused,
        "seconds": round(result.seconds, 3),
        "bytes": sum(file.bytes for file in manifest.files),
        "stage_fingerprint": manifest.stage_fingerprint[:12],
        **{f"rejected/{code}": count for code, count in manifest.rejections.items()},
    }
    if result.computed:
        metadata["images_per_s"] = round(result.computed / max(result.seconds, 1e-6), 2)
    if models := stage.weights():
        metadata["model"] = ", ".join(f"{name} {sha256[:12]}" for name, sha256 in models.items())
    return metadata


def pictures(sheets: Mapping[str, bytes]) -> dict[str, dg.MarkdownMetadataValue]:
    """Contact sheets (WebP) shown inside the event: Markdown is the only way Dagster shows a picture."""
    return {title: dg.MetadataValue.md(f"![{title}]({data_uri(data)})") for title, data in sheets.items()}
