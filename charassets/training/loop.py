"""The loop every trainer runs: a rate that warms up and falls, clipped gradients, checkpoints, going on where a run stopped.

What belongs here: the steps and their bookkeeping. Not here: what is learnt (each trainer's learner), drawing, exporting.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from charassets.training.budget import Budget

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Recipe:
    """How fast a network is changed.

    Attributes:
        peak_rate: learning rate after the warm-up; it falls as a cosine to ``least`` of itself.
        warmup_steps: steps over which it rises. least: share of the peak that is left in the end.
        weight_decay, betas: of AdamW. clip: largest norm of a gradient.
    """

    peak_rate: float
    warmup_steps: int
    weight_decay: float
    betas: tuple[float, float]
    clip: float
    least: float = 0.005

    def rate(self, step: int, share: float) -> float:
        """Learning rate of a step, ``share`` (0..1) of the budget being spent."""
        warm = min(1.0, (step + 1) / self.warmup_steps)
        return self.peak_rate * warm * (0.5 + 0.5 * math.cos(math.pi * share) + self.least)


class Learner(Protocol):
    """What is trained, and what a step of it is."""

    def modules(self) -> Mapping[str, "torch.nn.Module"]:
        """Everything a checkpoint must hold, by name; ``network`` is what the optimizer changes."""
        ...

    def lesson(self, rng: np.random.Generator) -> tuple["torch.Tensor", str]:
        """The loss of one batch, and a few words on it for the terminal."""
        ...

    def stepped(self, step: int) -> None:
        """Called after every change of the network; ``step`` counts from 1, earlier runs included."""
        ...


def fit(learner: Learner, recipe: Recipe, out: Path, minutes: float, seed: int) -> None:
    """Train for ``minutes`` of processor time, earlier runs in ``out`` included; preparations are not counted.

    Args:
        learner: what is trained, changed in place.
        recipe: how.
        out: folder of ``checkpoint.pt``, written every minute and in the end; a run goes on from the one it finds there.
        minutes: processor time, summed over threads.
        seed: of batches and augmentation; a resumed run draws other ones than it has seen.
    """
    import torch

    network = learner.modules()["network"]
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=recipe.peak_rate, weight_decay=recipe.weight_decay, betas=recipe.betas
    )
    budget, step, checkpoint = Budget(minutes * 60), 0, out / "checkpoint.pt"
    if checkpoint.exists():
        step = _resume(learner, optimizer, budget, checkpoint)
    rng = np.random.default_rng([seed, step])
    network.train()
    budget.start()
    while budget.share < 1:
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate(step, budget.share)
        loss, told = learner.lesson(rng)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), recipe.clip)
        optimizer.step()
        step += 1
        learner.stepped(step)
        budget.tell(f"step {step}  {told}")
        if budget.save_due() or budget.share >= 1:
            _save(learner, optimizer, step, budget.elapsed, checkpoint)


def device_here() -> "torch.device":
    """A GPU if there is one."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _resume(learner: Learner, optimizer: "torch.optim.Optimizer", budget: Budget, checkpoint: Path) -> int:
    import torch

    saved = torch.load(checkpoint, map_location=device_here(), weights_only=True)
    for name, module in learner.modules().items():
        module.load_state_dict(saved[name])
    optimizer.load_state_dict(saved["optimizer"])
    budget.spent = saved["spent"]
    return int(saved["step"])


def _save(learner: Learner, optimizer: "torch.optim.Optimizer", step: int, spent: float, checkpoint: Path) -> None:
    import torch

    state = {name: module.state_dict() for name, module in learner.modules().items()}
    state |= {"optimizer": optimizer.state_dict(), "step": step, "spent": spent}
    # In two moves: a run killed while it writes leaves the checkpoint before.
    torch.save(state, checkpoint.with_suffix(".tmp"))
    checkpoint.with_suffix(".tmp").replace(checkpoint)
