"""What the pipeline asks of a model, whatever library runs it.

What belongs here: the protocols and the arrays that cross them. Not here: loading (``registry``) and the adapters themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Detections:
    """The boxes found in one picture, best score first.

    Attributes:
        labels: n names: person, head, face, or whatever else the model knows.
        scores: (n,) float32 in 0-1.
        boxes: (n, 4) float32 ``x0, y0, x1, y1`` in pixels of the picture, clipped to it.
    """

    labels: list[str]
    scores: NDArray[np.float32]
    boxes: NDArray[np.float32]


class Detector(Protocol):
    """Finds figures and their parts."""

    @property
    def name(self) -> str:
        """Name of the weights, for people."""
        ...

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Detections of each (H, W, 3) uint8 RGB picture, in order. The answer for a picture does not depend on its company."""
        ...

    def weights(self) -> Mapping[str, str]:
        """The files behind the model: name to sha256."""
        ...


class Embedder(Protocol):
    """Places pictures, and words where the model reads them, in one vector space."""

    @property
    def name(self) -> str:
        """Name of the weights, for people."""
        ...

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    @property
    def reads_text(self) -> bool:
        """Whether ``embed_texts`` works; a picture-only model (DINOv2) has no zero-shot answers."""
        ...

    @property
    def logit_scale(self) -> float:
        """What the model multiplies a cosine by before a softmax over prompts; 1 for a model that reads no text."""
        ...

    def embed_images(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float16]:
        """(n, dim) unit-norm vectors of n (H, W, 3) uint8 RGB pictures of any size."""
        ...

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float16]:
        """(n, dim) unit-norm vectors of n texts; a text beyond the model's context is cut.

        Raises:
            UsageError: the model reads no text.
        """
        ...

    def weights(self) -> Mapping[str, str]:
        """The files behind the model: name to sha256."""
        ...
