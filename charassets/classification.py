"""What a classifier trained here says of one picture, without running the pipeline on a collection.

What belongs here: from an extraction to the classifier's answer, for the command line and the server. Not here: extraction,
training, and classifiers as evidence of every run (``charassets.attributes.classifier_source``).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charassets.classifiers.spec import NAME
from charassets.errors import UsageError
from charassets.extraction import Extraction
from charassets.images.decode import decode
from charassets.lake.fragments import Lake
from charassets.models.feature_sets import Seen, matrix
from charassets.models.registry import resolve_device
from charassets.models.trained import AnyClassifier, in_force, opened
from charassets.models.tuned import TunedClassifier
from charassets.schema import DESIGN_FEATURES, SINGLE_CHARACTER_IMAGES, VISUAL_EVIDENCE
from charassets.settings import ClassifierSettings, ImageSettings, Settings

CLASSIFIER = "classifier"
"""The mode in which a classifier answers, beside the two of a gallery."""

MOST_CANDIDATES = 5

_DECIMALS = 4
_CROP_LIMITS = ImageSettings(min_side=1, max_aspect=1e6)  # crops are our own


@dataclass(frozen=True, eq=False)
class Chosen:
    """A classifier in force, the probability from which its answer is believed, and where a network answers."""

    classifier: AnyClassifier
    floor: float
    device: str


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
    return Chosen(opened(found), floors.get(name, ClassifierSettings(name=name).floor), settings.device)


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
    chances = _chances(classifier, found, chosen.device)
    if chances is None:
        return told
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


def _chances(classifier: AnyClassifier, found: Extraction, device: str) -> NDArray[np.float64] | None:
    """Probabilities of the values; None where a classifier of pixels has no crop to look at."""
    if not isinstance(classifier, TunedClassifier):
        return classifier.chances(matrix(classifier.columns, _seen(found)))[0]
    if found.crop is None:
        return None
    (row,) = found.tables[SINGLE_CHARACTER_IMAGES.name].to_pylist()
    pixels = decode(found.crop, _CROP_LIMITS).pixels
    return classifier.chances(classifier.framed([(pixels, row["head_box"])]), resolve_device(device))[0]


def _seen(found: Extraction) -> Seen:
    tables = found.tables
    (record,) = tables[DESIGN_FEATURES.name]["record_id"].to_pylist() or [""]
    embedding = np.asarray(found.embedding, np.float32)[None]
    return Seen((record,), embedding, found.embedder or "", tables[DESIGN_FEATURES.name], tables[VISUAL_EVIDENCE.name])
