"""The contextual bandit that learns which strategy earns most where, its state kept as plain numbers.

What belongs here: teaching it, by all rewards at once or by one alone, and its way into and out of JSON. Not here: contexts
(``charassets.attributes.choice``) and rewards (``fusion_lessons``, ``reviews``).

The learner is mabwiser's LinUCB (Li et al., 2010). It keeps for every arm the sums of a ridge regression; with all arms rewarded it
is a cost-sensitive classifier, with one arm rewarded a bandit, and a person's review continues what held-back tags began.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charassets.attributes.choice import FEATURES
from charassets.attributes.strategies import STRATEGIES

ARMS = tuple(STRATEGIES)

_RIDGE = 1.0
_DIGITS = 9

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Bandit:
    """Sums of the ridge regression of every arm.

    Attributes:
        moments: (arms, features, features) sums of outer products of contexts, the ridge included.
        earned: (arms, features) sums of contexts times rewards.
        seen: (arms,) rewards each arm has seen.
    """

    moments: Floats
    earned: Floats
    seen: NDArray[np.int64]

    @classmethod
    def fresh(cls) -> "Bandit":
        """A bandit that has seen nothing."""
        width = len(FEATURES)
        ridge = np.broadcast_to(_RIDGE * np.identity(width), (len(ARMS), width, width)).copy()
        return cls(ridge, np.zeros((len(ARMS), width)), np.zeros(len(ARMS), np.int64))

    @property
    def coefficients(self) -> Floats:
        """(arms, features) expected reward by context."""
        return np.stack([np.linalg.solve(m, e) for m, e in zip(self.moments, self.earned, strict=True)])

    def taught(self, contexts: Floats, rewards: Floats) -> "Bandit":
        """With (n, features) contexts in which all arms' (n, arms) rewards are known."""
        arms = [arm for arm in ARMS for _ in range(len(contexts))]
        return self._after(arms, rewards.T.ravel(), np.tile(contexts, (len(ARMS), 1)))

    def reviewed(self, contexts: Floats, arms: Sequence[str], rewards: Floats) -> "Bandit":
        """With (n, features) contexts in which only the chosen arm's reward is known."""
        return self._after(list(arms), rewards, contexts) if len(arms) else self

    def to_json(self) -> dict[str, Any]:
        """Numbers and lists only."""
        return {
            "features": list(FEATURES),
            "arms": {
                arm: {
                    "moments": _rounded(self.moments[k]),
                    "earned": _rounded(self.earned[k]),
                    "seen": int(self.seen[k]),
                }
                for k, arm in enumerate(ARMS)
            },
        }

    @classmethod
    def from_json(cls, state: dict[str, Any]) -> "Bandit":
        """What ``to_json`` wrote.

        Raises:
            ValueError: it was written by another version, for other features or arms.
        """
        if state["features"] != list(FEATURES) or set(state["arms"]) != set(ARMS):
            raise ValueError("the bandit's state is of other features or arms")
        arms = [state["arms"][arm] for arm in ARMS]
        return cls(
            np.array([arm["moments"] for arm in arms], np.float64),
            np.array([arm["earned"] for arm in arms], np.float64),
            np.array([arm["seen"] for arm in arms], np.int64),
        )

    def _after(self, arms: list[str], rewards: Floats, contexts: Floats) -> "Bandit":
        learner = self._learner()
        learner.partial_fit(arms, rewards, contexts)
        models = [learner._imp.arm_to_model[arm] for arm in ARMS]  # noqa: SLF001
        seen = self.seen + np.array([arms.count(arm) for arm in ARMS])
        return Bandit(np.stack([m.A for m in models]), np.stack([m.Xty for m in models]), seen)

    def _learner(self) -> Any:  # noqa: ANN401 - mabwiser ships no types
        """A learner of mabwiser with these sums; it has no door of its own but pickle, which is never read here."""
        from mabwiser.mab import MAB, LearningPolicy

        learner: Any = MAB(list(ARMS), LearningPolicy.LinUCB(alpha=1.0, l2_lambda=_RIDGE), seed=0)
        nothing = np.zeros((len(ARMS), len(FEATURES)))
        learner.fit(list(ARMS), np.zeros(len(ARMS)), nothing)
        for k, arm in enumerate(ARMS):
            model = learner._imp.arm_to_model[arm]  # noqa: SLF001
            model.A, model.Xty = self.moments[k].copy(), self.earned[k].copy()
        return learner


def _rounded(values: Floats) -> list[Any]:
    return np.vectorize(lambda x: float(f"{x:.{_DIGITS}g}"))(values).tolist()
