"""Whom one picture shows, without running the pipeline on a collection: extraction, then the gallery in force.

What belongs here: the answer as one object, for the command line and the server. Not here: recognising
(``charassets.identity.recognition``).
"""

from collections.abc import Callable
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from charassets.classification import CLASSIFIER, classified, classifier_of
from charassets.enrolment import in_force, shown_of
from charassets.errors import UsageError
from charassets.extraction import Extraction
from charassets.identity import shelf
from charassets.identity.calibration import MODES
from charassets.identity.recognition import Recogniser
from charassets.lake.fragments import Lake
from charassets.settings import IdentitySettings, Settings
from charassets.stages.character_identities import checked_model


def recogniser_of(lake: Lake, settings: Settings) -> Recogniser:
    """The gallery in force, ready to be asked; the same object until another version is put in force.

    Raises:
        UsageError: there is none.
    """
    digest = shelf.digest_in_force(lake.store) or ""
    return _recogniser(_Held(lake, digest, lake.store.root), settings.identity.model_dump_json())


def asking(
    lake: Lake, settings: Settings, mode: str | None = None, classifier: str | None = None
) -> Callable[[Extraction], dict[str, Any]]:
    """What says of an extracted picture whom it shows.

    Args:
        lake: holds the gallery and the classifiers in force.
        settings: metric, and when to doubt.
        mode: ``embedding`` or ``fused``: the gallery; ``classifier``: a classifier trained here. By default the
            classifier if one is named, else the gallery as the settings say.
        classifier: its name.

    Raises:
        UsageError: no such mode, no gallery, or no such classifier.
    """
    if mode is not None and mode not in (*MODES, CLASSIFIER):
        raise UsageError(f"there is no mode {mode[:20]!r}", where="mode", todo=f"use {', '.join((*MODES, CLASSIFIER))}")
    if mode == CLASSIFIER or (mode is None and classifier is not None):
        chosen = classifier_of(lake, settings, classifier)
        return lambda found: classified(found, chosen)
    if classifier is not None:
        raise UsageError(f"mode {mode} asks the gallery", where=CLASSIFIER, todo="leave the classifier or the mode out")
    recogniser = recogniser_of(lake, settings)
    return lambda found: answer_of(found, recogniser, settings, mode)


def answer_of(found: Extraction, recogniser: Recogniser, settings: Settings, mode: str | None = None) -> dict[str, Any]:
    """Whom an extracted picture shows, by the gallery.

    Raises:
        CharassetsError: the gallery was made with another embedder.
    """
    told: dict[str, Any] = {"verdict": found.verdict, "reason": found.reason, "name": None}
    if found.embedding is None or found.embedder is None:
        return told
    checked_model(recogniser, [found.embedder])
    (answer,) = recogniser.identify(shown_of(found, settings), mode)
    return told | asdict(answer)


class _Held:
    """A lake as a key: equal while the same gallery of the same lake is in force."""

    def __init__(self, lake: Lake, digest: str, root: str) -> None:
        self.lake, self._key = lake, (root, digest)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and other._key == self._key


@lru_cache(maxsize=1)
def _recogniser(held: _Held, settings_json: str) -> Recogniser:
    return Recogniser(in_force(held.lake).gallery, IdentitySettings.model_validate_json(settings_json))
