"""Runs the job ``everything`` in this process: what ``charassets run`` does, with the history the UI shows.

What belongs here: Dagster's home, its dead runs, spans around bad shards, and what the events say was done. Not here:
flags, terminals and exit codes (``charassets.cli``).
"""

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import dagster as dg

from charassets import progress
from charassets.defs.assembly import build_defs
from charassets.defs.history import written_in_passing
from charassets.defs.partitions import SHARDS, range_tags

INSTANCE_SETTINGS = Path(__file__).with_name("dagster.yaml")
"""Settings of the Dagster instance; only the copy in the workspace is read once ``DAGSTER_HOME`` is set."""

OURS = {"charassets/cli": "1"}
"""Tag of the runs of this module: only one process at a time makes such runs, the one that holds the workspace."""

# Runs of a job that is in no loaded code location would hang in the UI without a link to their job.
_LOCATION = {".dagster/repository": "__repository__@charassets"}

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


_INTERRUPTIONS = {KeyboardInterrupt.__name__, dg.DagsterExecutionInterruptedError.__name__}


@dataclass(frozen=True)
class Done:
    """What was done for one table: records by outcome and by refusal, and the time the stage itself took in seconds."""

    records_in: int = 0
    rows: int = 0
    rejected: int = 0
    skipped: int = 0
    computed: int = 0
    reused: int = 0
    seconds: float = 0.0
    rejections: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: "Done") -> "Done":
        return Done(
            self.records_in + other.records_in,
            self.rows + other.rows,
            self.rejected + other.rejected,
            self.skipped + other.skipped,
            self.computed + other.computed,
            self.reused + other.reused,
            self.seconds + other.seconds,
            Counter(self.rejections) + Counter(other.rejections),
        )

    @property
    def per_second(self) -> float | None:
        """Records computed a second; None where nothing was computed."""
        return self.computed / max(self.seconds, 1e-6) if self.computed else None


@dataclass(frozen=True)
class Problem:
    """A step that failed, in words, with the exit code the error asks for."""

    step: str
    what: str
    exit_code: int


@dataclass
class Report:
    """What a run did.

    Attributes:
        tables: table to what was done, per-shard tables summed over their shards.
        bad_shards: shard to the reason why it failed.
        bad_code: exit code the bad shards ask for; 0 where there are none.
        problems: what else failed.
        warnings: checks that did not pass without stopping the run, in words.
        metadata: the last metadata of every whole-collection asset.
    """

    tables: dict[str, Done] = field(default_factory=dict)
    bad_shards: dict[str, str] = field(default_factory=dict)
    bad_code: int = 0
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    metadata: dict[str, dict[str, Any]] = field(default_factory=dict)


@contextmanager
def instance_of(home: Path) -> Iterator[dg.DagsterInstance]:
    """The Dagster instance whose state lies in ``home``, shared with ``make ui``. The caller holds the workspace.

    The first time, the project's ``dagster.yaml`` is copied there; after that the copy is the user's to change.
    """
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        shutil.copyfile(INSTANCE_SETTINGS, home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)
    with written_in_passing(), dg.DagsterInstance.get() as instance:
        _bury_dead_runs(instance)
        yield instance


def run_everything(
    instance: dg.DagsterInstance, keys: Sequence[str], overrides: Mapping[str, Any], reporter: progress.Reporter
) -> Report:
    """Materialize every asset on these shards, going on with the good ones where a shard is bad.

    Args:
        instance: the Dagster instance.
        keys: the shards, sorted; those that Dagster does not know yet are registered.
        overrides: settings of the command line.
        reporter: hears of progress.
    """
    known = set(instance.get_dynamic_partitions(SHARDS))
    instance.add_dynamic_partitions(SHARDS, [key for key in keys if key not in known])
    keys = [key for key in instance.get_dynamic_partitions(SHARDS) if key in set(keys)]
    driver = _Driver(instance, overrides)
    with progress.reported_to(reporter):
        driver.through(keys, None)
        if driver.report.bad_shards and not driver.report.problems:
            driver.execute({}, driver.whole)
    return driver.report


