"""What a person asks for when they train a classifier: one frozen object, the same from CLI, settings, REST and app.

What belongs here: the request and its checks. Not here: carrying it out (``training``).
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from charassets.errors import UsageError
from charassets.models.backbones import MINI
from charassets.models.classifier import METHODS
from charassets.models.feature_sets import chosen
from charassets.models.tuned import FIGURE, FINETUNE, LOOKS, PIXELS

NAME = re.compile(r"^[a-z][a-z0-9_]{0,39}$")
"""A classifier's name: it becomes a column."""

BINDINGS = ("duplicates", "character")
"""What may bind pictures to one side of the split."""


ALL_METHODS = (*METHODS, FINETUNE)
"""What ``Spec.method`` may be."""


@dataclass(frozen=True)
class Tuning:
    """How a backbone is fine-tuned.

    Attributes:
        backbone: see ``charassets.models.backbones``. revision: commit of a hub id.
        look: what of a crop it looks at, ``figure`` or ``head``.
        epochs: at most; 0 stops after the linear probe. patience: epochs without a better one before it ends.
        batch: pictures a step, over all processes. rate: peak learning rate; None chooses by the kind of backbone.
        lora: rank of the adapters; 0 trains the whole network.
    """

    backbone: str = MINI
    revision: str | None = None
    look: str = FIGURE
    epochs: int = 20
    patience: int = 5
    batch: int = 32
    rate: float | None = None
    lora: int = 0

    def checked(self) -> "Tuning":
        """The same, if it makes sense.

        Raises:
            UsageError: it does not.
        """
        if self.look not in LOOKS:
            raise UsageError(f"nothing looks at {self.look!r}", where="look", todo=f"choose of {', '.join(LOOKS)}")
        limits = {"epochs": (0, 1000), "patience": (1, 1000), "batch": (1, 4096), "lora": (0, 256)}
        for name, (low, high) in limits.items():
            if not low <= getattr(self, name) <= high:
                raise UsageError(f"{name} is {getattr(self, name)}", where=name, todo=f"between {low} and {high}")
        if self.rate is not None and not 0 < self.rate < 1:
            raise UsageError(f"rate is {self.rate}", where="rate", todo="between 0 and 1, e.g. 0.0003")
        return self


@dataclass(frozen=True)
class Spec:
    """One training.

    Attributes:
        name: of the classifier.
        label: ``folder``, a column of ``records``, or ``FILE:COLUMN`` of a table with ``record_id``, ``image_id`` or ``file``.
        method: ``logistic``, ``boosting`` or ``mlp`` over feature sets, or ``finetune`` over pixels.
        features: feature sets it looks at; ``pixels`` alone where it is fine-tuned.
        together: what binds pictures to one side of the split; duplicates always.
        seed: of the split and the fit.
        balance: count every class the same, however rare.
        shuffle_labels: a control: labels are dealt out anew, and the score has to fall to chance.
        attribute: attribute of the vocabulary that the answers are evidence of.
        tuning: how, where it is fine-tuned.
    """

    name: str
    label: str
    method: str = "boosting"
    features: tuple[str, ...] = ("design", "clip")
    together: tuple[str, ...] = BINDINGS
    seed: int = 0
    balance: bool = True
    shuffle_labels: bool = False
    attribute: str | None = None
    tuning: Tuning = Tuning()

    def checked(self) -> "Spec":
        """The same, if it makes sense.

        Raises:
            UsageError: it does not.
        """
        from charassets.attributes.vocabulary import load

        if not NAME.match(self.name):
            raise UsageError(
                f"{self.name!r} is no name for a classifier",
                where="name",
                todo="lower-case letters, digits and _, a letter first, at most 40",
            )
        if self.method not in ALL_METHODS:
            raise UsageError(
                f"there is no method {self.method!r}", where="method", todo=f"choose of {', '.join(ALL_METHODS)}"
            )
        unknown = sorted(set(self.together) - set(BINDINGS))
        if unknown:
            raise UsageError(f"nothing binds by {unknown[0]!r}", where="together", todo=f"of {', '.join(BINDINGS)}")
        if self.attribute is not None and self.attribute not in load().attributes:
            raise UsageError(f"there is no attribute {self.attribute!r}", where="attribute", todo="see the vocabulary")
        if self.method == FINETUNE:
            return replace(self, features=(PIXELS,), tuning=self.tuning.checked())
        return replace(self, features=chosen(self.features))

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """What ``to_json`` answered; what another version had besides is passed over: its runs stay listed."""
        known = {one.name: content[one.name] for one in fields(cls) if one.name in content}
        given = known.pop("tuning", {})
        tuning = Tuning(**{one.name: given[one.name] for one in fields(Tuning) if one.name in given})
        return cls(**{**known, **{name: tuple(known[name]) for name in ("features", "together")}}, tuning=tuning)
