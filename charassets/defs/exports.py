"""The asset that publishes training sets from the warehouse: the ones the settings name."""

import dagster as dg

from charassets.defs.conditions import COLLECTION_CONDITION
from charassets.defs.failures import translated
from charassets.defs.partitions import OWNERS
from charassets.defs.resources import Workbench
from charassets.exports.export import CODE_VERSION, NothingPassesError, export
from charassets.exports.publishing import Published
from charassets.lake.fingerprint import fingerprint


@dg.asset(
    deps=["warehouse"],
    description="Training sets in WORKSPACE/exports, one a setting of `exports`: attributes with confidence, character, origin.",
    code_version=CODE_VERSION,
    group_name="publish",
    kinds={"json", "parquet"},
    owners=OWNERS,
    automation_condition=COLLECTION_CONDITION,
)
def exports(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Publish every export of the settings that is not up to date; one that no record passes is told and fails nothing."""
    settings = workbench.settings
    done: dict[str, Published] = {}
    empty: list[str] = []
    with translated(context):
        for options in settings.exports:
            try:
                done[options.name] = export(settings, options)
            except NothingPassesError:
                context.log.warning("no record passes export %s; what was published before stays", options.name)
                empty.append(options.name)
    metadata = {name: dg.MetadataValue.path(result.path) for name, result in done.items()}
    return dg.MaterializeResult(
        metadata={
            **metadata,
            "empty": empty,
            "dagster/row_count": sum(result.manifest["records"] for result in done.values()),
            "unchanged": sum(result.unchanged for result in done.values()),
            "bytes": sum(file["bytes"] for result in done.values() for file in result.manifest["files"]),
        },
        data_version=dg.DataVersion(fingerprint({name: r.manifest["fingerprint"] for name, r in done.items()})),
    )
