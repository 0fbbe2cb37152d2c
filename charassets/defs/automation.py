"""When what runs: the jobs, the sensor that finds new shards, the nightly schedules.

Two ways fill what is missing. The schedules ship switched on: once a night they compare manifests, so they see changed
settings and models too, and ask for stale shards in few runs. The automation conditions on the assets do the same from
Dagster's own history within a minute of a shard's arrival; their sensor ships switched off, and whoever switches it on in
the UI (Automation, ``fill_missing``) switches ``nightly_shards`` and ``nightly_collection`` off.
"""

from collections.abc import Iterator

import dagster as dg

from charassets.defs.attributes import character_attributes, tag_evidence, visual_evidence
from charassets.defs.classifiers import classifiers
from charassets.defs.consensus import cluster_consensus, merged_attributes
from charassets.defs.curation import edit_log, edits
from charassets.defs.design import design_features
from charassets.defs.embeddings import clip_embeddings
from charassets.defs.evaluation import evaluation
from charassets.defs.exports import character_outputs, exports
from charassets.defs.identity import character_gallery, character_identities
from charassets.defs.images import single_character_images
from charassets.defs.learning import calibration, fusion_policy, heads
from charassets.defs.partitions import SHARDS, SHARDS_PER_RUN, contiguous, range_tags, shards
from charassets.defs.raw import raw_shards
from charassets.defs.resources import Workbench
from charassets.defs.similarity import character_clusters, knn_graph, near_duplicates
from charassets.defs.tracks import tracks
from charassets.defs.warehouse import warehouse
from charassets.errors import BusyError
from charassets.sources.intake import take_in
from charassets.stages.staleness import outdated

NEW_SHARDS_A_TICK = 1_000
"""Partitions registered at once; Dagster gives a tick 60 seconds."""

SHARD_ASSETS = dg.AssetSelection.assets(
    raw_shards,
    single_character_images,
    clip_embeddings,
    design_features,
    tag_evidence,
    visual_evidence,
    character_attributes,
    character_identities,
)
COLLECTION_ASSETS = dg.AssetSelection.assets(
    edits,
    character_gallery,
    knn_graph,
    near_duplicates,
    merged_attributes,
    character_clusters,
    cluster_consensus,
    tracks,
    warehouse,
    exports,
    character_outputs,
)

everything = dg.define_asset_job(
    "everything",
    SHARD_ASSETS | COLLECTION_ASSETS,
    description="All assets, as `charassets run`.",
)
refresh_shards = dg.define_asset_job(
    "refresh_shards", SHARD_ASSETS, description="The per-shard assets of a span of shards."
)
refresh_collection = dg.define_asset_job(
    "refresh_collection", COLLECTION_ASSETS, description="Edits, duplicates, characters, warehouse and exports."
)

learn = dg.define_asset_job(
    "learn",
    dg.AssetSelection.assets(heads, fusion_policy, calibration, evaluation, classifiers),
    description="Heads, fusion policy and calibration, taught by the collection, promoted only if better; then all is measured.",
)


@dg.sensor(target=SHARD_ASSETS, minimum_interval_seconds=300, default_status=dg.DefaultSensorStatus.RUNNING)
def new_shards(context: dg.SensorEvaluationContext, workbench: Workbench) -> dg.SensorResult | dg.SkipReason:
    """List the sources, bring the shard ledger up to date, register its shards. It starts no run."""
    try:
        with workbench.workspace.locked():
            intake = take_in(workbench.settings, workbench.lake)
    except BusyError as error:
        return dg.SkipReason(f"{error}; the next tick tries again")
    for name, error in intake.failed.items():
        context.log.warning("source %s: %s", name, error)
    known = set(context.instance.get_dynamic_partitions(SHARDS))
    new = [shard for shard in intake.change.shards if shard not in known][:NEW_SHARDS_A_TICK]
    if not new:
        return dg.SkipReason(f"no new shard; {len(intake.change.changed)} changed")
    return dg.SensorResult(dynamic_partitions_requests=[shards.build_add_request(new)])


@dg.schedule(
    job=refresh_shards,
    cron_schedule="0 2 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def nightly_shards(
    context: dg.ScheduleEvaluationContext, workbench: Workbench
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Ask for every missing, changed or stale shard, in spans: only neighbouring partitions fit into one run."""
    stale = outdated(workbench.lake, workbench.stages)
    keys = context.instance.get_dynamic_partitions(SHARDS)
    spans = list(contiguous(keys, stale, SHARDS_PER_RUN))
    if not spans:
        yield dg.SkipReason("every shard is up to date")
    for span in spans:
        run_key = f"{context.scheduled_execution_time:%Y-%m-%d}/{span[0]}..{span[-1]}"
        yield dg.RunRequest(run_key=run_key, tags=range_tags(span))


nightly_collection = dg.ScheduleDefinition(
    name="nightly_collection",
    job=refresh_collection,
    cron_schedule="0 4 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Refresh the collection tables, two hours after the shards were asked for; unchanged ones cost nothing.",
)

nightly_learning = dg.ScheduleDefinition(
    name="nightly_learning",
    job=learn,
    cron_schedule="0 5 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Learn from the collection when it is up to date; the next night's shards read what was promoted.",
)

fill_missing = dg.AutomationConditionSensorDefinition(
    "fill_missing",
    target=SHARD_ASSETS | COLLECTION_ASSETS | dg.AssetSelection.assets(edit_log.key),
    default_status=dg.DefaultSensorStatus.STOPPED,
)
