"""Remakes all the mini models from a seed: detector, embedder, heads, one after the other, each with checkpoints and resume.

What belongs here: the order and the shares of time. Not here: how a model is trained, and putting it on the shelf (``shipping``),
which somebody does who has read the scorecard.

    charassets train mini --out build/mini --data ../shared/data
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from charassets.training import detector, embedder, heads

_SHARES = {"detector": 0.45, "embedder": 0.3, "heads": 0.25}
"""Of the processor time; the detector is slowest to learn and everything else hangs on its boxes."""


@dataclass(frozen=True)
class Pools:
    """Drawings made to learn from: scenes, characters in four pictures each, characters."""

    scenes: int = 5000
    identities: int = 5000
    figures: int = 20_000

    def scaled(self, share: float) -> "Pools":
        """A share of each, a handful at least."""
        return Pools(*(max(8, round(share * number)) for number in (self.scenes, self.identities, self.figures)))


@dataclass(frozen=True)
class MiniModels:
    """What training leaves: ``detector.pt``, and the folders of embedder and heads."""

    detector: Path
    embedder: Path
    heads: Path


def train(out: Path, minutes: float, seed: int = 0, *, pools: Pools | None = None) -> MiniModels:
    """Train all three, going on where an interrupted run stopped; what is finished is not trained again.

    Args:
        out: folder of checkpoints and results.
        minutes: processor time in all, summed over threads; drawing is not counted.
        seed: of characters, scenes, augmentation and initial weights.
        pools: how much is drawn.
    """
    pools = pools or Pools()
    time = {name: share * minutes for name, share in _SHARES.items()}
    _tell(f"detector: {time['detector']:.0f} minutes")
    figures = detector.train(out / "detector", time["detector"], seed, scenes=pools.scenes)
    _tell(f"embedder: {time['embedder']:.0f} minutes")
    vectors = embedder.train(out / "embedder", time["embedder"], seed, identities=pools.identities)
    _tell(f"heads: {time['heads']:.0f} minutes")
    return MiniModels(figures, vectors, heads.train(out / "heads", time["heads"], seed, figures=pools.figures))


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")
