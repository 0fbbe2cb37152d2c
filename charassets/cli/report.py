"""What a run says at its end: talk on stderr, a summary for people or one JSON object on stdout.

What belongs here: words and layout. Not here: counting (``charassets.summary``, the run's report).
"""

import io
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

import orjson
from rich.console import Console
from rich.table import Table

from charassets.cli.run import Outcome
from charassets.lake.store import open_store
from charassets.stages.sheets import characters, duplicates
from charassets.summary import Summary, summarise

_WIDTH = 120
_SHEET_BYTES = 150_000


def talk(outcome: Outcome, stderr: TextIO) -> None:
    """Say on stderr what failed, what is unusual, and whether there was anything to do."""
    report = outcome.report
    for name, error in outcome.intake.failed.items():
        print(f"error: {error}", file=stderr)
        if name not in outcome.remembered:
            print(f"source {name} is not remembered; give it again once it is mended", file=stderr)
    for shard, what in sorted(report.bad_shards.items()):
        print(f"error: {shard}: {what}", file=stderr)
    for problem in report.problems:
        print(f"error: {problem.step}: {problem.what}", file=stderr)
    for warning in report.warnings:
        print(f"warning: {warning}", file=stderr)
    if outcome.strictly_refused:
        print(
            f"error: --strict, and {outcome.strictly_refused:,} records were rejected; the view `rejections` says why",
            file=stderr,
        )
    if not outcome.computed and not outcome.exit_code:
        print(f"nothing to compute: every table was up to date ({outcome.seconds:.1f} s)", file=stderr)


def keep(outcome: Outcome) -> None:
    """Leave the report of a run that did something in WORKSPACE/reports: ``summary.json`` and contact sheets.

    Raises:
        StorageError: the folder cannot be written.
    """
    if not outcome.computed:
        return
    lake = outcome.workspace.open_lake()
    sheets = {**characters(lake, _SHEET_BYTES), **duplicates(lake, _SHEET_BYTES)}
    folder = open_store(str(outcome.workspace.reports))
    folder.put_bytes(as_json(outcome).encode(), "summary.json")
    for title, data in sheets.items():
        folder.put_bytes(data, f"{title}.webp")
    if outcome.workspace.remote is not None:
        outcome.workspace.remote.push_folder("reports")


def as_json(outcome: Outcome) -> str:
    """The whole report as one JSON object."""
    report, workspace, change = outcome.report, outcome.workspace, outcome.intake.change
    content: dict[str, Any] = {
        "ok": outcome.exit_code == 0,
        "exit_code": outcome.exit_code,
        "seconds": round(outcome.seconds, 3),
        "nothing_to_compute": not outcome.computed,
        "profile": outcome.settings.profile,
        "workspace": workspace.place,
        "lake": workspace.lake_root,
        "warehouse": str(workspace.warehouse),
        "exports": str(workspace.exports),
        "dagster_home": str(workspace.dagster_home),
        "sources": dict(outcome.intake.records),
        "failed_sources": {name: str(error) for name, error in outcome.intake.failed.items()},
        "shards": {
            "total": len(change.shards),
            "new": change.new,
            "changed": change.changed,
            "bad": dict(report.bad_shards),
        },
        "stages": {
            table: {
                "in": done.records_in,
                "rows": done.rows,
                "rejected": done.rejected,
                "skipped": done.skipped,
                "computed": done.computed,
                "reused": done.reused,
                "seconds": round(done.seconds, 3),
                "per_s": None if done.per_second is None else round(done.per_second, 2),
                "rejections": dict(done.rejections),
            }
            for table, done in _in_order(outcome)
        },
        "warnings": report.warnings,
        "problems": [f"{problem.step}: {problem.what}" for problem in report.problems],
        "summary": None,
    }
    summary = _summary(outcome)
    if summary is not None:
        content["summary"] = summary.as_dict()
    return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()