class _Driver:
    """Executes the job span by span and reads the events."""

    def __init__(self, instance: dg.DagsterInstance, overrides: Mapping[str, Any]) -> None:
        self._instance = instance
        self._job = build_defs().resolve_job_def("everything")
        layer = self._job.asset_layer
        selected = layer.selected_asset_keys
        self._sharded = [key for key in selected if layer.get(key).partitions_def is not None]
        self.whole = [key for key in selected if key not in self._sharded]
        self._config = {**_QUIET, "resources": {"workbench": {"config": {"overrides": dict(overrides)}}}}
        self._events: dict[tuple[str, str | None], Done] = {}
        self.report = Report()

    def through(self, keys: Sequence[str], selection: Sequence[dg.AssetKey] | None) -> None:
        """Execute a span; where shards fail, leave them out and go through the spans between them.

        A failed step skips all steps after it, for good shards too, which is why those are asked for again; what they
        have finished costs nothing the second time.
        """
        bad = self.execute(range_tags(keys), selection)
        if not bad or self.report.problems:
            return
        for good, span in groupby(keys, lambda key: key not in bad):
            if good:
                self.through(list(span), self._sharded)

    def execute(self, tags: Mapping[str, str], selection: Sequence[dg.AssetKey] | None) -> set[str]:
        """One Dagster run; answers the shards that failed in it.

        Raises:
            KeyboardInterrupt: a person stopped it.
        """
        result = self._job.execute_in_process(
            instance=self._instance,
            raise_on_error=False,
            run_config=self._config,
            asset_selection=selection,
            tags={**OURS, **_LOCATION, **tags},
        )
        if any(map(_is_interruption, result.all_events)):
            raise KeyboardInterrupt  # Dagster records it in its history and says no more of it
        for event in result.all_events:
            if event.is_step_materialization:
                self._materialized(event.step_materialization_data.materialization)
        for table in {name for name, _ in self._events}:
            self.report.tables[table] = sum((d for (name, _), d in self._events.items() if name == table), Done())
        self.report.warnings += [
            f"{check.asset_key.to_user_string()}: {check.description or check.check_name}"
            for check in result.get_asset_check_evaluations()
            if not check.passed and check.severity is dg.AssetCheckSeverity.WARN
        ]
        return self._failures(result)

    def _materialized(self, event: dg.AssetMaterialization) -> None:
        table = event.asset_key.path[-1]
        values = _plain(event.metadata)
        if event.partition is None:
            self.report.metadata[table] = values
        if "records_in" not in values:
            return
        place = (table, event.partition)
        now = _done(values)
        if place not in self._events or now.computed:  # a second pass finds unchanged what the first computed
            self._events[place] = now

    def _failures(self, result: dg.ExecuteInProcessResult) -> set[str]:
        bad: dict[str, str] = {}
        for event in result.get_step_failure_events():
            data = event.step_failure_data
            told = _plain({} if data.user_failure_data is None else data.user_failure_data.metadata)
            code = told.get("exit_code", 1)
            if "failed" in told:
                bad |= told["failed"]
                self.report.bad_code = max(self.report.bad_code, code)
            else:
                self.report.problems.append(Problem(event.step_key or "", _words(data), code))
        self.report.bad_shards |= bad
        if not result.success and not bad and not self.report.problems:
            self.report.problems.append(Problem("everything", "the run failed before its first step", 1))
        return set(bad)


def _is_interruption(event: dg.DagsterEvent) -> bool:
    """Ctrl-C struck within this failed step, or between two steps of this failed run."""
    if event.is_step_failure:
        error = event.step_failure_data.error
    elif event.event_type is dg.DagsterEventType.RUN_FAILURE:
        error = event.job_failure_data.error
    else:
        return False
    return error is not None and error.cls_name in _INTERRUPTIONS


def _plain(metadata: Mapping[str, dg.MetadataValue]) -> dict[str, Any]:
    return {name: value.value for name, value in metadata.items()}


def _done(values: Mapping[str, Any]) -> Done:
    rejections = {k.removeprefix("rejected/"): v for k, v in values.items() if k.startswith("rejected/")}
    return Done(
        values["records_in"],
        values.get("dagster/partition_row_count", values.get("dagster/row_count", 0)),
        values["records_rejected"],
        values["records_skipped"],
        values["records_computed"],
        values["records_reused"],
        values["seconds"],
        rejections,
    )


def _words(data: Any) -> str:  # noqa: ANN401 - Dagster's StepFailureData is not public
    if data.user_failure_data is not None and data.user_failure_data.description:
        return " ".join(data.user_failure_data.description.split())
    error = data.error
    while error is not None and error.cause is not None:  # the innermost error is the one that says something
        error = error.cause
    return " ".join(error.message.split())[:500] if error is not None else "failed without saying why"


def _bury_dead_runs(instance: dg.DagsterInstance) -> None:
    """Fail the runs of killed processes and free their pool slots, which would block the next run for ever.

    The caller holds the workspace, so no other process of ours is alive; runs of the UI carry another tag.
    """
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED, tags=OURS)):
        instance.report_run_failed(run, "its process was killed")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
