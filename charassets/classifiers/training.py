"""A training from the request to the report: what the command, the Dagster asset and the app all call.

What belongs here: the order of things. Not here: any of the things.
"""

import numpy as np

from charassets.classifiers import tuning
from charassets.classifiers.conclusion import Answered, Trained, concluded
from charassets.classifiers.division import PARTS, TEST
from charassets.classifiers.examples import Examples, divided, features
from charassets.classifiers.fits import Parts, fit
from charassets.classifiers.importance import importances
from charassets.classifiers.labels import labelled
from charassets.classifiers.runs import DONE, Run, find_run, new_run
from charassets.classifiers.spec import Spec
from charassets.classifiers.team import Team
from charassets.classifiers.tuning_folder import TuningFolder
from charassets.errors import UsageError
from charassets.lake.fragments import Lake
from charassets.lake.workspace import Workspace
from charassets.models.tuned import FINETUNE


def train(workspace: Workspace, lake: Lake, spec: Spec) -> Trained | None:
    """Train, measure on what was never seen, write the report, and promote if that is right.

    The first version of a classifier is put in force; a later one only if its F1 on the present test part is above that of
    the version in force, which may have been trained on some of these very pictures. A control (``shuffle_labels``) never is.

    Args:
        workspace: with a warehouse, which the labels are read from.
        lake: its lake.
        spec: the request.

    Returns:
        What came of it; None in the processes of torchrun that only help the first.

    Raises:
        UsageError: the request makes no sense on this collection.
        StoppedError: somebody stopped it.
    """
    spec = spec.checked()
    if spec.method == FINETUNE:
        return _tuned(workspace, lake, spec, None)
    examples = divided(labelled(workspace, spec.label), spec)
    run = new_run(workspace, spec)
    with run.working():
        run.tell("examples", _counts(examples))
        return concluded(lake, examples, spec, run, _fitted(lake, examples, spec, run))


def resume(workspace: Workspace, lake: Lake, name: str, run_id: str | None = None) -> Trained | None:
    """Go on with a fine-tuning that was stopped or broken off, with its division and from its last checkpoint.

    Args:
        workspace: of the run.
        lake: its lake.
        name: of the classifier.
        run_id: of the run; the last one if None.

    Raises:
        UsageError: there is no such run, it is done, or it is of a kind that takes seconds and begins anew.
    """
    run = find_run(workspace, name, run_id)
    if run.spec.method != FINETUNE or run.state["state"] == DONE:
        what = (
            "this training is done"
            if run.state["state"] == DONE
            else f"a training by {run.spec.method} has no checkpoints"
        )
        raise UsageError(what, where=f"{run.name}/{run.id}", todo="`charassets train classifier` begins a new one")
    return _tuned(workspace, lake, run.spec, run)


def _tuned(workspace: Workspace, lake: Lake, spec: Spec, run: Run | None) -> Trained | None:
    team = Team.here()
    if not team.leads:
        _help(workspace, spec, team)
        return None
    folder = None if run is None else TuningFolder(run.folder)
    examples = (folder and folder.examples()) or divided(labelled(workspace, spec.label), spec)
    backbone = tuning.opened(spec, examples.values)
    run = run or new_run(workspace, spec)
    with run.working():
        run.tell("examples", _counts(examples))
        folder = TuningFolder(run.folder)
        folder.keep(examples)
        folder.frame(lake, examples, tuning.framing_of(backbone), spec.tuning.look)
        team.told(run.id)
        found = tuning.tune(folder, examples, spec, backbone, team, run.tell)
        assert found is not None  # noqa: S101 - this process leads
        done = concluded(lake, examples, spec, run, Answered(found.classifier, found.fitted, found.chances, ()))
    folder.done()
    return done


def _help(workspace: Workspace, spec: Spec, team: Team) -> None:
    """Fine-tune together with the process that leads."""
    run = find_run(workspace, spec.name, team.told(None))
    folder = TuningFolder(run.folder)
    examples = folder.examples()
    assert examples is not None  # noqa: S101 - it was written before the run was named
    tuning.tune(folder, examples, spec, tuning.opened(spec, examples.values), team, lambda step, losses: None)


def _fitted(lake: Lake, examples: Examples, spec: Spec, run: Run) -> Answered:
    columns, values = features(lake, examples, spec.features)
    parts = Parts.of(values, examples.labels, examples.parts, len(examples.values), spec)
    made, fitted = fit(parts, columns, spec, examples.values, run.tell)
    unseen = examples.of(TEST)
    important = importances(made, values[unseen], examples.labels[unseen], spec.seed)
    return Answered(made, fitted, made.chances(values), important)


def _counts(examples: Examples) -> dict[str, float]:
    return {part: float(np.count_nonzero(examples.parts == k)) for k, part in enumerate(PARTS)}
