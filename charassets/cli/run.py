"""``charassets run``: from flags to a report, through Dagster in this process.

What belongs here: settings, the lock, intake, the run, the exit code. Not here: what Dagster does with it
(``charassets.defs.in_process``) and how the report looks (``charassets.cli.report``).
"""

import logging
import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from charassets.cli import progress
from charassets.cli.output import talk
from charassets.cli.sources import (
    SAMPLE,
    assigned,
    model_path,
    sources_given,
    without_sample,
)
from charassets.errors import SourceError, UsageError
from charassets.exports.export import format_named
from charassets.lake.fragments import Lake
from charassets.lake.remote import follow
from charassets.lake.workspace import Workspace
from charassets.logs import open_log
from charassets.schema import SOURCE_ITEMS
from charassets.settings import Settings, copy_of, is_uri, load_settings, merge
from charassets.settings.remembered import read_workspace_file, remember
from charassets.sources.intake import Intake, take_in
from charassets.stages.pipeline import shard_stages
from charassets.stages.staleness import outdated

if TYPE_CHECKING:
    from charassets.defs.run_report import Report


_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """What the command line asked for; None and empty mean: as the settings say.

    Attributes:
        sources: ``PATH`` or ``NAME=PATH`` each, added to those the workspace knows.
        profile: profile of models and thresholds.
        detector: weights of the detector.
        embedder: folder or id of the embedder.
        assignments: ``NAME=VALUE`` settings of this run.
        shard_records: records a new shard holds at most.
        strict: a rejected record is a failure.
    """

    sources: Sequence[str] = ()
    profile: str | None = None
    detector: str | None = None
    embedder: str | None = None
    assignments: Sequence[str] = ()
    shard_records: int | None = None
    strict: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a run came to: everything the summary, the JSON and the exit code are made from.

    Attributes:
        settings: settings of the run.
        workspace: the workspace.
        intake: what the sources held.
        report: what Dagster did.
        seconds: wall time.
        exit_code: the command's exit code.
        remembered: names of the sources that the next run will know without being told.
        strictly_refused: rejected records, where ``--strict`` makes them a failure.
    """

    settings: Settings
    workspace: Workspace
    intake: Intake
    report: "Report"
    seconds: float
    exit_code: int
    remembered: Collection[str] = ()
    strictly_refused: int = 0

    @property
    def computed(self) -> int:
        """Records that went through a stage."""
        return sum(done.computed for done in self.report.tables.values())


def use_workspace(workspace: str | Path | None) -> None:
    """Make a workspace the one that settings, Dagster and child processes see, and read its settings file where it is far.

    Raises:
        StorageError: its object store cannot be read.
    """
    if workspace is not None:
        named = str(workspace)
        os.environ["CHARASSETS_WORKSPACE"] = named if is_uri(named) else str(Path(named).expanduser().absolute())
    follow()
    named = os.environ.get("CHARASSETS_WORKSPACE", "workspace")
    if (copy_of(named) if is_uri(named) else Path(named)).is_dir():  # a question makes no workspace
        keep_log(load_settings())


def keep_log(settings: Settings) -> None:
    """Write the log of the workspace from now on."""
    open_log(Workspace.of(settings).logs, settings.logs)


def own_settings(request: Request) -> Settings:
    """The settings with those of a request on top, for a command that takes no sources."""
    return load_settings(_flags(request, quiet=True)[0])


def drawn_sample(seed: int) -> list[str]:
    """Draw the demo's sample into the workspace, where it is not there yet, and answer its sources as ``NAME=PATH``.

    Raises:
        UsageError: the workspace has sources of the user's own, which the sample must not mix with.
    """
    from charassets.studio.samples import write_samples

    workspace = load_settings().workspace
    own = without_sample(read_workspace_file(workspace).get("sources", []), workspace)
    if own:
        raise UsageError(
            f"this workspace holds your source {own[0]['name']!r}, with which the sample would mix",
            where=str(workspace),
            todo="give the demo a workspace of its own with --workspace",
        )
    sample = workspace / SAMPLE
    if not (sample / "truth.jsonl").is_file():  # written last; drawn again, the files would look changed
        write_samples(sample, seed)
    return [f"sample-{folder.name}={folder}" for folder in sorted(sample.iterdir()) if folder.is_dir()]


def run(request: Request, stderr: TextIO) -> Outcome:
    """Bring a workspace up to date with its sources.

    Args:
        request: what was asked.
        stderr: where progress is shown.

    Raises:
        CharassetsError: nothing could be run: the request, every source, the model or the workspace is at fault.
    """
    started = time.perf_counter()
    flags, lasting = _flags(request)
    settings = load_settings(flags)
    workspace = Workspace.of(settings)
    stages = shard_stages(settings)
    for stage in stages.values():
        stage.own_fingerprint()  # a missing model is told before millions of files are listed
    for wanted in settings.exports:
        format_named(wanted.format)
    with workspace.locked():
        keep_log(settings)
        _log.info("run began", extra={"facts": {"workspace": workspace.place, "profile": settings.profile}})
        lake = workspace.open_lake()
        intake = take_in(settings, lake)
        if _remembered(request, workspace, intake, flags, lasting):
            print(f"remembered in {workspace.place.partition('?')[0]}/charassets.yaml", file=stderr)
        for described in intake.described.values():
            print(described, file=stderr)
        if gone := intake.change.gone:
            told = "1 file is" if gone == 1 else f"{gone:,} files are"
            print(f"{told} gone from the sources, and what was found there goes too", file=stderr)
        overrides = {**flags, "workspace": workspace.place}
        report = _through_dagster(workspace, lake, outdated(lake, stages), overrides, stderr)
    seconds = time.perf_counter() - started
    refused = sum(done.rejected for done in report.tables.values()) if request.strict else 0
    code = _exit_code(intake, report, refused)
    remembered = {source.name for source in load_settings().sources}
    _log.info("run ended", extra={"facts": _facts(intake, report, code, seconds)})
    return Outcome(settings, workspace, intake, report, seconds, code, remembered, refused)


def _facts(intake: Intake, report: "Report", code: int, seconds: float) -> dict[str, Any]:
    return {
        "exit_code": code,
        "seconds": round(seconds, 3),
        "records": dict(intake.records),
        "computed": sum(done.computed for done in report.tables.values()),
        "rejected": sum(done.rejected for done in report.tables.values()),
        "failed_sources": {name: str(error) for name, error in intake.failed.items()},
        "bad_shards": dict(report.bad_shards),
        "problems": [f"{problem.step}: {problem.what}" for problem in report.problems],
    }


def remember_request(request: Request, workspace: Workspace, intake: Intake) -> bool:
    """Lay what a request gave into the workspace's settings file, but sources that could not be listed."""
    return _remembered(request, workspace, intake, *_flags(request))


