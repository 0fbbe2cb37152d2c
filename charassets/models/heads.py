"""Attribute heads: what a picture shows of each attribute, read from the head and the whole figure by one small network.

What belongs here: the protocol, the shipped adapter, finding its files, cutting the two squares it looks at. Not here: the layers
(``mini_heads``), training them, and what an answer is worth (``charassets.attributes``).

A folder of heads holds ``model.safetensors`` and ``config.json``: side of the squares, and for each question its options, its
temperature and the least confidence at which it may decide an attribute (null: never).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.errors import ModelMissingError
from charassets.models.folding import fold
from charassets.models.registry import resolve_device
from charassets.models.weights import SHIPPED, Weights
from charassets.settings import HeadSettings

Pixels = NDArray[np.uint8]
Fractions = tuple[float, float, float, float]
"""A head as ``x0, y0, x1, y1`` in fractions of the crop."""

NOT_VISIBLE = "Unknown"
"""The option "cannot be seen", as the vocabulary spells it."""

_FILES = ("config.json", "model.safetensors")
_AROUND = 1.35  # side of the square around a head, in sides of its box: hair and collar belong to it
_LOOSE = 1.2  # of that, at the second look: detectors cut hair and beards off more often than they add a shoulder
_LOWER = 0.08  # of the box: the square sits a little lower than the head, for beards and necks
_TALL = 0.7  # of the crop's height: where no head was found it is looked for in a square at the top
_MEAN, _STD = 127.5, 63.75


@dataclass(frozen=True)
class HeadQuestion:
    """One question the heads answer.

    Attributes:
        name: what the answers are kept under: the attribute, or the one value of a multi-valued attribute that is asked for.
        attribute: attribute of the vocabulary.
        options: its values, and ``NOT_VISIBLE``; ``None`` where nothing is worn.
        temperature: what logits are divided by before the softmax, fitted on drawings never trained on.
        min_confidence: probability from which an answer may decide the attribute; None if no answer may.
    """

    name: str
    attribute: str
    options: tuple[str, ...]
    temperature: float = 1.0
    min_confidence: float | None = None


class AttributeHeads(Protocol):
    """Reads attributes from crops of figures."""

    @property
    def name(self) -> str:
        """Name of the weights, for people."""
        ...

    @property
    def questions(self) -> tuple[HeadQuestion, ...]:
        """What is asked of every crop."""
        ...

    def read(self, crops: Sequence[Pixels], heads: Sequence[Fractions | None]) -> dict[str, NDArray[np.float32]]:
        """Answer every question about every crop.

        Args:
            crops: n (H, W, 3) uint8 RGB figures of any size.
            heads: the head in each; None where none was found.

        Returns:
            For each question's name (n, options) float32 probabilities, rows summing to 1.
        """
        ...

    def weights(self) -> Mapping[str, str]:
        """The files behind the model: name to sha256."""
        ...


def find_heads(settings: HeadSettings) -> Weights:
    """The heads' folder, local or shipped.

    Raises:
        ModelMissingError: nothing is there, or not what was pinned.
    """
    shipped = settings.path.removeprefix("mini:")
    path = SHIPPED / "mini" / shipped if shipped != settings.path else Path(settings.path).expanduser()
    if not all((path / file).is_file() for file in _FILES):
        raise ModelMissingError(
            f"the attribute heads are not there (a folder with {' and '.join(_FILES)} is needed)",
            where=settings.path,
            todo="give heads.path such a folder, or leave heads out of the settings",
        )
    found = Weights(
        settings.path if shipped != settings.path else path.name,
        path,
        {name: _sha256(path / name, (path / name).stat().st_mtime_ns) for name in _FILES},
    )
    if settings.sha256 is not None and found.sha256 != settings.sha256.lower():
        raise ModelMissingError(
            f"the heads are not the pinned ones (sha256 {found.sha256})",
            where=str(path),
            todo="restore the file, or pin the new digest if the change is meant",
        )
    return found


def load_heads(settings: HeadSettings, device: str = "auto") -> AttributeHeads:
    """The heads of the settings, ready to run; a second call with equal settings answers the same object.

    Raises:
        ModelMissingError: the files are missing, not the pinned ones, or not readable.
        UsageError: the device is not there.
    """
    return _heads(settings.model_dump_json(), resolve_device(device))


class MiniHeads:
    """The project's own heads; see ``AttributeHeads``.

    Args:
        weights: a folder of heads, found and checked.
        batch: crops a forward pass.
        device: ``cuda``, ``mps`` or ``cpu``.

    Raises:
        ModelMissingError: the files do not fit each other or are damaged.
    """

    def __init__(self, weights: Weights, batch: int, device: str) -> None:
        import torch
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        from charassets.models.mini_heads import HeadsNetwork

        self._weights, self._batch, self._device = weights, batch, device
        try:
            config = json.loads((weights.path / "config.json").read_text(encoding="utf-8"))
            self._side, self._questions = int(config["side"]), questions_of(config)
            network = HeadsNetwork(self._side, [len(question.options) for question in self._questions])
            network.load_state_dict(load_file(weights.path / "model.safetensors"))
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
            raise ModelMissingError(
                f"the attribute heads cannot be opened: {' '.join(str(error).split())[:160]}",
                where=str(weights.path),
                todo="restore the folder, or remake it with `python -m charassets.training.heads`",
            ) from error
        network = fold(network.float().eval())
        self._network = network.to(device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

    @property
    def name(self) -> str:
        """Name of the weights."""
        return self._weights.name

    @property
    def questions(self) -> tuple[HeadQuestion, ...]:
        """The questions, in the order of the logits."""
        return self._questions

    def weights(self) -> Mapping[str, str]:
        """The files behind the model: name to sha256."""
        return self._weights.files

    def read(self, crops: Sequence[Pixels], heads: Sequence[Fractions | None]) -> dict[str, NDArray[np.float32]]:
        """Answer every question about every crop."""
        import torch

        logits = [np.empty((0, sum(len(question.options) for question in self._questions)), np.float32)]
        for first in range(0, len(crops), self._batch):
            part = list(zip(crops, heads, strict=True))[first : first + self._batch]
            looks = [self._looked(crop, head) for crop, head in part]
            squares = [as_input([look[k] for pair in looks for look in pair]) for k in range(2)]
            with torch.inference_mode():
                answers = self._network(*(torch.from_numpy(square).to(self._device) for square in squares))
            logits.append(answers.float().cpu().numpy())
        twice = probabilities(np.concatenate(logits), self._questions)
        return {name: np.asarray((chances[0::2] + chances[1::2]) / 2, np.float32) for name, chances in twice.items()}

    def _looked(self, crop: Pixels, head: Fractions | None) -> tuple[tuple[Pixels, Pixels], tuple[Pixels, Pixels]]:
        """Head and figure twice: as found, and mirrored with more around the head; the errors of the two differ."""
        figure = figure_square(crop, self._side)
        first, second = head_square(crop, head, self._side), head_square(crop, head, self._side, loose=_LOOSE)
        return (first, figure), (np.ascontiguousarray(second[:, ::-1]), np.ascontiguousarray(figure[:, ::-1]))


def questions_of(config: Mapping[str, Any]) -> tuple[HeadQuestion, ...]:
    """The questions of a ``config.json``."""
    return tuple(HeadQuestion(**{**asked, "options": tuple(asked["options"])}) for asked in config["questions"])


def probabilities(logits: NDArray[np.float32], questions: Sequence[HeadQuestion]) -> dict[str, NDArray[np.float32]]:
    """A softmax within each question: (n, all options) logits to (n, options) probabilities by the question's name."""
    found, start = {}, 0
    for question in questions:
        stop = start + len(question.options)
        scaled = logits[:, start:stop].astype(np.float64) / question.temperature
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        found[question.name] = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
        start = stop
    return found


