"""``charassets classifiers``: what was trained, how good it is, which version is in force, and stopping a training.

What belongs here: printing and asking. Not here: training (``charassets.classifiers``).
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from charassets.classifiers.runs import CLASSIFIER, REPORT, RUNNING, Run, find_run, list_runs
from charassets.classifiers.spec import Spec
from charassets.cli.options import Json, Workspace
from charassets.cli.output import print_facts, print_json, print_table, talk
from charassets.errors import UsageError

if TYPE_CHECKING:
    from charassets.classifiers.conclusion import Trained

classifiers = typer.Typer(help="Trained classifiers: list, show, use, stop, resume.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the classifier.")]
RunId = Annotated[str | None, typer.Argument(help="Its run; the last one if left out.")]


@classifiers.command("list")
def list_(workspace: Workspace = None, json: Json = False) -> None:
    """Every training of the workspace, newest first."""
    from charassets.models.trained import in_force

    at, lake, _ = _surroundings(workspace)
    runs = list_runs(at)
    current = {name: in_force(lake.store, name) for name in {run.name for run in runs}}
    rows = [{**_line(run), "in_force": _is_in_force(run, current[run.name])} for run in runs]
    if json:
        print_json(rows)
    elif rows:
        print_table(list(rows[0]), [list(row.values()) for row in rows])
    else:
        talk("nothing was trained here yet; `charassets train classifier NAME` trains")


@classifiers.command()
def show(name: Name, run_id: RunId = None, workspace: Workspace = None, json: Json = False) -> None:
    """The report of a training."""
    at, _, _ = _surroundings(workspace)
    run = find_run(at, name, run_id)
    report = run.report
    if report is None:
        said = dict(run.state)
        print_json(said) if json else print_facts(said)
    elif json:
        print_json(report)
    else:
        from charassets.classifiers.report import as_text

        print(as_text(report))
        talk(f"pictures and predictions: {run.folder}")


@classifiers.command()
def use(name: Name, run_id: RunId = None, workspace: Workspace = None) -> None:
    """Put a version in force: from the next run on, shards are asked about by it (also the way back to an older one)."""
    from charassets.models.trained import put_in_force

    at, lake, settings = _surroundings(workspace)
    run = find_run(at, name, run_id)
    path = run.folder / CLASSIFIER
    if run.report is None or not path.is_file():
        raise UsageError("this training did not finish", where=f"{name}/{run.id}", todo="choose another run")
    put_in_force(lake.store, name, path.read_bytes(), {"run": run.id})
    talk(f"{name}/{run.id} is in force")
    if name not in {one.name for one in settings.classifiers}:
        talk(f"to ask it about every picture, one line in charassets.yaml: classifiers: [{{name: {name}}}]")


@classifiers.command()
def resume(name: Name, run_id: RunId = None, workspace: Workspace = None, json: Json = False) -> None:
    """Go on with a fine-tuning that was stopped or broken off, from its last checkpoint."""
    from charassets.classifiers.training import resume as go_on

    at, lake, _ = _surroundings(workspace)
    _told(go_on(at, lake, name, run_id), json=json)


@classifiers.command()
def stop(name: Name, run_id: RunId = None, workspace: Workspace = None) -> None:
    """Ask a training to stop after the step in hand."""
    at, _, _ = _surroundings(workspace)
    run = find_run(at, name, run_id)
    state = run.state["state"]
    if state != RUNNING:
        talk(f"{name}/{run.id} does not run: {state}")
        return
    run.ask_to_stop()
    talk(f"{name}/{run.id} is asked to stop, after the step in hand")


def carried_out(spec: Spec, workspace: str | None, *, json: bool) -> None:
    """Train, and print the report."""
    from charassets.classifiers.training import train

    at, lake, _ = _surroundings(workspace)
    _told(train(at, lake, spec), json=json)


def _told(trained: "Trained | None", *, json: bool) -> None:
    from charassets.classifiers.report import as_text

    if trained is None:  # of torchrun's processes the first one reports
        return
    if json:
        print_json(trained.report)
        return
    print(as_text(trained.report))
    talk(f"{'in force' if trained.promoted else 'not in force'}: {trained.why}")
    talk(f"report: {trained.run.folder / REPORT}")


def _surroundings(workspace: str | None) -> tuple[Any, Any, Any]:
    from charassets.cli.run import use_workspace
    from charassets.lake.workspace import Workspace as Place
    from charassets.settings import load_settings

    use_workspace(workspace)
    settings = load_settings()
    at = Place.of(settings)
    if at.remote is None and not at.root.is_dir():
        raise UsageError("there is no workspace", where=at.place, todo="give --workspace, or run first")
    return at, at.open_lake(), settings


def _line(run: Run) -> dict[str, Any]:
    report, spec = run.report, run.spec
    test = report["test"] if report else None
    return {
        "name": run.name,
        "run": run.id,
        "state": run.state["state"],
        "label": spec.label,
        "method": spec.method,
        "features": ",".join(spec.features),
        "control": spec.shuffle_labels,
        "n": test["n"] if test else None,
        "accuracy": _with_interval(test, "accuracy"),
        "f1": _with_interval(test, "f1"),
        "auc": _with_interval(test, "auc"),
    }


def _with_interval(test: dict[str, Any] | None, score: str) -> str | None:
    if test is None:
        return None
    found = test["scores"][score]
    return f"{found['value']:.3f} ({found['low']:.3f}-{found['high']:.3f})"


def _is_in_force(run: Run, current: Any) -> bool:  # noqa: ANN401 - Artefact or None
    return current is not None and current.notes.get("run") == run.id
