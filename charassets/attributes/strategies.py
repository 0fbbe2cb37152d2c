"""The six named strategies: small pure functions from the same weighed evidence to the chance of every option.

What belongs here: how sources are counted against each other. Not here: what a score is worth (``witnesses``), which strategy is
used where (``choice``), when an answer is too weak to give (``fusion``).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from charassets.attributes.ballots import Flags
from charassets.attributes.witnesses import Weighed

Chances = NDArray[np.float64]
"""(n, options): the chance of each option. Of a single-valued attribute rows sum to 1 and abstaining is a 1 for ``Unknown``;
of a multi-valued one every option stands for itself."""

Strategy = Callable[[Weighed], Chances]

SURE_PICTURE = 0.8
"""From here on Conservative CLIP believes a picture that nobody's words describe."""

EAGER_PICTURE = 0.35
"""From here on Aggressive CLIP believes the loudest picture source, whatever words say."""

FIRM = 0.7
"""Words and picture, each this sure of another answer, make Uncertainty Aware say nothing."""

_TIE = 1e-9


def conservative_clip(weighed: Weighed) -> Chances:
    """Words; where they are silent the picture, if it is very sure."""
    picture = pooled(weighed, ~weighed.ballot.of_words)
    multi = weighed.ballot.attribute.multi
    sure = picture if multi else picture[:, :-1].max(axis=1, keepdims=True)
    return _words_or(weighed, np.where(sure >= SURE_PICTURE, picture, _nothing(weighed)))


def aggressive_clip(weighed: Weighed) -> Chances:
    """The loudest picture source as soon as it says anything in earnest; words where none does."""
    seen = ~weighed.ballot.of_words
    loudest = weighed.chances[:, :, seen].max(axis=2, initial=0.0)
    words = pooled(weighed, weighed.ballot.of_words)
    if weighed.ballot.attribute.multi:
        return np.where(loudest >= EAGER_PICTURE, loudest, words)
    picture = shares(weighed.weights[:, :, seen].max(axis=2, initial=0.0), weighed.ballot.closed)
    return np.where(loudest.max(axis=1, keepdims=True) >= EAGER_PICTURE, picture, words)


def tag_priority(weighed: Weighed) -> Chances:
    """Words wherever they say anything, else the picture."""
    return _words_or(weighed, pooled(weighed, ~weighed.ballot.of_words))


def visual_priority(weighed: Weighed) -> Chances:
    """The picture's sources together wherever they say anything, else words."""
    seen = ~weighed.ballot.of_words
    return np.where(speak(weighed, seen), pooled(weighed, seen), pooled(weighed, ~seen))


def ensemble_weighted(weighed: Weighed) -> Chances:
    """All sources as independent witnesses, each with the weight its record earned."""
    return pooled(weighed, np.ones(len(weighed.ballot.sources), np.bool_))


def uncertainty_aware(weighed: Weighed) -> Chances:
    """All sources, each counted for as much as it is certain; silent where words and picture are firm and disagree."""
    words = weighed.ballot.of_words
    together = _by_certainty(weighed)
    told, seen = pooled(weighed, words), pooled(weighed, ~words)
    if weighed.ballot.attribute.multi:
        return together
    firm = (told[:, :-1].max(axis=1) >= FIRM) & (seen[:, :-1].max(axis=1) >= FIRM)
    torn = firm & (told.argmax(axis=1) != seen.argmax(axis=1))
    return np.where(torn[:, None], _nothing(weighed), together)


STRATEGIES: Mapping[str, Strategy] = MappingProxyType(
    {
        "Conservative CLIP": conservative_clip,
        "Aggressive CLIP": aggressive_clip,
        "Tag Priority": tag_priority,
        "Visual Priority": visual_priority,
        "Ensemble Weighted": ensemble_weighted,
        "Uncertainty Aware": uncertainty_aware,
    }
)
"""The strategies by name, in the order in which ties between them are broken."""


def pooled(weighed: Weighed, sources: Flags) -> Chances:
    """The chances that some sources give together: weights add up; of a multi-valued attribute doubts multiply.

    Args:
        weighed: the evidence.
        sources: (k,) bool.
    """
    if weighed.ballot.attribute.multi:
        return 1.0 - (1.0 - weighed.chances[:, :, sources]).prod(axis=2)
    return shares(weighed.weights[:, :, sources].sum(axis=2), weighed.ballot.closed)


def answers(chances: Chances, *, multi: bool, least: float = 0.5) -> Flags:
    """(n, options) bool: what is said by chances: the likeliest option, or all that are likely enough."""
    if multi:
        return chances >= least
    best = chances.argmax(axis=1)
    return np.arange(chances.shape[1])[None, :] == best[:, None]


def _by_certainty(weighed: Weighed) -> Chances:
    if weighed.ballot.attribute.multi:
        return 1.0 - (1.0 - weighed.chances * np.abs(2 * weighed.chances - 1)).prod(axis=2)
    total = np.zeros(weighed.weights.shape[:2])
    for source in range(weighed.weights.shape[2]):
        own = weighed.weights[:, :, source]
        total += certainty(shares(own, weighed.ballot.closed))[:, None] * own
    return shares(total, weighed.ballot.closed)


def certainty(shares: Chances) -> NDArray[np.float64]:
    """(n,) 1 where one option has every chance, 0 where all are alike: one minus the entropy over its maximum."""
    logs = np.log(np.maximum(shares, 1e-12))
    return 1.0 + (shares * logs).sum(axis=1) / np.log(shares.shape[1])


def _words_or(weighed: Weighed, otherwise: Chances) -> Chances:
    words = weighed.ballot.of_words
    return np.where(speak(weighed, words), pooled(weighed, words), otherwise)


def speak(weighed: Weighed, sources: Flags) -> Flags:
    """Where some sources say anything: (n, 1) of a single-valued attribute, (n, options) of a multi-valued one."""
    spoken = weighed.chances[:, :, sources].max(axis=2, initial=0.0)
    return (spoken if weighed.ballot.attribute.multi else spoken.max(axis=1, keepdims=True)) > 0


def _nothing(weighed: Weighed) -> Chances:
    """Abstaining."""
    silent = np.zeros(weighed.weights.shape[:2])
    if not weighed.ballot.attribute.multi:
        silent[:, -1] = 1.0
    return silent


def shares(weights: NDArray[np.float64], closed: Flags) -> Chances:
    """A softmax over the options that are open; ``Unknown`` always is."""
    open_weights = np.where(closed, -np.inf, weights)
    open_weights[:, -1] += _TIE  # where nothing speaks for anything, nothing is said
    powers = np.exp(open_weights - open_weights.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
