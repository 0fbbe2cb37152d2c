"""A trained classifier: one safetensors file, and what it answers. Nothing in it can run.

What belongs here: the file and the arithmetic of answering, on a machine that need not have what it was trained with (except
LightGBM for boosting). Not here: training (``charassets.classifiers``).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charassets.errors import ModelMissingError, VerificationError
from charassets.models.feature_sets import FeaturePlan

METHODS = ("logistic", "boosting", "mlp")
"""Methods over feature sets."""

FORMAT = 1
_PLAN = "prototypes"


@dataclass(frozen=True, eq=False)
class Classifier:
    """A trained classifier.

    Attributes:
        name: what people call it; the column it becomes is ``classified_<name>``.
        label: what it was trained on, in the words of whoever trained it.
        values: the answers it may give.
        method: one of ``METHODS``.
        columns: what it looks at.
        tensors: its numbers.
        temperature: what logits are divided by; fitted on the validation part.
        attribute: attribute of the vocabulary that its answers are evidence of; None where they are a column alone.
        notes: facts of its training (run, rows, scores).
    """

    name: str
    label: str
    values: tuple[str, ...]
    method: str
    columns: FeaturePlan
    tensors: Mapping[str, NDArray[Any]]
    temperature: float = 1.0
    attribute: str | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)

    def logits(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n, values) logits of (n, columns) features, before the temperature.

        Raises:
            ModelMissingError: LightGBM is needed and not installed.
        """
        if self.method == "boosting":
            return self._boosted(features)
        scaled = self.scaled(features)
        if self.method == "mlp":
            hidden = np.maximum(scaled @ self.tensors["hidden"].T.astype(np.float64) + self.tensors["hidden_offset"], 0)
            return hidden @ self.tensors["out"].T.astype(np.float64) + self.tensors["out_offset"]
        return scaled @ self.tensors["weights"].T.astype(np.float64) + self.tensors["offsets"]

    def scaled(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Features on the scale it was trained on: mean 0, standard deviation 1 in the training part."""
        return (features.astype(np.float64) - self.tensors["mean"]) / self.tensors["scale"]

    def chances(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n, values) probabilities of (n, columns) features."""
        return softmax(self.logits(features) / self.temperature)

    def cooled(self, temperature: float) -> "Classifier":
        """The same with another temperature."""
        return replace(self, temperature=temperature)

    @cached_property
    def booster(self) -> Any:  # noqa: ANN401 - lightgbm.Booster
        """The trees."""
        lightgbm = _lightgbm()
        return lightgbm.Booster(model_str=bytes(self.tensors["trees"]).decode())

    def _boosted(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        raw = np.asarray(self.booster.predict(features.astype(np.float64), raw_score=True, num_threads=1))
        return np.column_stack([np.zeros(len(raw)), raw]) if raw.ndim == 1 else raw


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Rows of logits to rows of probabilities."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def to_bytes(classifier: Classifier) -> bytes:
    """The file."""
    from safetensors.numpy import save

    columns = classifier.columns
    head = {
        "format": FORMAT,
        **{name: getattr(classifier, name) for name in ("name", "label", "values", "method", "temperature")},
        **{"attribute": classifier.attribute, "notes": dict(classifier.notes)},
        **{name: getattr(columns, name) for name in ("sets", "embedder", "dim", "said")},
    }
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in classifier.tensors.items()}
    return save({**tensors, _PLAN: np.ascontiguousarray(columns.prototypes)}, {"classifier": json.dumps(head)})


def from_bytes(content: bytes, where: str = "classifier") -> Classifier:
    """What ``to_bytes`` wrote.

    Raises:
        VerificationError: it is no such file.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        length = int.from_bytes(content[:8], "little")
        head = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["classifier"])
        if head.pop("format") != FORMAT:
            raise ValueError("unknown format")
        tensors = load(content)
        said = tuple((str(a), str(v)) for a, v in head.pop("said"))
        sets, embedder, dim = tuple(head.pop("sets")), head.pop("embedder"), head.pop("dim")
        columns = FeaturePlan(sets, embedder, dim, said, tensors.pop(_PLAN))
        return Classifier(values=tuple(head.pop("values")), columns=columns, tensors=tensors, **head)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise VerificationError(
            f"no classifier of ours: {' '.join(str(error).split())[:120]}", where=where, todo="train it again"
        ) from error


def _lightgbm() -> Any:  # noqa: ANN401 - a module
    try:
        import lightgbm
    except ImportError:
        raise ModelMissingError(
            "gradient boosting needs LightGBM", where="lightgbm", todo="pip install 'charassets[train]'"
        ) from None
    return lightgbm
