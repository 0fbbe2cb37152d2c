"""``charassets train cast``: the job that leads from a folder of characters to figures, started here.

What belongs here: holding the workspace, printing. Not here: the job (``charassets.defs.cast``).
"""

from collections.abc import Mapping
from typing import Any

import orjson
import typer

from charassets.cli import progress
from charassets.cli.output import print_json, talk
from charassets.cli.run import own_stderr, use_workspace
from charassets.errors import UsageError
from charassets.lake.workspace import Workspace
from charassets.settings import load_settings
from charassets.workflow.course import FIGURES, REPORT, checked_path


def learnt(asked: Mapping[str, Any], workspace: str | None, *, json: bool) -> None:
    """Run the job and print its report, or its figures as JSON.

    Raises:
        UsageError: the path is not there.
        BusyError: another run works on the workspace.
        typer.Exit: a step failed; it was told in one line.
    """
    from pathlib import Path

    from charassets.defs.in_process import instance_of, run_cast

    if "://" not in asked["path"] and not Path(asked["path"]).expanduser().exists():
        raise UsageError("the pictures are not there", where=asked["path"], todo="name a folder or a table")
    checked_path(asked["path"])
    use_workspace(workspace)
    place = Workspace.of(load_settings())
    request = {**asked, "overrides": {"workspace": place.place}}
    with (
        place.locked(),
        own_stderr() as stderr,
        instance_of(place.dagster_home) as instance,
        progress.shown(0, stderr) as reporter,
    ):
        report = run_cast(instance, request, reporter)
    for problem in report.problems:
        talk(f"{problem.step}: {problem.what}")
    for shard, why in report.bad_shards.items():
        talk(f"{shard}: {why}")
    if report.problems or report.bad_shards:
        raise typer.Exit(report.problems[0].exit_code if report.problems else report.bad_code)
    folder = place.root / "courses" / asked["name"]
    if json:
        print_json(orjson.loads((folder / FIGURES).read_bytes()))
    else:
        print((folder / REPORT).read_text(encoding="utf-8"))
        talk(f"all files: {folder}")