def as_text(outcome: Outcome) -> str:
    """Two tables, where the results are, a query to paste, and what to do next."""
    text = io.StringIO()
    console = Console(file=text, width=_WIDTH, highlight=False)
    console.print(_stages(outcome))
    summary = _summary(outcome)
    if summary is not None:
        console.print(_results(summary))
        console.print(_next_steps(outcome), markup=False, soft_wrap=True)
    return text.getvalue().rstrip("\n")


def _stages(outcome: Outcome) -> Table:
    table = Table(title="Stages", title_justify="left", box=None, pad_edge=False)
    table.add_column("table")
    for name in ("records in", "rows", "rejected", "skipped", "computed", "seconds", "per second"):
        table.add_column(name, justify="right")
    for name, done in _in_order(outcome):
        rate = "" if done.per_second is None else f"{done.per_second:,.1f}"
        counts = (done.records_in, done.rows, done.rejected, done.skipped, done.computed)
        table.add_row(name, *(f"{count:,}" for count in counts), f"{done.seconds:.1f}", rate)
    return table


def _results(summary: Summary) -> Table:
    table = Table(title="\nResult", title_justify="left", box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    for label, value in _lines(summary):
        table.add_row(label, value)
    return table


def _lines(summary: Summary) -> Iterator[tuple[str, str]]:
    """What the summary table says, line by line."""
    yield "records in", _by_name(summary.records)
    yield "kept", _by_name(summary.kept)
    yield "rejected", _by_name(summary.rejected)
    yield "verdicts", _by_name(summary.verdicts)
    yield "duplicates dropped", f"{summary.duplicates:,} in {summary.duplicate_groups:,} groups"
    yield "characters", f"{summary.characters:,} ({summary.noise:,} pictures belong to none)"
    for name, count in (("quarantined", summary.quarantined), ("pending", summary.pending)):
        if count:
            yield name, f"{count:,}"
    known = [f"{name} {found.share:.0%}" for name, found in summary.attributes.items() if found.decided]
    yield "attribute coverage", ", ".join(known) or "none decided"


def _by_name(counts: Mapping[str, int]) -> str:
    total = f"{sum(counts.values()):,}"
    parts = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    return f"{total} ({parts})" if parts else total


def _next_steps(outcome: Outcome) -> str:
    workspace = outcome.workspace
    folder, python = shlex.quote(str(workspace.root)), shlex.quote(sys.executable)
    query = "SELECT hair_color, count(*) FROM records GROUP BY ALL ORDER BY 2 DESC"
    is_default = workspace.remote_uri is None and workspace.root.name == "workspace"
    place = "" if is_default else f" WORKSPACE={shlex.quote(workspace.place)}"
    return "\n".join(
        [
            "",
            f"DuckDB file  {workspace.warehouse}",
            f"exports      {workspace.exports}",
            f"reports      {workspace.reports}",
            *_queries(folder, python, workspace.warehouse.name, query),
            f"next         make ui{place}    the Dagster UI: partitions, checks, what is stale",
            f"             make app{place}   look at the records",
        ]
    )


def _queries(folder: str, python: str, file: str, query: str) -> Iterator[str]:
    """How to ask the file, by programs that are there; from the workspace, since its views read the lake beside it."""
    asked = f'cd {folder} && {python} -c "{_python(file, query)}"'
    if shutil.which("duckdb") is None:
        yield f"query        {asked}"
    else:
        yield f'query        cd {folder} && duckdb {file} -c "{query}"'
        yield f"or           {asked}"


def _python(file: str, query: str) -> str:
    return f"import duckdb; print(duckdb.connect({file!r}, read_only=True).sql({query!r}))"


def _in_order(outcome: Outcome) -> list[tuple[str, Any]]:
    """Tables in pipeline order."""
    from charassets.schema import TABLES

    return [(table, outcome.report.tables[table]) for table in TABLES if table in outcome.report.tables]


def _summary(outcome: Outcome) -> Summary | None:
    """What the warehouse holds now; None where no run has come so far as to build one."""
    return summarise(outcome.workspace) if outcome.workspace.warehouse.is_file() else None
