"""The models of the settings as facts: role, licence, digest, whether they are there.

What belongs here: what is known of a model without loading it. Not here: finding its files (``weights``).
"""

from collections.abc import Callable
from dataclasses import dataclass

from charassets.errors import ModelMissingError
from charassets.models.heads import find_heads
from charassets.models.weights import Weights, find_detector, find_embedder
from charassets.settings import Settings

LICENCES: tuple[tuple[str, str], ...] = (
    ("mini:", "AGPL-3.0-or-later"),
    ("yolo", "AGPL-3.0"),
    ("openai/clip", "MIT"),
    ("laion/clip", "MIT"),
    ("google/siglip", "Apache-2.0"),
    ("facebook/dinov2", "Apache-2.0"),
    ("anime_person_detect", "MIT"),
    ("anime_head_detect", "MIT"),
    ("anime_face_detect", "MIT"),
    ("smilingwolf/", "Apache-2.0"),
)
"""What a model's path holds, in lower case, and the licence its authors state. Others are ``unknown``."""


@dataclass(frozen=True)
class ModelFacts:
    """A model a profile names.

    Attributes:
        role: detector, embedder or heads.
        path: as the settings name it.
        licence: as its authors state it; ``unknown`` where this is not known here.
        sha256: digest of its weights; None where they are not there.
        problem: why they cannot be used; None where they can.
    """

    role: str
    path: str
    licence: str
    sha256: str | None
    problem: str | None


def models_of(settings: Settings) -> list[ModelFacts]:
    """The models of the settings, in the order of the pipeline."""
    heads = settings.heads
    found = [
        _facts("detector", settings.detector.path, lambda: find_detector(settings.detector)),
        _facts("embedder", settings.embedder.path, lambda: find_embedder(settings.embedder)),
    ]
    return found if heads is None else [*found, _facts("heads", heads.path, lambda: find_heads(heads))]


def licence_of(path: str) -> str:
    """The licence of a model by its path or hub id."""
    return next((licence for part, licence in LICENCES if part in path.lower()), "unknown")


def _facts(role: str, path: str, find: Callable[[], Weights]) -> ModelFacts:
    try:
        return ModelFacts(role, path, licence_of(path), find().sha256, None)
    except ModelMissingError as error:
        return ModelFacts(role, path, licence_of(path), None, error.what)
