"""CLIP, SigLIP, DINOv2 and their like, as transformers loads them, behind the ``Embedder`` protocol.

What belongs here: the adapter: framing, normalising, precision. Not here: prompts, and what a similarity means.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.errors import ModelMissingError, UsageError
from charassets.models.feeding import framed_batches, sent
from charassets.models.folding import fold
from charassets.models.weights import Weights

if TYPE_CHECKING:
    import torch

_MINI = "charassets_mini_clip"  # convolutions of 24 to 320 channels: bfloat16 makes them a third slower, see docs/decisions/049
_FRAMING_THREADS = 4  # where a GPU computes; a guess, not measured
_SAFE = {"trust_remote_code": False, "local_files_only": True}


@dataclass(frozen=True)
class Framing:
    """How a model wants its input, read from its processor's configuration.

    Attributes:
        side: pixels of the square input.
        mean: per channel, on the scale 0-1.
        std: per channel, on the scale 0-1.
    """

    side: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def frame(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A (H, W, 3) picture fitted whole into (side, side, 3), centred on white.

        CLIP's own processor cuts the middle square out instead. That suits photographs; of a standing figure it keeps the
        belt and loses the face. A square picture comes out as the processor would make it.
        """
        height, width = image.shape[:2]
        scale = self.side / max(height, width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        # AREA is the antialiased reduction nearest to the training's bicubic; it cannot enlarge.
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        if size == (self.side, self.side):
            return small.astype(np.uint8, copy=False)
        page = np.full((self.side, self.side, 3), 255, np.uint8)
        left, top = (self.side - size[0]) // 2, (self.side - size[1]) // 2
        page[top : top + size[1], left : left + size[0]] = small
        return page


class ClipEmbedder:
    """A transformers image-text (or picture-only) encoder; see ``charassets.models.protocols.Embedder``.

    Args:
        weights: a folder as ``save_pretrained`` writes it, found and checked.
        batch: pictures a forward pass.
        device: ``cuda``, ``mps`` or ``cpu``.

    Raises:
        ModelMissingError: transformers cannot open the folder, or only by running code that came with it.
    """

    def __init__(self, weights: Weights, batch: int, device: str) -> None:
        import torch
        import transformers

        self._weights, self._batch, self._device = weights, batch, device
        know(weights.path)
        transformers.utils.logging.disable_progress_bar()  # a bar for reading one file, across our own on the terminal
        try:
            model = transformers.AutoModel.from_pretrained(
                weights.path, use_safetensors=True, dtype=torch.float32, **_SAFE
            )
            self._framing = framing_of(transformers.AutoImageProcessor.from_pretrained(weights.path, **_SAFE))
            reads_text = hasattr(model, "get_text_features")
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(weights.path, **_SAFE) if reads_text else None
        except (OSError, ValueError, KeyError, RuntimeError, AttributeError, ImportError) as error:
            raise ModelMissingError(
                f"the embedder cannot be opened: {' '.join(str(error).split())[:160]}",
                where=str(weights.path),
                todo="give a folder written by save_pretrained (model, processor and, for text, tokenizer)",
            ) from error
        # Read before the weights are rounded: in bfloat16 the scale of CLIP's cosines would be off by a third of a percent.
        self._logit_scale = math.exp(model.logit_scale.item()) if hasattr(model, "logit_scale") else 1.0
        narrow = model.config.model_type == _MINI
        self._type = torch.bfloat16 if _has_bfloat16(device) and not (narrow and device == "cpu") else torch.float32
        self._model: Any = fold(model.eval())
        self._model.to(device, self._type, memory_format=torch.channels_last)
        self._dim = self.embed_images([np.full((8, 8, 3), 255, np.uint8)]).shape[1]

    @property
    def name(self) -> str:
        """Name of the weights."""
        return self._weights.name

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._dim

    @property
    def reads_text(self) -> bool:
        """Whether the model has a text tower."""
        return self._tokenizer is not None

    @property
    def logit_scale(self) -> float:
        """The learned scale of cosines, stored as its logarithm; 1 where there is none."""
        return self._logit_scale

    def weights(self) -> Mapping[str, str]:
        """The files behind the model: name to sha256."""
        return self._weights.files

    def embed_images(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float16]:
        """(n, dim) unit-norm float16 vectors of n RGB pictures of any size."""
        import torch

        mean = torch.tensor(self._framing.mean, device=self._device).view(1, 3, 1, 1) * 255
        std = torch.tensor(self._framing.std, device=self._device).view(1, 3, 1, 1) * 255
        threads = _FRAMING_THREADS if self._device == "cuda" else 1
        vectors: list[torch.Tensor] = []  # on the device: fetching them would wait for the batch
        with torch.inference_mode():
            for framed in framed_batches(images, self._framing.frame, self._batch, threads):
                pixels = sent(framed, self._device).permute(0, 3, 1, 2).float()
                vectors.append(_unit(self._image_features(((pixels - mean) / std).to(self._type))))
        return torch.cat(vectors).cpu().numpy() if vectors else np.empty((0, self._dim), np.float16)

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float16]:
        """(n, dim) unit-norm float16 vectors of n texts.

        Raises:
            UsageError: the model reads no text.
        """
        import torch

        if self._tokenizer is None:
            raise UsageError(
                f"{self.name} reads no text", todo="choose a CLIP or SigLIP embedder for zero-shot answers"
            )
        # SigLIP was trained on texts padded to its full length and answers differently without the padding.
        padding = "max_length" if self._model.config.model_type.startswith("siglip") else True
        length = getattr(self._model.config, "text_config", self._model.config).max_position_embeddings
        vectors: list[NDArray[np.float16]] = []
        for first in range(0, len(texts), self._batch):
            tokens = self._tokenizer(
                list(texts[first : first + self._batch]),
                padding=padding,
                truncation=True,
                max_length=length,
                return_tensors="pt",
            ).to(self._device)
            with torch.inference_mode():
                vectors.append(_unit(_pooled(self._model.get_text_features(**tokens))).cpu().numpy())
        return np.concatenate(vectors) if vectors else np.empty((0, self._dim), np.float16)

    def _image_features(self, pixels: "torch.Tensor") -> "torch.Tensor":
        if hasattr(self._model, "get_image_features"):
            return _pooled(self._model.get_image_features(pixel_values=pixels))
        return _pooled(self._model(pixel_values=pixels))


