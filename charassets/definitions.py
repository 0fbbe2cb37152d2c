"""The Dagster entry point: everything under ``charassets.defs``, put together once."""

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """All definitions. The rooms are imported here, not above: Dagster imports this module in every run process."""
    from charassets.defs import (
        attributes,
        automation,
        embeddings,
        exports,
        images,
        maintenance,
        raw,
        similarity,
        warehouse,
    )
    from charassets.defs.resources import Workbench

    rooms = [raw, images, embeddings, attributes, similarity, warehouse, exports]
    return dg.Definitions(
        assets=dg.load_assets_from_modules(rooms),
        asset_checks=dg.load_asset_checks_from_modules(rooms),
        jobs=[
            automation.everything,
            automation.refresh_shards,
            automation.refresh_collection,
            maintenance.shards_by_key,
            maintenance.tidy,
        ],
        schedules=[automation.nightly_shards, automation.nightly_collection, maintenance.weekly_tidy],
        sensors=[automation.new_shards, automation.fill_missing],
        resources={"workbench": Workbench()},
        executor=dg.in_process_executor,  # the model stays loaded across the assets of a run
    )
