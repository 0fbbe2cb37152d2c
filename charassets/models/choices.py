"""Constrained answers of generative models: how likely each allowed answer is, and nothing else can be said.

What belongs here: log-likelihoods of answers after a prompt. Not here: prompts, and what the answers
mean (``charassets.attributes``).

Nothing is generated and then parsed: an answer outside the list cannot come up, and the probabilities of the list compare its
members with each other only.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch


def answer_scores(
    logits: "torch.Tensor", ids: "torch.Tensor", mask: "torch.Tensor", starts: Sequence[int]
) -> NDArray[np.float64]:
    """Mean log-likelihood a token of each answer; the mean, since a longer answer is not a less likely one.

    Args:
        logits: (n, length, words) of ``n`` sequences, prompt and answer, padded on the right.
        ids: (n, length) tokens.
        mask: (n, length) 1 where there is a token.
        starts: for each sequence the place of the answer's first token.

    Returns:
        (n,) scores, 0 at best.
    """
    import torch

    predicted = torch.log_softmax(logits[:, :-1].float(), dim=-1)
    told = predicted.gather(2, ids[:, 1:, None])[..., 0]
    places = torch.arange(1, ids.shape[1], device=ids.device)
    first = torch.tensor(list(starts), device=ids.device)[:, None]
    answer = (places >= first) & mask[:, 1:].bool()
    scores = (told * answer).sum(dim=1) / answer.sum(dim=1).clamp(min=1)
    return scores.double().cpu().numpy()


def chances(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities of the answers among themselves: a softmax of their scores."""
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()
