"""A fine-tuned classifier: one safetensors file that looks at pixels, and what it answers. Nothing in it can run.

What belongs here: the file, what of a crop it looks at, and answering. Not here: training (``charassets.classifiers``), classifiers
over what the lake knows already (``charassets.models.classifier``).

The file holds the whole network (adapters merged into it) and, as JSON, the configuration by which transformers builds it; for an
ONNX backbone the ONNX file, which is a graph of arithmetic, under a linear layer.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from charassets.errors import VerificationError
from charassets.models.classifier import softmax
from charassets.models.clip import Framing
from charassets.models.feature_sets import FeaturePlan
from charassets.models.picture_networks import Frames, OnnxVectors, network_of, run

FINETUNE = "finetune"
"""The method of these classifiers."""

PIXELS = "pixels"
"""What they look at, where others name feature sets."""

FIGURE, HEAD = "figure", "head"
LOOKS = (FIGURE, HEAD)
"""What of a crop they look at."""

FORMAT = 1
_MARGIN = 0.35  # of a head's longer side around it: hair and ears stay in
_ONNX = "onnx"


@dataclass(frozen=True, eq=False)
class TunedClassifier:
    """A fine-tuned classifier.

    Attributes:
        name, label, values, temperature, attribute, notes: as of ``charassets.models.classifier.Classifier``.
        backbone: what it was made of, for people.
        framing: how a picture becomes its input.
        config: of transformers; None where it is an ONNX file.
        tensors: its numbers.
        look: ``figure`` (the whole crop) or ``head`` (the head in it; the whole crop where none was found).
    """

    method: ClassVar[str] = FINETUNE
    columns: ClassVar[FeaturePlan] = FeaturePlan((PIXELS,))

    name: str
    label: str
    values: tuple[str, ...]
    backbone: str
    framing: Framing
    config: Mapping[str, Any] | None
    tensors: Mapping[str, NDArray[Any]]
    look: str = FIGURE
    temperature: float = 1.0
    attribute: str | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)

    def logits(self, frames: Frames, device: str = "cpu") -> NDArray[np.float64]:
        """(n, values) logits of (n, side, side, 3) framed pictures, before the temperature."""
        if not len(frames):
            return np.zeros((0, len(self.values)))
        if self.config is not None:
            return run(self._network, frames, self.framing, device)
        vectors = self._vectors.of(frames).astype(np.float64)
        return vectors @ self.tensors["weights"].T.astype(np.float64) + self.tensors["offsets"]

    def chances(self, frames: Frames, device: str = "cpu") -> NDArray[np.float64]:
        """(n, values) probabilities of (n, side, side, 3) framed pictures."""
        return softmax(self.logits(frames, device) / self.temperature)

    def cooled(self, temperature: float) -> "TunedClassifier":
        """The same with another temperature."""
        return replace(self, temperature=temperature)

    def framed(self, crops: Sequence[tuple[NDArray[np.uint8], Sequence[float] | None]]) -> Frames:
        """Crops, each with its head in fractions or None, as it wants them."""
        return np.stack([self.framing.frame(looked_at(pixels, head, self.look)) for pixels, head in crops])

    @cached_property
    def _network(self) -> Any:  # noqa: ANN401 - a torch module
        assert self.config is not None  # noqa: S101 - asked for only then
        return network_of(self.config, self.tensors)

    @cached_property
    def _vectors(self) -> OnnxVectors:
        return OnnxVectors(bytes(self.tensors[_ONNX]), self.backbone)


def looked_at(pixels: NDArray[np.uint8], head: Sequence[float] | None, look: str) -> NDArray[np.uint8]:
    """The part of a (H, W, 3) crop that a classifier looks at; ``head`` is x0, y0, x1, y1 in fractions of it."""
    if look != HEAD or head is None:
        return pixels
    height, width = pixels.shape[:2]
    x0, y0, x1, y1 = head[0] * width, head[1] * height, head[2] * width, head[3] * height
    side = max(x1 - x0, y1 - y0) * (1 + 2 * _MARGIN)
    left, top = (x0 + x1 - side) / 2, (y0 + y1 - side) / 2
    rows = slice(max(0, round(top)), min(height, round(top + side)))
    columns = slice(max(0, round(left)), min(width, round(left + side)))
    part = pixels[rows, columns]
    return np.ascontiguousarray(part) if part.size else pixels


def to_bytes(classifier: TunedClassifier) -> bytes:
    """The file."""
    from safetensors.numpy import save

    head = {
        "format": FORMAT,
        **{name: getattr(classifier, name) for name in ("name", "label", "values", "backbone", "config", "look")},
        **{"temperature": classifier.temperature, "attribute": classifier.attribute, "notes": dict(classifier.notes)},
        "framing": asdict(classifier.framing),
    }
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in classifier.tensors.items()}
    return save(tensors, {FINETUNE: json.dumps(head)})


def from_bytes(content: bytes, where: str = "classifier") -> TunedClassifier:
    """What ``to_bytes`` wrote.

    Raises:
        VerificationError: it is no such file.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        head = json.loads(header(content)[FINETUNE])
        if head.pop("format") != FORMAT:
            raise ValueError("unknown format")
        framing = head.pop("framing")
        framing = Framing(int(framing["side"]), tuple(framing["mean"]), tuple(framing["std"]))
        return TunedClassifier(values=tuple(head.pop("values")), framing=framing, tensors=load(content), **head)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise VerificationError(
            f"no classifier of ours: {' '.join(str(error).split())[:120]}", where=where, todo="train it again"
        ) from error


def header(content: bytes) -> Mapping[str, str]:
    """The words of a safetensors file; empty where it has none or is none."""
    length = int.from_bytes(content[:8], "little")
    try:
        words = json.loads(content[8 : 8 + length]).get("__metadata__", {})
    except (ValueError, AttributeError):
        return {}
    return words if isinstance(words, dict) else {}
