"""The end of a training: measured on what was never seen, reported, and put in force if that is right.

What belongs here: the files of a finished run, and the rule of promotion. Not here: fitting (``training``).
"""

import io
import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from charassets.classifiers import report as told
from charassets.classifiers.division import PARTS, TEST
from charassets.classifiers.examples import Examples, crops, seen
from charassets.classifiers.fits import Fitted
from charassets.classifiers.importance import Importance
from charassets.classifiers.measures import Measured, measure
from charassets.classifiers.runs import CLASSIFIER, REPORT, Run
from charassets.classifiers.spec import Spec
from charassets.classifiers.tuning_folder import write_frames
from charassets.lake.fragments import Lake
from charassets.models import trained as standing
from charassets.models.feature_sets import matrix
from charassets.models.registry import resolve_device
from charassets.models.trained import AnyClassifier, to_bytes
from charassets.models.tuned import TunedClassifier


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
class Answered:
    """What a fit came to: the classifier, its curve, probabilities of all n examples, what it goes by."""

    classifier: AnyClassifier
    fitted: Fitted
    chances: NDArray[np.float64]
    important: tuple[Importance, ...]


def concluded(lake: Lake, examples: Examples, spec: Spec, run: Run, answered: Answered) -> Trained:
    """Measure, write the report, promote: see ``charassets.classifiers.training.train``."""
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
    if promoted and found.scores["recall"].low <= found.chance:
        why += f", though on {found.n} pictures it has not seen it is not surely better than chance: {_beside_chance(found)}"
    report |= {"promoted": promoted, "why": why, "run": run.id}
    run.keep("report.md", told.as_text(report).encode())
    run.keep(REPORT, json.dumps(report).encode())
    return Trained(run, report, promoted, why)


def _beside_chance(found: Measured) -> str:
    recall = found.scores["recall"]
    return f"mean recall {recall.value:.2f} ({recall.low:.2f}-{recall.high:.2f}), chance {found.chance:.2f}"


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


def _score(lake: Lake, examples: Examples, rival: AnyClassifier, seed: int) -> float:
    """F1 of the classifier in force on this test part."""
    unseen = examples.of(TEST)
    ids = tuple(examples.record_ids[k] for k in unseen)
    if isinstance(rival, TunedClassifier):
        chances = _of_pixels(lake, ids, rival)
    else:
        known = seen(lake, ids, rival.columns.sets)
        if rival.columns.embedder and known.embedder != rival.columns.embedder:
            return -1.0  # its embedder is gone: it can answer nothing any more
        chances = rival.chances(matrix(rival.columns, known))
    return measure(examples.labels[unseen], chances, examples.groups[unseen], examples.values, seed).scores["f1"].value


def _of_pixels(lake: Lake, record_ids: tuple[str, ...], rival: TunedClassifier) -> NDArray[np.float64]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frames.npy"
        write_frames(lake, record_ids, rival.framing, rival.look, path)
        return rival.chances(np.load(path, mmap_mode="r", allow_pickle=False), resolve_device("auto"))


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
