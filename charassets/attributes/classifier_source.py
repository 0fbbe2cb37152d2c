"""Trained classifiers as an evidence source: what each says of a picture, as a column and as evidence of an attribute.

What belongs here: showing a classifier what it was trained to look at. Not here: training (``charassets.classifiers``), the file
(``charassets.models.classifier``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.attributes.evidence import CLASSIFIED, COLUMNS, Evidence
from charassets.attributes.evidence_source import EvidenceSource, JsonValue, Subject
from charassets.attributes.vocabulary import Vocabulary
from charassets.design.catalogue import NAMES as DESIGN_NAMES
from charassets.design.features import design_features
from charassets.errors import ModelMissingError, UsageError
from charassets.lake import artefacts
from charassets.lake.workspace import Workspace
from charassets.models.classifier import Classifier
from charassets.models.feature_sets import Seen, matrix
from charassets.models.registry import resolve_device
from charassets.models.trained import AnyClassifier, in_force, opened
from charassets.models.tuned import PIXELS, TunedClassifier
from charassets.models.weights import find_embedder
from charassets.settings import ClassifierSettings, Settings

CLASSIFIER = "classifier"
"""The source of their answers."""

_DECIMALS = 3
_SEEN = {"design", "heads", PIXELS}
"""What is made of pixels."""


@dataclass(frozen=True, eq=False)
class _Chosen:
    settings: ClassifierSettings
    artefact: artefacts.Artefact
    classifier: AnyClassifier


class ClassifierSource:
    """Asks the classifiers that the settings name, each in the version in force.

    Args:
        settings: names, the workspace, the embedder.
        vocabulary: attributes that an answer may be evidence of.
        heads: the heads, for classifiers that look at what they say; None where the settings have none.
    """

    source = CLASSIFIER

    def __init__(self, settings: Settings, vocabulary: Vocabulary, heads: EvidenceSource | None) -> None:
        self._settings, self._vocabulary, self._heads = settings, vocabulary, heads

    @property
    def needs_pixels(self) -> bool:
        """Whether one of them looks at more than the embedding."""
        return any(_SEEN & set(one.classifier.columns.sets) for one in self._chosen)

    def settings_read(self) -> Mapping[str, JsonValue]:
        """Attributes and floors."""
        return {one.name: {"attribute": one.attribute, "floor": one.floor} for one in self._settings.classifiers}

    def weights(self) -> Mapping[str, str]:
        """The versions in force, and the heads where they are looked at.

        Raises:
            ModelMissingError: nothing of a name was ever trained.
        """
        found = {one.artefact.name: one.artefact.digest for one in self._chosen}
        heads = self._heads if any("heads" in one.classifier.columns.sets for one in self._chosen) else None
        return {**found, **(heads.weights() if heads is not None else {})}

    def answers(self, subjects: Sequence[Subject]) -> list[list[Evidence]]:
        """What each classifier says of each picture, if it is as sure as its floor."""
        told: list[list[Evidence]] = [[] for _ in subjects]
        for one in self._chosen:
            rows = [k for k, subject in enumerate(subjects) if _can_be_shown(subject, one.classifier)]
            if not rows:
                continue
            chances = self._chances(one.classifier, [subjects[k] for k in rows])
            for k, row in zip(rows, chances, strict=True):
                told[k] += self._said(one, row)
        return told

    def _said(self, one: _Chosen, chances: NDArray[np.float64]) -> list[Evidence]:
        best = int(chances.argmax())
        chance, value = round(float(chances[best]), _DECIMALS), one.classifier.values[best]
        if chance < one.settings.floor:
            return []
        detail = f"classifier {one.settings.name} ({one.classifier.method}, run {one.classifier.notes.get('run', 'unknown')})"
        column = Evidence(f"{CLASSIFIED}{one.settings.name}", value, chance, CLASSIFIER, detail)
        attribute = one.settings.attribute or one.classifier.attribute
        known = self._vocabulary.attributes.get(attribute or "")
        named = {v.name.lower(): v.name for v in known.values} if known is not None else {}
        if attribute is None or value.lower() not in named:
            return [column]
        return [column, Evidence(attribute, named[value.lower()], chance, CLASSIFIER, detail)]

    def _chances(self, classifier: AnyClassifier, subjects: Sequence[Subject]) -> NDArray[np.float64]:
        """(n, values) probabilities of n pictures."""
        if isinstance(classifier, TunedClassifier):
            frames = classifier.framed([(np.asarray(subject.pixels), subject.head) for subject in subjects])
            return classifier.chances(frames, resolve_device(self._settings.device))
        return classifier.chances(self._shown(classifier, subjects))

    def _shown(self, classifier: Classifier, subjects: Sequence[Subject]) -> NDArray[np.float32]:
        """(n, columns) features, made as the stages make them."""
        names = [str(k) for k in range(len(subjects))]
        sets = set(classifier.columns.sets)
        embeddings = np.zeros((len(subjects), 0), np.float32)
        if {"clip", "identity"} & sets:
            embeddings = np.stack([np.asarray(s.embedding) for s in subjects]).astype(np.float32)
        design = _measured(names, subjects) if "design" in sets else None
        evidence = self._read(names, subjects) if "heads" in sets else None
        return matrix(classifier.columns, Seen(names, embeddings, classifier.columns.embedder, design, evidence))

    def _read(self, names: Sequence[str], subjects: Sequence[Subject]) -> pa.Table:
        if self._heads is None:
            raise UsageError(
                "a classifier looks at the heads, and there are none", where="heads", todo="name heads again"
            )
        rows = [(name, *_cells(e)) for name, of in zip(names, self._heads.answers(subjects), strict=True) for e in of]
        columns = zip(*rows, strict=True) if rows else [()] * (1 + len(COLUMNS))
        kinds = (pa.string(), pa.string(), pa.string(), pa.float32(), pa.string(), pa.string())
        arrays = [pa.array(list(column), kind) for column, kind in zip(columns, kinds, strict=True)]
        return pa.table(dict(zip(("record_id", *COLUMNS), arrays, strict=True)))

    @cached_property
    def _chosen(self) -> tuple[_Chosen, ...]:
        store = Workspace.of(self._settings).open_lake().store if self._settings.classifiers else None
        found = []
        for one in self._settings.classifiers:
            artefact = in_force(store, one.name) if store is not None else None
            if artefact is None:
                raise ModelMissingError(
                    f"no classifier {one.name!r} was trained in this workspace",
                    where="classifiers",
                    todo=f"`charassets train classifier {one.name}`, or take it out of the settings",
                )
            classifier = opened(artefact)
            self._check(classifier)
            found.append(_Chosen(one, artefact, classifier))
        return tuple(found)

    def _check(self, classifier: AnyClassifier) -> None:
        digest = classifier.columns.embedder.rpartition("@")[2]
        if classifier.columns.embedder and not find_embedder(self._settings.embedder).sha256.startswith(digest):
            raise UsageError(
                f"classifier {classifier.name} reads embeddings of {classifier.columns.embedder}, which the settings do not choose",
                where="classifiers",
                todo="train it again, or take it out of the settings",
            )


def _cells(evidence: Evidence) -> tuple[str, str, float, str, str]:
    return evidence.attribute, evidence.value, evidence.score, evidence.source, evidence.detail


def _can_be_shown(subject: Subject, classifier: AnyClassifier) -> bool:
    """A classifier says nothing where something that it looks at is missing."""
    sets = set(classifier.columns.sets)
    blind = subject.pixels is None and bool(_SEEN & sets)
    return not blind and not (subject.embedding is None and bool({"clip", "identity"} & sets))


def _measured(names: Sequence[str], subjects: Sequence[Subject]) -> pa.Table:
    values = np.stack([design_features(np.asarray(subject.pixels)) for subject in subjects])
    return pa.table({"record_id": list(names), **{name: values[:, k] for k, name in enumerate(DESIGN_NAMES)}})
