"""Which version of a classifier is in force: an artefact of the lake, so that every shard of every machine reads the same file.

What belongs here: promoting, looking up. Not here: whether a new one is better (``training``), answering (the stage).
"""

from collections.abc import Mapping
from typing import Any

from charassets.errors import UsageError
from charassets.lake import artefacts
from charassets.lake.store import Store
from charassets.models import classifier, tuned
from charassets.models.classifier import Classifier
from charassets.models.tuned import TunedClassifier

AnyClassifier = Classifier | TunedClassifier
"""Over what the lake knows, or over pixels."""


_PREFIX = "classifier_"


def artefact_name(name: str) -> str:
    """The artefact of a classifier."""
    return f"{_PREFIX}{name}"


def in_force(store: Store, name: str) -> artefacts.Artefact | None:
    """The version in force; None where none ever was."""
    return artefacts.current(store, artefact_name(name))


def from_bytes(content: bytes, where: str = "classifier") -> AnyClassifier:
    """A classifier's file, of either kind.

    Raises:
        VerificationError: it is neither.
    """
    kind = tuned if tuned.FINETUNE in tuned.header(content) else classifier
    return kind.from_bytes(content, where)


def to_bytes(made: AnyClassifier) -> bytes:
    """The file of a classifier of either kind."""
    return tuned.to_bytes(made) if isinstance(made, TunedClassifier) else classifier.to_bytes(made)


def trained_names(store: Store) -> list[str]:
    """Names of the classifiers that are in force."""
    found = artefacts.names(store)
    return sorted(name.removeprefix(_PREFIX) for name in found if name.startswith(_PREFIX))


def opened(artefact: artefacts.Artefact) -> AnyClassifier:
    """The classifier of an artefact.

    Raises:
        VerificationError: it cannot be read.
    """
    return from_bytes(artefact.content, artefact.name)


def put_in_force(store: Store, name: str, content: bytes, notes: Mapping[str, Any]) -> artefacts.Artefact:
    """Let shards be asked about by this version from the next run on.

    Raises:
        UsageError: the file is that of another classifier.
    """
    if from_bytes(content).name != name:
        raise UsageError("this is another classifier", where=name, todo="name the run of this one")
    return artefacts.promote(store, artefact_name(name), content, notes)
