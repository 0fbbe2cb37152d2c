"""The assets that publish from the warehouse: the training sets that the settings name, and what the clustering came to."""

from pathlib import Path

import dagster as dg
import orjson

from charassets.defs.conditions import COLLECTION_CONDITION
from charassets.defs.failures import translated
from charassets.defs.metadata import COLLECTION_SHEET_BYTES, pictures
from charassets.defs.partitions import OWNERS
from charassets.defs.resources import Workbench
from charassets.exports.character_report import CHARACTER_REPORT, MAP, QUALITY, SHEETS, SUMMARY
from charassets.exports.characters import CHARACTERS
from charassets.exports.export import CODE_VERSION, NothingPassesError, count, export
from charassets.exports.publishing import Published
from charassets.images.contact_sheet import smaller
from charassets.lake.fingerprint import fingerprint
from charassets.settings import ExportSettings


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


@dg.asset(
    deps=["warehouse"],
    description="WORKSPACE/exports/characters: a folder a character and noise/, numbers, a map, and sheets of the ten biggest "
    "and the ten most doubtful characters.",
    code_version=f"{CHARACTERS.code_version}.{CHARACTER_REPORT.code_version}",
    group_name="publish",
    kinds={"json"},
    owners=OWNERS,
    automation_condition=COLLECTION_CONDITION,
)
def character_outputs(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Publish what the clustering came to; folders only up to ``clusters.folders_up_to`` pictures."""
    settings = workbench.settings
    options = ExportSettings(name=CHARACTERS.name, format=CHARACTERS.name)
    with translated(context):
        if sum(count(settings, options).values()) > settings.clusters.folders_up_to:
            options = options.model_copy(update={"format": CHARACTER_REPORT.name})
        try:
            done = export(settings, options)
        except NothingPassesError:
            context.log.warning("no record is kept; what was published before stays")
            return dg.MaterializeResult(metadata={"dagster/row_count": 0})
    return dg.MaterializeResult(
        metadata={
            "path": dg.MetadataValue.path(done.path),
            "format": options.format,
            "unchanged": done.unchanged,
            "dagster/row_count": done.manifest["records"],
            **_told(done.path),
        },
        data_version=dg.DataVersion(done.manifest["fingerprint"]),
    )


def _told(folder: Path) -> dict[str, dg.MetadataValue]:
    """The numbers and pictures of a published report."""
    summary, quality = (orjson.loads((folder / name).read_bytes()) for name in (SUMMARY, QUALITY))
    shown = {"map": MAP, **SHEETS}
    drawn = {
        title: smaller((folder / name).read_bytes(), COLLECTION_SHEET_BYTES)
        for title, name in shown.items()
        if (folder / name).is_file()
    }
    numbers = ("characters", "clustered", "noise_share", "largest_share")
    return {
        **{name: dg.MetadataValue.float(float(summary[name])) for name in numbers},
        "checks": dg.MetadataValue.json(quality["checks"]),
        "doubtful": dg.MetadataValue.json(quality["doubtful"]),
        "unkept": dg.MetadataValue.int(len(quality["unkept"])),
        **pictures(drawn),
    }
