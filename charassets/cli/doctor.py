"""``charassets doctor``: what ails a workspace, a line each, and mending what a crash left.

What belongs here: putting the findings together and printing them. Not here: looking (``charassets.inspection.health``,
``charassets.defs.dead_runs``).
"""

import os
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from charassets.cli.options import Json, Workspace
from charassets.cli.output import plain, print_json, talk
from charassets.errors import CharassetsError

if TYPE_CHECKING:
    from charassets.inspection.finding import Finding


def doctor(
    workspace: Workspace = None,
    mend: Annotated[bool, typer.Option("--mend", help="Remove and bury what a crash left.")] = False,
    json: Json = False,
) -> None:
    """Find what a crash left: locks, dead runs, temporary files, cut fragments, missing models. --mend puts it right."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # looking whether a model is there must not fetch it
    from charassets.cli.run import use_workspace
    from charassets.defs.dead_runs import Unfinished, bury, unfinished_runs
    from charassets.inspection.finding import Finding
    from charassets.inspection.health import examine, held
    from charassets.lake.workspace import Workspace as Place
    from charassets.settings import load_settings
    from charassets.warehouse.reading import bring

    use_workspace(workspace)
    settings = load_settings()
    place = Place.of(settings)
    mended: list[Finding] = []
    if not place.root.is_dir() and place.remote is None:
        found = list(examine(settings))
        free = True
    else:
        with held(place, take=mend) as (free, left):
            runs = unfinished_runs(place.dagster_home) if free else Unfinished({}, {})
            found = list(examine(settings, idle=free and not runs.alive, left=left))
            found += [
                Finding(
                    f"Dagster counts a run of {job} as going on, and no process works on it",
                    run_id,
                    "`charassets doctor --mend` marks it as failed",
                    lambda run_id=run_id: bury(place.dagster_home, run_id),
                )
                for run_id, job in runs.dead.items()
            ]
            for finding in found if mend and free else ():
                if finding.mend is not None:
                    finding.mend()
                    mended.append(finding)
    if not free:
        busy = Finding("a run works on this workspace now", place.place, "wait for it, or stop it")
        found = [busy, *found]
    ailing = [finding for finding in found if finding not in mended]
    if place.root.is_dir():
        bring(place)
    computed = place.warehouse.is_file()
    if json:
        lines = [
            {"what": f.what, "where": f.where, "todo": f.todo, "mendable": f.mend is not None, "mended": f in mended}
            for f in found
        ]
        print_json({"ok": not ailing, "computed": computed, "findings": lines})
    else:
        _print(found, mended)
        if not computed and place.root.is_dir():
            talk("nothing is computed yet, or not to the end: `charassets run` does it")
    if mended:
        talk(f"mended: {len(mended)}")
    raise typer.Exit(CharassetsError.exit_code if ailing and free else 0)


def _print(found: "Sequence[Finding]", mended: "Collection[Finding]") -> None:
    for finding in found:
        print(plain(f"mended: {finding.what} [{finding.where}]" if finding in mended else finding.told()))
    if not found:
        print("nothing is wrong; whether stored files are whole, `charassets verify` tells")
