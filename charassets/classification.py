"""What a classifier trained here says of one picture, without running the pipeline on a collection.

What belongs here: from an extraction to the classifier's answer, for the command line and the server. Not here: extraction,
training, and classifiers as evidence of every run (``charassets.attributes.classifier_source``).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from charassets.classifiers.spec import NAME
from charassets.errors import UsageError
from charassets.extraction import Extraction
from charassets.lake.fragments import Lake
from charassets.models.classifier import Classifier
from charassets.models.feature_sets import Seen, matrix
from charassets.models.trained import in_force, opened
from charassets.schema import DESIGN_FEATURES, VISUAL_EVIDENCE
from charassets.settings import ClassifierSettings, Settings

CLASSIFIER = "classifier"
"""The mode in which a classifier answers, beside the two of a gallery."""

MOST_CANDIDATES = 5

_DECIMALS = 4


@dataclass(frozen=True, eq=False)
class Chosen:
    """A classifier in force, and the probability from which its answer is believed."""

    classifier: Classifier
    floor: float


def classifier_of(lake: Lake, settings: Settings, name: str | None) -> Chosen:
    """The classifier of a name, in the version in force; the floor is the settings' where they name it.

    Raises:
        UsageError: no name, or nothing was trained by it here.
    """
    if not name:
        raise UsageError(
            "which classifier?", where=CLASSIFIER, todo="name one: `charassets classifiers list` shows them"
        )
    found = in_force(lake.store, name) if NAME.match(name) else None
    if found is None:
        raise UsageError(
            f"no classifier {name[:40]!r} was trained in this workspace",
            where=CLASSIFIER,
            todo="`charassets classifiers list` shows those there are, `charassets train classifier` makes one",
        )
    floors = {one.name: one.floor for one in settings.classifiers}
    return Chosen(opened(found), floors.get(name, ClassifierSettings(name=name).floor))


def classified(found: Extraction, chosen: Chosen) -> dict[str, Any]:
    """The classifier's answer about an extracted picture, in the form of an identification.

    A classifier knows nobody but those it was trained on: a stranger is Unknown only if no answer reaches the floor, which is a
    weaker promise than the threshold of a gallery.

    Raises:
        CharassetsError: it was trained on the embeddings of another model.
    """
    told: dict[str, Any] = {"verdict": found.verdict, "reason": found.reason, "name": None}
    if found.embedding is None or found.embedder is None:
        return told
    classifier = chosen.classifier
    chances = classifier.chances(matrix(classifier.columns, _seen(found)))[0]
    order = np.argsort(-chances, kind="stable")[:MOST_CANDIDATES]
    best = [{"name": classifier.values[k], "chance": round(float(chances[k]), _DECIMALS)} for k in order]
    chance = float(chances[order[0]])
    return told | {
        "name": best[0]["name"] if chance >= chosen.floor else None,
        "chance": round(chance, _DECIMALS),
        "candidates": best,
        "classifier": classifier.name,
        "run": classifier.notes.get("run"),
    }


def _seen(found: Extraction) -> Seen:
    tables = found.tables
    (record,) = tables[DESIGN_FEATURES.name]["record_id"].to_pylist() or [""]
    embedding = np.asarray(found.embedding, np.float32)[None]
    return Seen((record,), embedding, found.embedder or "", tables[DESIGN_FEATURES.name], tables[VISUAL_EVIDENCE.name])
