"""What runs of this process did, read from Dagster's events: the counts, the failures and the warnings.

What belongs here: reading events. Not here: causing them (``charassets.defs.in_process``) or printing them.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from charassets.errors import is_interrupted_query
from charassets.lake.fragments import Manifest

_OURS = re.compile(r"^charassets[.]errors[.]\w+: ")  # the class is for us, the sentence for people
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

    @classmethod
    def standing(cls, manifest: Manifest) -> "Done":
        """A fragment that was up to date before."""
        counts, rows = manifest.counts, manifest.file("rows").rows
        return cls(
            counts["in"],
            rows,
            counts["rejected"],
            counts["skipped"],
            reused=counts["in"],
            rejections=manifest.rejections,
        )

    @classmethod
    def told(cls, values: Mapping[str, Any]) -> "Done":
        """What the metadata of a materialization says."""
        rejections = {k.removeprefix("rejected/"): v for k, v in values.items() if k.startswith("rejected/")}
        return cls(
            values["records_in"],
            values.get("dagster/partition_row_count", values.get("dagster/row_count", 0)),
            values["records_rejected"],
            values["records_skipped"],
            values["records_computed"],
            values["records_reused"],
            values["seconds"],
            rejections,
        )


@dataclass(frozen=True)
class Problem:
    """A step that failed, in words, with the exit code the error asks for."""

    step: str
    what: str
    exit_code: int


@dataclass
class Report:
    """What one or more Dagster runs did.

    Attributes:
        places: table and shard (None for a table of the collection) to what was done there.
        bad_shards: shard to the reason why it failed.
        bad_code: exit code the bad shards ask for; 0 where there are none.
        problems: what else failed.
        warnings: checks that did not pass without stopping the run, in words.
    """

    places: dict[tuple[str, str | None], Done] = field(default_factory=dict)
    bad_shards: dict[str, str] = field(default_factory=dict)
    bad_code: int = 0
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def tables(self) -> dict[str, Done]:
        """Table to what was done for it, summed over its shards."""
        totals: dict[str, Done] = {}
        for (table, _), done in self.places.items():
            totals[table] = totals.get(table, Done()) + done
        return totals

    def read(self, result: dg.ExecuteInProcessResult) -> set[str]:
        """Take in a run; answers the shards that failed in it.

        Raises:
            KeyboardInterrupt: a person stopped it; Dagster records that in its history and says no more of it.
        """
        if any(map(_is_interruption, result.all_events)):
            raise KeyboardInterrupt
        for event in result.all_events:
            if event.is_step_materialization:
                self._materialized(event.step_materialization_data.materialization)
        self.warnings += [
            f"{check.asset_key.to_user_string()}: {check.description or check.check_name}"
            for check in result.get_asset_check_evaluations()
            if not check.passed and check.severity is dg.AssetCheckSeverity.WARN
        ]
        return self._failures(result)

    def _materialized(self, event: dg.AssetMaterialization) -> None:
        values = _plain(event.metadata)
        if "records_in" not in values:
            return  # the event without numbers that Dagster makes of each result, or an asset without records
        place = (event.asset_key.path[-1], event.partition)
        now = Done.told(values)
        if place not in self.places or now.computed:  # a second pass finds unchanged what the first computed
            self.places[place] = now

    def _failures(self, result: dg.ExecuteInProcessResult) -> set[str]:
        bad: dict[str, str] = {}
        for event in result.get_step_failure_events():
            data = event.step_failure_data
            told = _plain({} if data.user_failure_data is None else data.user_failure_data.metadata)
            code = told.get("exit_code", 1)
            if "failed" in told:
                bad |= told["failed"]
                self.bad_code = max(self.bad_code, code)
            else:
                self.problems.append(Problem(event.step_key or "", _words(data), code))
        self.bad_shards |= bad
        if not result.success and not bad and not self.problems:
            self.problems.append(Problem("everything", "the run failed before its first step", 1))
        return set(bad)


def _is_interruption(event: dg.DagsterEvent) -> bool:
    """Ctrl-C struck within this failed step, or between two steps of this failed run."""
    if event.is_step_failure:
        error = event.step_failure_data.error
    elif event.event_type is dg.DagsterEventType.RUN_FAILURE:
        error = event.job_failure_data.error
    else:
        return False
    while error is not None:
        if error.cls_name in _INTERRUPTIONS or is_interrupted_query(error.cls_name or "", error.message):
            return True
        error = error.cause
    return False


def _plain(metadata: Mapping[str, dg.MetadataValue]) -> dict[str, Any]:
    return {name: value.value for name, value in metadata.items()}


def _words(data: Any) -> str:  # noqa: ANN401 - Dagster's StepFailureData is not public
    if data.user_failure_data is not None and data.user_failure_data.description:
        return " ".join(data.user_failure_data.description.split())
    error = data.error
    while error is not None and error.cause is not None:  # the innermost error is the one that says something
        error = error.cause
    if error is None:
        return "failed without saying why"
    told = " ".join(error.message.split())[:500]
    return _OURS.sub("", told)
