"""Runs the job ``everything`` in this process: what ``charassets run`` does, with the history the UI shows.

What belongs here: Dagster's home, its dead runs, which shards are asked for, spans around bad ones. Not here: flags,
terminals and exit codes (``charassets.cli``), and what the events say (``charassets.defs.run_report``).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager

from charassets import progress
from charassets.defs.assembly import build_defs
from charassets.defs.checks import bad_before
from charassets.defs.dead_runs import UNFINISHED, bury_in
from charassets.defs.history import written_in_passing
from charassets.defs.home import prepare
from charassets.defs.partitions import SHARDS, contiguous, range_tags
from charassets.defs.run_report import Done, Report
from charassets.defs.tags import OURS
from charassets.lake.fragments import Lake
from charassets.schema import SOURCE_ITEMS

# Runs of a job that is in no loaded code location would hang in the UI without a link to their job.
_LOCATION = {".dagster/repository": "__repository__@charassets"}

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

BRIDGED = 12
"""Shards that are up to date but asked for all the same where they lie between two that are not: a run of its own for
each span costs about as much (1.5 s) as a dozen shards with nothing to do (0.12 s each, nearly all of it Dagster's events)."""


@contextmanager
def instance_of(home: Path) -> Iterator[dg.DagsterInstance]:
    """The Dagster instance whose state lies in ``home``, shared with ``make ui``. The caller holds the workspace.

    The first time, the project's ``dagster.yaml`` is copied there; after that the copy is the user's to change.
    """
    prepare(home)
    # Capturing output starts helper processes that answer Ctrl-C with a traceback; the terminal shows the output anyway.
    uncaptured = {"module": NoOpComputeLogManager.__module__, "class": NoOpComputeLogManager.__name__, "config": {}}
    settings = InstanceRef.from_dir(str(home), overrides={"compute_logs": uncaptured})  # pyright: ignore[reportArgumentType]
    with written_in_passing(), dg.DagsterInstance.from_ref(settings) as instance:
        _bury_dead_runs(instance)
        yield instance


def run_everything(
    instance: dg.DagsterInstance,
    lake: Lake,
    stale: Collection[str],
    overrides: Mapping[str, Any],
    reporter: progress.Reporter,
) -> Report:
    """Materialize every asset where it is not up to date, going on with the good shards where one is bad.

    Args:
        instance: the Dagster instance.
        lake: the lake; its shards that Dagster does not know yet are registered.
        stale: shards that have something to compute. Those that Dagster has no record of, or that failed a check, are
            asked for as well.
        overrides: settings of the command line.
        reporter: hears of progress.
    """
    driver = _Driver(instance, overrides)
    keys = driver.register(lake)
    wanted = {*stale, *driver.unrecorded(keys), *driver.suspects()}
    driver.leave_standing(lake, [key for key in keys if key not in wanted])
    with progress.reported_to(reporter):
        for span in spans_over(keys, wanted):
            driver.through(span)
        if not driver.report.problems:
            driver.collection()
    return driver.report


def run_cast(instance: dg.DagsterInstance, request: Mapping[str, Any], reporter: progress.Reporter) -> Report:
    """Run the job ``learn_cast``; the caller holds the workspace.

    Args:
        instance: the Dagster instance.
        request: fields of ``charassets.defs.cast.CastRequest``.
        reporter: hears of progress.
    """
    report = Report()
    with progress.reported_to(reporter):
        result = (
            build_defs()
            .resolve_job_def("learn_cast")
            .execute_in_process(
                instance=instance,
                raise_on_error=False,
                run_config={**request, "held": True, "log_level": "CRITICAL"},
                tags={**OURS, **_LOCATION},
            )
        )
    report.read(result)
    return report


def spans_over(keys: Sequence[str], wanted: Collection[str]) -> list[list[str]]:
    """Spans of neighbouring keys that hold all the wanted ones, and few others (``BRIDGED``)."""
    places = [place for place, key in enumerate(keys) if key in wanted]
    near = {key for a, b in zip(places, places[1:], strict=False) if b - a <= BRIDGED for key in keys[a:b]}
    return list(contiguous(keys, {*wanted, *near}, len(keys)))


class _Driver:
    """Executes the job span by span."""

    def __init__(self, instance: dg.DagsterInstance, overrides: Mapping[str, Any]) -> None:
        self._instance = instance
        self._job = build_defs().resolve_job_def("everything")
        layer = self._job.asset_layer
        selected = layer.selected_asset_keys
        self._sharded = [key for key in selected if layer.get(key).partitions_def is not None]
        self._whole = [key for key in selected if key not in self._sharded]
        self._checks = [check for check in layer.asset_graph.asset_check_keys if check.asset_key in self._sharded]
        self._config = {**_QUIET, "resources": {"workbench": {"config": {"overrides": dict(overrides)}}}}
        self.report = Report()

    def register(self, lake: Lake) -> list[str]:
        """Make partitions of the ledger's shards; answers all of them in order."""
        known = set(self._instance.get_dynamic_partitions(SHARDS))
        listed = lake.shards(SOURCE_ITEMS.name)
        self._instance.add_dynamic_partitions(SHARDS, [key for key in listed if key not in known])
        return [key for key in self._instance.get_dynamic_partitions(SHARDS) if key in set(listed)]

    def unrecorded(self, keys: Sequence[str]) -> set[str]:
        """Shards that some asset was never materialized for, as far as Dagster knows (its state may have been deleted)."""
        recorded = [self._instance.get_materialized_partitions(asset) for asset in self._sharded]
        return {key for key in keys if not all(key in found for found in recorded)}

    def suspects(self) -> set[str]:
        """Shards that failed a blocking check when it was last examined."""
        return {shard for check in self._checks for shard in bad_before(self._instance, check)}

    def leave_standing(self, lake: Lake, keys: Sequence[str]) -> None:
        """Count shards that are not asked for as what they are."""
        for table in (asset.path[-1] for asset in self._sharded):
            for key in keys:
                fragment = lake.fragment(table, key)
                if fragment is not None:
                    self.report.places[table, key] = Done.standing(fragment.manifest)

    def through(self, keys: Sequence[str]) -> None:
        """Execute a span; where shards fail, leave them out and go through the spans between them.

        A failed step skips all steps after it, for good shards too, which is why those are asked for again; what they
        have finished costs nothing the second time.
        """
        bad = self._execute(range_tags(keys), self._sharded)
        if not bad or self.report.problems:
            return
        for good, span in groupby(keys, lambda key: key not in bad):
            if good:
                self.through(list(span))

    def collection(self) -> None:
        """Execute the assets over the whole collection."""
        self._execute({}, self._whole)

    def _execute(self, tags: Mapping[str, str], selection: Sequence[dg.AssetKey]) -> set[str]:
        result = self._job.execute_in_process(
            instance=self._instance,
            raise_on_error=False,
            run_config=self._config,
            asset_selection=selection,
            tags={**OURS, **_LOCATION, **tags},
        )
        return self.report.read(result)


def _bury_dead_runs(instance: dg.DagsterInstance) -> None:
    """Fail the runs of killed processes and free their pool slots, which would block the next run for ever.

    The caller holds the workspace, so no other process of ours is alive; runs of the UI carry another tag.
    """
    for run in instance.get_runs(dg.RunsFilter(statuses=UNFINISHED, tags=OURS)):
        bury_in(instance, run, "its process was killed")