def _pooled(output: Any) -> "torch.Tensor":  # noqa: ANN401 - a tensor up to transformers 4, an output object since
    if (pooled := getattr(output, "pooler_output", None)) is not None:
        return pooled
    hidden = getattr(output, "last_hidden_state", None)
    return output if hidden is None else hidden[:, 0]


def _unit(features: "torch.Tensor") -> "torch.Tensor":
    # Normalised in bfloat16 the norms come out as .9966; in float32 they survive the way to float16 within 5e-5.
    import torch

    return torch.nn.functional.normalize(features.float(), dim=-1).half()


def _has_bfloat16(device: str) -> bool:
    """Whether bfloat16 is computed in hardware, where it is 3-4 times as fast; emulated it would be slower."""
    import torch

    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return device == "cpu" and bool(capabilities.get("avx512_bf16") or capabilities.get("bf16"))


def framing_of(processor: Any) -> Framing:  # noqa: ANN401 - transformers has a processor class a model
    """How a model wants its input, by its image processor.

    Raises:
        ValueError: it names no square size.
    """
    cropped = getattr(processor, "do_center_crop", False) and getattr(processor, "crop_size", None)
    size = dict(cropped or processor.size)
    side = size.get("height") or size.get("shortest_edge")
    if not side:
        raise ValueError(f"the image processor names no square size ({size})")
    return Framing(int(side), tuple(processor.image_mean), tuple(processor.image_std))


def know(folder: Path) -> None:
    """Make the project's own architecture known to transformers, where the folder holds one."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if config.get("model_type") == _MINI:
        from charassets.models import mini_clip  # noqa: F401 - importing registers it
