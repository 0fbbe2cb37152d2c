"""Trains the attribute heads on studio figures, then fits their temperatures on characters they never saw.

What belongs here: the loop, the calibration, the export. Not here: what is asked (``head_lessons``), the layers, and the
thresholds, which real art decides (``thresholds``).

    python -m charassets.training.heads --minutes 15 --out build/heads
"""

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from charassets.models.heads import HeadQuestion, as_input
from charassets.training.budget import Budget
from charassets.training.drawing import DrawnFigure, draw_all, drawn_figure
from charassets.training.head_lessons import head_labels, head_questions, lesson

if TYPE_CHECKING:
    import torch

SIDE = 80  # px of both squares; on heads of 80 px a second of training gained the most
_DRAWN = 160  # px of the drawings they are cut from
_PEAK_RATE, _WARMUP_STEPS, _WEIGHT_DECAY = 2e-3, 80, 0.03
_FIRST_IDENTITY, _FIRST_UNSEEN = 10_000_000, 3_000_000  # measuring uses seeds below both
_TEMPERATURES = np.exp(np.linspace(np.log(0.4), np.log(3.0), 53))


def train(
    out: Path, minutes: float, seed: int = 0, *, figures: int = 12_000, unseen: int = 800, batch: int = 96
) -> Path:
    """Train for ``minutes`` of processor time, going on from the checkpoint in ``out`` if there is one.

    Args:
        out: folder of the checkpoint and of the result.
        minutes: training time in all, earlier runs included; drawing is not counted.
        seed: of characters, augmentation and initial weights.
        figures: characters drawn to learn from.
        unseen: further characters, to fit the temperatures on.
        batch: figures a step.

    Returns:
        Folder of the finished heads; no answer may decide anything before ``thresholds`` has allowed it.
    """
    import torch

    from charassets.models.mini_heads import HeadsNetwork

    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    asked = head_questions()
    network = HeadsNetwork(SIDE, [len(q.options) for q in asked]).to(device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    optimizer = torch.optim.AdamW(network.parameters(), lr=_PEAK_RATE, weight_decay=_WEIGHT_DECAY, betas=(0.9, 0.98))
    budget, step, checkpoint = Budget(minutes * 60), 0, out / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=device, weights_only=True)
        network.load_state_dict(saved["network"])
        optimizer.load_state_dict(saved["optimizer"])
        step, budget.spent = saved["step"], saved["spent"]
    first = _FIRST_IDENTITY + seed * figures
    pool: list[DrawnFigure] = draw_all(drawn_figure, ((first + k, _DRAWN) for k in range(figures)))
    truth = np.stack([head_labels(figure, asked) for figure in pool])
    weights = [weight.to(device) for weight in _class_weights(truth, asked)]
    rng = np.random.default_rng([seed, step])
    network.train()
    budget.start()
    while budget.share < 1:
        rate = _PEAK_RATE * min(1, (step + 1) / _WARMUP_STEPS) * (0.5 + 0.5 * math.cos(math.pi * budget.share) + 0.005)
        for group in optimizer.param_groups:
            group["lr"] = rate
        chosen = rng.choice(figures, batch, replace=figures < batch)
        heads, bodies = (tensor.to(device) for tensor in _batch([pool[k] for k in chosen], rng))
        with torch.autocast(device.type, dtype=torch.bfloat16):
            logits = network(heads, bodies)
        loss = _loss(logits.float(), torch.from_numpy(truth[chosen]).to(device), asked, weights)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimizer.step()
        step += 1
        budget.tell(f"step {step}  loss {loss:.3f}")
        if budget.save_due() or budget.share >= 1:
            state = {"network": network.state_dict(), "optimizer": optimizer.state_dict()}
            state |= {"step": step, "spent": budget.elapsed}
            torch.save(state, checkpoint.with_suffix(".tmp"))
            checkpoint.with_suffix(".tmp").replace(checkpoint)
    network.eval()
    held_out: list[DrawnFigure] = draw_all(drawn_figure, ((_FIRST_UNSEEN + k, _DRAWN) for k in range(unseen)))
    return save(network, _calibrated(network, asked, held_out, device), out / "heads")


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
    parser.add_argument("--figures", type=int, default=12_000)
    given = parser.parse_args()
    train(given.out, given.minutes, given.seed, figures=given.figures)


if __name__ == "__main__":
    main()