def head_square(crop: Pixels, head: Fractions | None, side: int, *, loose: float = 1.0) -> Pixels:
    """The (side, side, 3) square around a head, ``loose`` times the usual size, its border repeated where the crop ends.

    Where no head was found, a square at the top of the figure: of an avatar that is the head, of a standing figure head and chest.
    """
    height, width = crop.shape[:2]
    if head is None:
        size = min(width, _TALL * height)
        return square_at(crop, (width / 2, size / 2), size, side)
    x0, y0, x1, y1 = head[0] * width, head[1] * height, head[2] * width, head[3] * height
    size = max(x1 - x0, y1 - y0, 1.0)
    return square_at(crop, ((x0 + x1) / 2, (y0 + y1) / 2 + _LOWER * size), _AROUND * loose * size, side)


def square_at(crop: Pixels, centre: tuple[float, float], size: float, side: int) -> Pixels:
    """The square of ``size`` pixels around ``centre``, scaled to (side, side, 3)."""
    # Shrunk first where it is much larger: a warp takes single pixels and would make noise of fine lines.
    shrink = min(1.0, 1.5 * side / size)
    x, y = centre
    if shrink < 1:
        # Only what the square needs, and a little around: most of a standing figure is not its head.
        reach = size / 2 + 4 / shrink
        left, top = max(0, int(x - reach)), max(0, int(y - reach))
        part = crop[top : int(y + reach) + 2, left : int(x + reach) + 2]
        if part.size:
            crop, x, y = part, x - left, y - top
        (height, width), small = crop.shape[:2], [max(1, round(length * shrink)) for length in crop.shape[1::-1]]
        crop = np.asarray(cv2.resize(crop, small, interpolation=cv2.INTER_AREA), np.uint8)
        across, down = small[0] / width, small[1] / height
    else:
        across = down = 1.0
    zoom, x, y = side / size, x * across, y * down
    matrix = np.array([[zoom / across, 0, side / 2 - zoom / across * x], [0, zoom / down, side / 2 - zoom / down * y]])
    return np.asarray(cv2.warpAffine(crop, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def figure_square(crop: Pixels, side: int) -> Pixels:
    """The whole figure fitted into (side, side, 3), centred on white."""
    height, width = crop.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    page = np.full((side, side, 3), 255, np.uint8)
    left, top = (side - size[0]) // 2, (side - size[1]) // 2
    small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    page[top : top + size[1], left : left + size[0]] = small
    return page


def as_input(squares: Sequence[Pixels]) -> NDArray[np.float32]:
    """(n, side, side, 3) uint8 squares as the network takes them: (n, 3, side, side) float32 around 0."""
    batch = (np.stack(squares).astype(np.float32) - _MEAN) / _STD
    return np.ascontiguousarray(batch.transpose(0, 3, 1, 2))


@lru_cache(maxsize=8)
def _sha256(path: Path, modified_ns: int) -> str:  # noqa: ARG001 - the time makes a changed file a new key
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# One is held: a run uses one profile.
@lru_cache(maxsize=1)
def _heads(settings_json: str, device: str) -> AttributeHeads:
    settings = HeadSettings.model_validate_json(settings_json)
    return MiniHeads(find_heads(settings), settings.batch, device)
