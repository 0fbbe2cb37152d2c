"""A gallery: named characters, the pictures that show them, and the rules to recognise them by.

What belongs here: making one from its references, and asking it. Not here: keeping versions (``shelf``), and where references come
from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.errors import CharassetsError
from charassets.identity import references as kept
from charassets.identity.calibration import FUSED, MODES, WEIGHTS, Rule, Trial, tried
from charassets.identity.matching import Matcher, Queries, Scored
from charassets.identity.metric import Metric, cosine
from charassets.identity.prototypes import chosen
from charassets.identity.references import REFERENCES
from charassets.identity.traits import Answers, profiles
from charassets.settings import IdentitySettings

MOST_CANDIDATES = 5
"""Candidates kept of every picture."""


@dataclass(frozen=True, eq=False)
class Gallery:
    """Named characters.

    Attributes:
        names: the characters, sorted.
        references: rows of ``REFERENCES``.
        prototypes: int64, shape (p,): references that stand for their character, in the order of names, strangers last.
        model: the embedder of all vectors, as ``clip_embeddings`` names it.
        rules: mode to rule.
        trials: mode to what the leave-one-out trial showed.
    """

    names: tuple[str, ...]
    references: pa.Table
    prototypes: NDArray[np.int64]
    model: str
    rules: Mapping[str, Rule]
    trials: Mapping[str, Trial]

    @cached_property
    def owner(self) -> NDArray[np.int32]:
        """Shape (references,): the place of each one's name; those of nobody count on from there, each for itself."""
        place = {name: i for i, name in enumerate(self.names)}
        owner, strangers = np.empty(self.references.num_rows, np.int32), len(self.names)
        for row, name in enumerate(self.references["name"].to_pylist()):
            owner[row] = place.get(name, strangers)
            strangers += name not in place
        return owner

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return len(self.references["figure"][0].as_py()) // 2

    @cached_property
    def queries(self) -> Queries:
        """The references, as pictures to ask about."""
        figure, head = (kept.vectors(self.references, column, self.dim) for column in ("figure", "head"))
        return Queries(figure, head, kept.answers(self.references), self.owner, np.arange(len(figure)))

    def matcher(self, metric: Metric = cosine) -> Matcher:
        """The prototypes, ready to be searched."""
        everything = self.queries
        told = np.where(self.owner < len(self.names), self.owner, -1)
        return Matcher(
            everything.figure[self.prototypes],
            everything.head[self.prototypes],
            self.owner[self.prototypes],
            self.prototypes,
            profiles(everything.answers, told, len(self.names)),
            len(self.names),
            metric,
        )

    def name_of(self, character: int) -> str | None:
        """The name of a candidate; None for nobody."""
        return self.names[character] if 0 <= character < len(self.names) else None


def made(references: pa.Table, model: str, settings: IdentitySettings, metric: Metric = cosine) -> Gallery:
    """A gallery of these references, tried on itself.

    Args:
        references: rows of ``REFERENCES``, earlier ones first.
        model: the embedder of their vectors.
        settings: bounds, and the share of strangers that may be taken for somebody.
        metric: likeness of vectors.

    Raises:
        CharassetsError: there is nobody in it, or vectors of different lengths.
    """
    references = bounded(references.cast(REFERENCES), settings.references)
    names = tuple(sorted({name for name in references["name"].to_pylist() if name}))
    if not names:
        raise CharassetsError("a gallery without characters recognises nobody", where="gallery", todo="add characters")
    if len({len(cell) for cell in references["figure"].to_pylist()}) != 1:
        raise CharassetsError(
            "the references were embedded by different models",
            where="gallery",
            todo="remove the gallery and add it again",
        )
    bare = Gallery(names, references, np.empty(0, np.int64), model, {}, {})
    prototypes = chosen(bare.queries.figure, bare.owner, settings.prototypes)
    standing = Gallery(names, references, prototypes, model, {}, {})
    matcher = standing.matcher(metric)
    found = {mode: tried(matcher, standing.queries, WEIGHTS[mode], settings.accepted) for mode in MODES}
    return Gallery(
        names,
        references,
        prototypes,
        model,
        {m: r for m, (r, _) in found.items()},
        {m: t for m, (_, t) in found.items()},
    )


def bounded(references: pa.Table, most: int) -> pa.Table:
    """At most so many references a character, the latest first to stay: people's word comes after what was enrolled."""
    names = references["name"].to_pylist()
    left: dict[str, int] = {}
    stay = []
    for row in range(len(names) - 1, -1, -1):
        left[names[row]] = left.get(names[row], 0) + 1
        if left[names[row]] <= most:
            stay.append(row)
    return references.take(pa.array(stay[::-1], pa.int64()))


def asked(
    gallery: Gallery,
    matcher: Matcher,
    figure: NDArray[np.float32],
    head: NDArray[np.float32],
    answers: Answers,
    mode: str = FUSED,
) -> Scored:
    """The candidates of pictures from outside."""
    return matcher.match(Queries(figure, head, answers), gallery.rules[mode].weights, MOST_CANDIDATES)
