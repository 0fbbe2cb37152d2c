"""Trains the attribute heads on studio figures, then fits their temperatures on characters they never saw.

What belongs here: the loop, the calibration, the export. Not here: what is asked (``head_lessons``), the layers, and the
thresholds, which real art decides (``thresholds``).

    python -m charassets.training.heads --minutes 15 --out build/heads
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from charassets.models.heads import HeadQuestion, as_input
from charassets.training.drawing import DrawnFigure, draw_all, drawn_figure
from charassets.training.head_lessons import head_labels, head_questions, lesson
from charassets.training.loop import Recipe, device_here, fit
from charassets.training.priors import shift

if TYPE_CHECKING:
    import torch

SIDE = 80  # px of both squares; on heads of 80 px a second of training gained the most
_DRAWN = 160  # px of the drawings of busts they are cut from
_RECIPE = Recipe(peak_rate=2e-3, warmup_steps=80, weight_decay=0.03, betas=(0.9, 0.98), clip=2.0)
_FIRST_IDENTITY, _FIRST_UNSEEN = 10_000_000, 3_000_000  # measuring uses seeds below both
_TEMPERATURES = np.exp(np.linspace(np.log(0.4), np.log(3.0), 53))


class _Lessons:
    """Every question about figures of a pool; see ``charassets.training.loop.Learner``."""

    def __init__(
        self,
        network: "torch.nn.Module",
        pool: Sequence[DrawnFigure],
        asked: tuple[HeadQuestion, ...],
        batch: int,
        device: "torch.device",
    ) -> None:
        self._network, self._pool, self._asked, self._batch, self._device = network, pool, asked, batch, device
        self._truth = np.stack([head_labels(figure, asked) for figure in pool])
        self._weights = [weight.to(device) for weight in _class_weights(self._truth, asked)]

    def modules(self) -> Mapping[str, "torch.nn.Module"]:
        """The network."""
        return {"network": self._network}

    def stepped(self, step: int) -> None:
        """Nothing but the network changes."""

    def shares(self) -> list[NDArray[np.float64]]:
        """For each question the share of every option in what is learnt, class weights included."""
        return [_shares(self._truth[:, k], self._weights[k].cpu().numpy()) for k in range(len(self._asked))]

    def lesson(self, rng: np.random.Generator) -> tuple["torch.Tensor", str]:
        """Some figures of the pool, each looked at anew."""
        import torch

        chosen = rng.choice(len(self._pool), self._batch, replace=len(self._pool) < self._batch)
        heads, bodies = (tensor.to(self._device) for tensor in _batch([self._pool[k] for k in chosen], rng))
        with torch.autocast(self._device.type, dtype=torch.bfloat16):
            logits = self._network(heads, bodies)
        right = torch.from_numpy(self._truth[chosen]).to(self._device)
        loss = _loss(logits.float(), right, self._asked, self._weights)
        return loss, f"loss {loss:.3f}"


def train(
    out: Path,
    minutes: float,
    seed: int = 0,
    *,
    figures: int = 20_000,
    unseen: int = 800,
    batch: int = 96,
    start: Path | None = None,
) -> Path:
    """Train for ``minutes`` of processor time, going on from the checkpoint in ``out`` if there is one.

    Args:
        out: folder of the checkpoint and of the result.
        minutes: training time in all, earlier runs included; drawing is not counted.
        seed: of characters, augmentation and initial weights.
        figures: characters drawn to learn from.
        unseen: further characters, to fit the temperatures on.
        batch: figures a step.
        start: folder of finished heads to begin from instead of random weights.

    Returns:
        Folder of the finished heads; no answer may decide anything before ``thresholds`` has allowed it.
    """
    import torch

    from charassets.models.mini_heads import HeadsNetwork

    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    device, asked = device_here(), head_questions()
    network = HeadsNetwork(SIDE, [len(q.options) for q in asked])
    if start is not None:
        network.load_state_dict(_weights_of(start))
    network = network.to(device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    first = _FIRST_IDENTITY + seed * figures
    pool: list[DrawnFigure] = draw_all(drawn_figure, ((first + k, _DRAWN) for k in range(figures)))
    lessons = _Lessons(network, pool, asked, batch, device)
    fit(lessons, _RECIPE, out, minutes, seed)
    held_out: list[DrawnFigure] = draw_all(drawn_figure, ((_FIRST_UNSEEN + k, _DRAWN) for k in range(unseen)))
    calibrated = _calibrated(network.eval(), asked, held_out, device)
    _expect(network, calibrated, lessons.shares())
    return save(network, calibrated, out / "heads")


def _shares(truth: NDArray[np.int64], weights: NDArray[np.float32]) -> NDArray[np.float64]:
    seen = np.bincount(truth[truth >= 0], minlength=len(weights)) * weights.astype(np.float64)
    return seen / max(seen.sum(), 1e-9)


def _expect(
    network: "torch.nn.Module", questions: Sequence[HeadQuestion], trained: Sequence[NDArray[np.float64]]
) -> None:
    """Make the network expect values as often as the world has them: its last biases move, whatever the picture."""
    import torch

    moved = [q.temperature * shift(q, shares) for q, shares in zip(questions, trained, strict=True)]
    last = network.get_submodule("answer")
    with torch.no_grad():
        last.get_parameter("bias").add_(torch.from_numpy(np.concatenate(moved)).to(next(last.parameters())))


def _weights_of(folder: Path) -> "dict[str, torch.Tensor]":
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


def _batch(figures: Sequence[DrawnFigure], rng: np.random.Generator) -> tuple["torch.Tensor", "torch.Tensor"]:
    import torch

    heads, bodies = zip(*(lesson(figure, SIDE, rng) for figure in figures), strict=True)
    layout = torch.channels_last
    return (
        torch.from_numpy(as_input(heads)).contiguous(memory_format=layout),
        torch.from_numpy(as_input(bodies)).contiguous(memory_format=layout),
    )


def _class_weights(truth: NDArray[np.int64], asked: Sequence[HeadQuestion]) -> list["torch.Tensor"]:
    """Inverse square root of the frequency, mean 1: rare answers count more, but not so much that they are guessed."""
    import torch

    found = []
    for k, question in enumerate(asked):
        known = truth[:, k][truth[:, k] >= 0]
        frequency = np.bincount(known, minlength=len(question.options)) / max(1, len(known))
        weight = np.where(frequency > 0, 1 / np.sqrt(np.maximum(frequency, 3e-3)), 0.0)
        found.append(torch.from_numpy(weight / max(weight[frequency > 0].mean(), 1e-9)).float())
    return found


def _loss(
    logits: "torch.Tensor", truth: "torch.Tensor", asked: Sequence[HeadQuestion], weights: Sequence["torch.Tensor"]
) -> "torch.Tensor":
    """Mean weighted cross-entropy over the questions that the batch answers."""
    from torch.nn import functional

    losses, start = [], 0
    for k, question in enumerate(asked):
        stop = start + len(question.options)
        if (truth[:, k] >= 0).any():
            answers = logits[:, start:stop]
            losses.append(functional.cross_entropy(answers, truth[:, k], weights[k], label_smoothing=0.03))
        start = stop
    return sum(losses) / len(losses)  # pyright: ignore[reportReturnType]


def _calibrated(
    network: "torch.nn.Module", asked: tuple[HeadQuestion, ...], figures: Sequence[DrawnFigure], device: "torch.device"
) -> tuple[HeadQuestion, ...]:
    """The questions with the temperatures of least surprise (Guo et al., 2017) on figures the network never saw."""
    import torch

    rng = np.random.default_rng(0)
    logits = []
    for first in range(0, len(figures), 64):
        with torch.inference_mode():
            logits.append(network(*(t.to(device) for t in _batch(figures[first : first + 64], rng))).float().cpu())
    truth = np.stack([head_labels(figure, asked) for figure in figures])
    scores, found, start = torch.cat(logits), [], 0
    for k, question in enumerate(asked):
        stop = start + len(question.options)
        known = torch.from_numpy(np.flatnonzero(truth[:, k] >= 0))
        answers, right = scores[known][:, start:stop], torch.from_numpy(truth[:, k])[known]
        surprise = [torch.nn.functional.cross_entropy(answers / t, right).item() for t in _TEMPERATURES]
        found.append(replace(question, temperature=round(float(_TEMPERATURES[int(np.argmin(surprise))]), 3)))
        start = stop
    return tuple(found)


def save(network: "torch.nn.Module", questions: Sequence[HeadQuestion], folder: Path) -> Path:
    """Write weights in half precision, and the questions, as ``charassets.models.heads`` reads them."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.half().cpu().contiguous() for name, tensor in network.state_dict().items()}
    save_file(state, folder / "model.safetensors")
    return write_questions(questions, folder)


def write_questions(questions: Sequence[HeadQuestion], folder: Path) -> Path:
    """Write ``config.json``."""
    config = {"model_type": "charassets_mini_heads", "side": SIDE, "questions": [asdict(q) for q in questions]}
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    return folder


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=train.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--figures", type=int, default=20_000)
    parser.add_argument("--start", type=Path, help="finished heads to begin from")
    given = parser.parse_args()
    train(given.out, given.minutes, given.seed, figures=given.figures, start=given.start)


if __name__ == "__main__":
    main()
