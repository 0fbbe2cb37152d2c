"""The network behind the shipped attribute heads: one trunk looks at the head, a narrower one at the whole figure.

What belongs here: the layers. Not here: cutting pictures, loading, what the answers are called (``heads``).
torch is imported at module level because the classes derive from its; therefore nothing may import this module at module level.
"""

from collections.abc import Sequence

import torch  # noqa: TID253 - see above
from torch import Tensor, nn  # noqa: TID253 - see above

HEAD_WIDTHS = (32, 64, 128, 256)
"""Channels of the head's trunk after the stem and the three stages; the picture is halved at each."""

FIGURE_WIDTHS = (16, 32, 64, 128)
"""The same of the figure's trunk: nearly everything that is asked is seen on the head."""

_PLACED = 32  # channels of the map that keeps places
_HIDDEN = 256


class _Block(nn.Module):
    """Two 3x3 convolutions with a shortcut (He et al., 2016), halving the picture."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(channels, out, 3, 2, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out))
        self.shortcut = nn.Sequential(nn.Conv2d(channels, out, 1, 2, bias=False), nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.second(self.first(x)) + self.shortcut(x))


class _Trunk(nn.Module):
    """A square to one vector: what is anywhere (the mean), and what is where (a narrow map kept in place)."""

    def __init__(self, side: int, widths: Sequence[int]) -> None:
        super().__init__()
        stem, *stages = widths
        layers: list[nn.Module] = [nn.Conv2d(3, stem, 3, 2, 1, bias=False), nn.BatchNorm2d(stem), nn.ReLU()]
        for channels, out in zip(widths, stages, strict=False):
            layers.append(_Block(channels, out))
        self.layers = nn.Sequential(*layers)
        last = widths[-1]
        self.place = nn.Sequential(nn.Conv2d(last, _PLACED, 1, bias=False), nn.BatchNorm2d(_PLACED), nn.ReLU())
        self.features = last + _PLACED * (side // 2 ** len(widths)) ** 2

    def forward(self, x: Tensor) -> Tensor:
        x = self.layers(x)
        return torch.cat([x.mean((2, 3)), self.place(x).flatten(1)], dim=1)


class HeadsNetwork(nn.Module):
    """Answers every question about a figure from two squares: its head, and all of it.

    Args:
        side: pixels of a square, a multiple of 16.
        options: how many options each question has.
    """

    def __init__(self, side: int, options: Sequence[int]) -> None:
        super().__init__()
        self.head, self.figure = _Trunk(side, HEAD_WIDTHS), _Trunk(side, FIGURE_WIDTHS)
        features = self.head.features + self.figure.features
        self.mix = nn.Sequential(nn.Linear(features, _HIDDEN), nn.ReLU(), nn.Dropout(0.1))
        self.answer = nn.Linear(_HIDDEN, sum(options))

    def forward(self, heads: Tensor, figures: Tensor) -> Tensor:
        """Logits ``(n, options of all questions)`` of ``(n, 3, side, side)`` heads and figures."""
        return self.answer(self.mix(torch.cat([self.head(heads), self.figure(figures)], dim=1)))