def _remembered(
    request: Request, workspace: Workspace, intake: Intake, flags: Mapping[str, Any], lasting: Mapping[str, Any]
) -> bool:
    before = {source["name"]: source for source in read_workspace_file(workspace.root).get("sources", [])}
    given = {source["name"]: source for source in flags.get("sources", [])}
    known = {**given, **{name: before.get(name) for name in intake.failed if name in given}}  # those stay as they were
    for name, source in known.items():
        if source and name in before and source["path"] != before[name]["path"]:
            talk(f"the source {name!r} is {source['path']} from now on, no longer {before[name]['path']}")
    sources = [source for source in known.values() if source]
    changed = remember(workspace.root, {**lasting, "sources": sources} if request.sources else lasting)
    if changed and workspace.remote is not None:
        workspace.remote.push_settings()
    return changed


@contextmanager
def reserved_stdout() -> Iterator[TextIO]:
    """The real stdout for data; what libraries print meanwhile goes to stderr."""
    ours = os.dup(1)
    os.dup2(2, 1)
    try:
        with os.fdopen(os.dup(ours), "w", encoding="utf-8") as stream:
            yield stream
    finally:
        os.dup2(ours, 1)
        os.close(ours)


@contextmanager
def own_stderr() -> Iterator[TextIO]:
    """A copy of stderr: Dagster redirects the descriptor while a step runs, which would freeze a progress bar."""
    with os.fdopen(os.dup(2), "w", encoding="utf-8", buffering=1) as stream:
        yield stream


def _flags(request: Request, *, quiet: bool = False) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings of this run, and those of them that the workspace will remember (models, for the lake is made of them)."""
    lasting: dict[str, Any] = {}
    if request.profile:
        lasting["profile"] = request.profile
    if request.detector:
        lasting["detector"] = {"path": model_path(request.detector)}
    if request.embedder:
        lasting["embedder"] = {"path": model_path(request.embedder)}
    flags = merge(lasting, assigned(request.assignments))
    if request.shard_records is not None:
        flags = merge(flags, {"shards": {"records": request.shard_records}})
    if request.sources:
        workspace = load_settings().workspace
        known = read_workspace_file(workspace).get("sources", [])
        own = without_sample(known, workspace)
        flags["sources"] = sources_given(request.sources, own)  # the demo itself names its drawings again
        if not quiet and any(source not in own and source not in flags["sources"] for source in known):
            talk("the demo's drawings are no source of this workspace any more: your own take their place")
    return flags, lasting


def _through_dagster(
    workspace: Workspace, lake: Lake, stale: Collection[str], overrides: Mapping[str, Any], stderr: TextIO
) -> "Report":
    from charassets.defs.in_process import instance_of, run_everything

    fragments = (lake.fragment(SOURCE_ITEMS.name, shard) for shard in stale)
    records = sum(sum(found.read(["count"])["count"].to_pylist()) for found in fragments if found is not None)
    with instance_of(workspace.dagster_home) as instance, progress.shown(records, stderr) as reporter:
        return run_everything(instance, lake, stale, overrides, reporter)


def _exit_code(intake: Intake, report: "Report", refused: int) -> int:
    if report.problems:
        return report.problems[0].exit_code
    if report.bad_shards:
        return report.bad_code
    return SourceError.exit_code if intake.failed or refused else 0
