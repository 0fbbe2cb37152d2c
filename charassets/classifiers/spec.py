"""What a person asks for when they train a classifier: one frozen object, the same from CLI, settings, REST and app.

What belongs here: the request and its checks. Not here: carrying it out (``training``).
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from charassets.errors import UsageError
from charassets.models.classifier import METHODS
from charassets.models.feature_sets import chosen

NAME = re.compile(r"^[a-z][a-z0-9_]{0,39}$")
"""A classifier's name: it becomes a column."""

BINDINGS = ("duplicates", "character")
"""What may bind pictures to one side of the split."""


@dataclass(frozen=True)
class Spec:
    """One training.

    Attributes:
        name: of the classifier.
        label: ``folder``, a column of ``records``, or ``FILE:COLUMN`` of a table with ``record_id``, ``image_id`` or ``file``.
        method: ``logistic``, ``boosting`` or ``mlp``.
        features: feature sets it looks at.
        together: what binds pictures to one side of the split; duplicates always.
        seed: of the split and the fit.
        balance: count every class the same, however rare.
        shuffle_labels: a control: labels are dealt out anew, and the score has to fall to chance.
        attribute: attribute of the vocabulary that the answers are evidence of.
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
        if self.method not in METHODS:
            raise UsageError(
                f"there is no method {self.method!r}", where="method", todo=f"choose of {', '.join(METHODS)}"
            )
        unknown = sorted(set(self.together) - set(BINDINGS))
        if unknown:
            raise UsageError(f"nothing binds by {unknown[0]!r}", where="together", todo=f"of {', '.join(BINDINGS)}")
        if self.attribute is not None and self.attribute not in load().attributes:
            raise UsageError(f"there is no attribute {self.attribute!r}", where="attribute", todo="see the vocabulary")
        return replace(self, features=chosen(self.features))

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """What ``to_json`` answered; what another version had besides is passed over: its runs stay listed."""
        known = {one.name: content[one.name] for one in fields(cls) if one.name in content}
        return cls(**{**known, **{name: tuple(known[name]) for name in ("features", "together")}})
