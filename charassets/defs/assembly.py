"""All definitions put together, once: what ``charassets.definitions`` hands to Dagster and a run in process executes."""

import dagster as dg

from charassets.defs import (
    attributes,
    automation,
    cast,
    classifiers,
    consensus,
    curation,
    design,
    embeddings,
    evaluation,
    exports,
    identity,
    images,
    learning,
    maintenance,
    raw,
    similarity,
    tracks,
    warehouse,
)
from charassets.defs.resources import Workbench

_ASSETS = (
    raw,
    images,
    embeddings,
    design,
    attributes,
    curation,
    identity,
    similarity,
    consensus,
    tracks,
    learning,
    classifiers,
    evaluation,
    warehouse,
    exports,
)


def build_defs() -> dg.Definitions:
    """Assets, checks, jobs, schedules, sensors and the resource they share."""
    return dg.Definitions(
        assets=dg.load_assets_from_modules(_ASSETS),
        asset_checks=dg.load_asset_checks_from_modules(_ASSETS),
        jobs=[
            automation.everything,
            automation.refresh_shards,
            automation.refresh_collection,
            automation.learn,
            cast.learn_cast,
            maintenance.shards_by_key,
            maintenance.tidy,
        ],
        schedules=[
            automation.nightly_shards,
            automation.nightly_collection,
            automation.nightly_learning,
            maintenance.weekly_tidy,
        ],
        sensors=[automation.new_shards, automation.fill_missing],
        resources={"workbench": Workbench()},
        executor=dg.in_process_executor,  # the model stays loaded across the assets of a run
    )
