"""The networks inside a fine-tuned classifier: framed pictures in, logits out.

What belongs here: running a transformers classifier or the vectors of an ONNX file under a linear layer, in batches. Not here:
the file they come from (``charassets.models.tuned``), training.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from charassets.errors import ModelMissingError, VerificationError
from charassets.models.clip import Framing

if TYPE_CHECKING:
    import torch
    from torch import nn

Frames = NDArray[np.uint8]
"""(n, side, side, 3) uint8 RGB."""

BATCH = 64

_NO_SIZES = ("auto_map", "model_type", "architectures", "dtype", "torch_dtype")
"""Of a configuration: what names code, and a precision, where classifiers are float32 whatever their backbone was."""


def tensor_of(frames: Frames, framing: Framing) -> "torch.Tensor":
    """(n, 3, side, side) float32, normalised as the network was trained."""
    import torch

    mean = np.asarray(framing.mean, np.float32) * 255
    std = np.asarray(framing.std, np.float32) * 255
    return torch.from_numpy(((frames.astype(np.float32) - mean) / std).transpose(0, 3, 1, 2).copy())


def run(network: "nn.Module", frames: Frames, framing: Framing, device: str, batch: int = BATCH) -> NDArray[np.float64]:
    """(n, labels) logits of a network in the state it is asked in."""
    import torch

    network.eval().to(device)
    found = [np.zeros((0, 0), np.float64)]
    with torch.inference_mode():
        found = [
            network(pixel_values=tensor_of(frames[k : k + batch], framing).to(device)).logits.double().cpu().numpy()
            for k in range(0, len(frames), batch)
        ] or found
    return np.concatenate(found)


def network_of(config: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> "nn.Module":
    """The transformers classifier of a configuration, with its tensors.

    Raises:
        VerificationError: they do not fit each other, or the configuration names no class of transformers or ours.
    """
    import torch
    import transformers

    sizes = {name: value for name, value in config.items() if name not in _NO_SIZES}
    kind = str(config.get("model_type"))
    try:
        if kind == "charassets_mini_clip":
            from charassets.models import mini_clip  # noqa: F401 - importing registers it
        made = transformers.AutoModelForImageClassification.from_config(
            transformers.AutoConfig.for_model(kind, **sizes), trust_remote_code=False
        )
        made.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in tensors.items()})
    except (ValueError, KeyError, RuntimeError, TypeError) as error:
        raise VerificationError(
            f"the network of a classifier cannot be built: {' '.join(str(error).split())[:120]}",
            where=kind,
            todo="train it again",
        ) from error
    return made


class OnnxVectors:
    """The vectors of an ONNX file, unit norm: input (n, 3, side, side) RGB on the scale -1 to 1, the first output flattened.

    Raises:
        ModelMissingError: onnxruntime is not installed, or cannot open it.
    """

    def __init__(self, content: bytes, where: str) -> None:
        try:
            import onnxruntime
        except ImportError:
            raise ModelMissingError(
                "an .onnx backbone needs onnxruntime", where=where, todo="pip install 'charassets[onnx]'"
            ) from None
        try:
            options = onnxruntime.SessionOptions()
            options.log_severity_level = 3
            self._session: Any = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
            (given,) = self._session.get_inputs()
            self._input, (_, channels, height, width) = given.name, given.shape
        except Exception as error:  # onnxruntime raises classes of its own C++ module
            raise ModelMissingError(
                f"the backbone cannot be opened: {' '.join(str(error).split())[:120]}",
                where=where,
                todo="give a file with one input of (n, 3, side, side)",
            ) from None
        if channels != 3 or height != width or not isinstance(height, int):
            raise ModelMissingError(
                f"the backbone's input is {given.shape}",
                where=where,
                todo="give one with a fixed, square input of 3 channels",
            )
        self.framing = Framing(height, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))

    def of(self, frames: Frames) -> NDArray[np.float32]:
        """(n, dim) float32 unit-norm vectors."""
        found: Sequence[NDArray[np.float32]] = [
            self._session.run(None, {self._input: tensor_of(frames[k : k + 1], self.framing).numpy()})[0].reshape(1, -1)
            for k in range(len(frames))  # one at a time: many such files have a fixed batch of 1
        ]
        vectors = np.concatenate(found).astype(np.float32)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
