"""A training from the request to the report: what the command, the Dagster asset and the app all call.

What belongs here: the order of things, and the rule of promotion. Not here: any of the things.
"""

import io
import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from charassets.classifiers import report as told
from charassets.classifiers.division import PARTS, TEST
from charassets.classifiers.examples import Examples, crops, divided, features, seen
from charassets.classifiers.fits import Fitted, Parts, fit
from charassets.classifiers.importance import Importance, importances
from charassets.classifiers.labels import labelled
from charassets.classifiers.measures import measure
from charassets.classifiers.runs import CLASSIFIER, REPORT, Run, new_run
from charassets.classifiers.spec import Spec
from charassets.lake.fragments import Lake
from charassets.lake.workspace import Workspace
from charassets.models import trained as standing
from charassets.models.classifier import Classifier, to_bytes
from charassets.models.feature_sets import matrix


@dataclass(frozen=True, eq=False)
class Trained:
    """What came of a training.

    Attributes:
        run: its folder. report: as ``report.json``.
        promoted: it is in force now. why: in words.
    """

    run: Run
    report: dict[str, Any]
    promoted: bool
    why: str


@dataclass(frozen=True, eq=False)
class _Answered:
    classifier: Classifier
    fitted: Fitted
    chances: NDArray[np.float64]
    important: tuple[Importance, ...]


def train(workspace: Workspace, lake: Lake, spec: Spec) -> Trained:
    """Train, measure on what was never seen, write the report, and promote if that is right.

    The first version of a classifier is put in force; a later one only if its F1 on the present test part is above that of
    the version in force, which may have been trained on some of these very pictures. A control (``shuffle_labels``) never is.

    Args:
        workspace: with a warehouse, which the labels are read from.
        lake: its lake.
        spec: the request.

    Raises:
        UsageError: the request makes no sense on this collection.
        StoppedError: somebody stopped it.
    """
    spec = spec.checked()
    examples = divided(labelled(workspace, spec.label), spec)
    run = new_run(workspace, spec)
    with run.working():
        run.tell("examples", {part: float((examples.parts == k).sum()) for k, part in enumerate(PARTS)})
        return _concluded(lake, examples, spec, run, _fitted(lake, examples, spec, run))


def _fitted(lake: Lake, examples: Examples, spec: Spec, run: Run) -> _Answered:
    columns, values = features(lake, examples, spec.features)
    parts = Parts.of(values, examples.labels, examples.parts, len(examples.values), spec)
    made, fitted = fit(parts, columns, spec, examples.values, run.tell)
    unseen = examples.of(TEST)
    important = importances(made, values[unseen], examples.labels[unseen], spec.seed)
    return _Answered(made, fitted, made.chances(values), important)


def _concluded(lake: Lake, examples: Examples, spec: Spec, run: Run, answered: _Answered) -> Trained:
    unseen = examples.of(TEST)
    truth, chances = examples.labels[unseen], answered.chances[unseen]
    found = measure(truth, chances, examples.groups[unseen], examples.values, spec.seed)
    report = told.as_json(
        spec, examples, answered.classifier, found, answered.fitted.curve, answered.fitted.best, answered.important
    )
    facts = {"run": run.id, "method": spec.method, "n": len(truth), **_headline(report)}
    content = to_bytes(replace(answered.classifier, notes={**answered.classifier.notes, **facts}))
    run.keep(CLASSIFIER, content)
    for name, picture in told.pictures(report).items():
        run.keep(name, picture)
    ids = [examples.record_ids[k] for k in unseen]
    sheet = told.misclassified(crops(lake, ids), ids, truth, chances, examples.values)
    if sheet is not None:
        run.keep("misclassified.webp", sheet)
    run.keep("predictions.parquet", _predictions(examples, answered.chances))
    promoted, why = _promoted(lake, examples, spec, content, facts)
    report |= {"promoted": promoted, "why": why, "run": run.id}
    run.keep("report.md", told.as_text(report).encode())
    run.keep(REPORT, json.dumps(report).encode())
    return Trained(run, report, promoted, why)


def _headline(report: dict[str, Any]) -> dict[str, float]:
    return {name: round(score["value"], 4) for name, score in report["test"]["scores"].items()}


def _promoted(lake: Lake, examples: Examples, spec: Spec, content: bytes, facts: dict[str, Any]) -> tuple[bool, str]:
    if spec.shuffle_labels:
        return False, "a control is never put in force"
    before = standing.in_force(lake.store, spec.name)
    if before is not None:
        rival = standing.opened(before)
        if rival.values != examples.values:
            return False, "the one in force knows other labels; `charassets classifiers use` puts this one in force"
        rivals = _score(lake, examples, rival, spec.seed)
        if facts["f1"] <= rivals:
            beside = f"the one in force has an F1 of {rivals:.3f} on the same pictures"
            return False, f"{beside}; `charassets classifiers use` puts this one in force all the same"
    standing.put_in_force(lake.store, spec.name, content, facts)
    return True, "better than the one before on the same pictures" if before else "the first of its name"


def _score(lake: Lake, examples: Examples, rival: Classifier, seed: int) -> float:
    """F1 of the classifier in force on this test part."""
    unseen = examples.of(TEST)
    known = seen(lake, [examples.record_ids[k] for k in unseen], rival.columns.sets)
    if rival.columns.embedder and known.embedder != rival.columns.embedder:
        return -1.0  # its embedder is gone: it can answer nothing any more
    chances = rival.chances(matrix(rival.columns, known))
    return measure(examples.labels[unseen], chances, examples.groups[unseen], examples.values, seed).scores["f1"].value


def _predictions(examples: Examples, chances: NDArray[np.float64]) -> bytes:
    answers = chances.argmax(axis=1)
    rows = np.arange(len(answers))
    table = pa.table(
        {
            "record_id": list(examples.record_ids),
            "part": [PARTS[k] for k in examples.parts],
            "label": [examples.values[k] for k in examples.labels],
            "answer": [examples.values[k] for k in answers],
            "chance": chances[rows, answers].astype(np.float32),
        }
    )
    held = io.BytesIO()
    pq.write_table(table, held)
    return held.getvalue()
