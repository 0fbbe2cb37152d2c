"""Whom a picture may show: candidates from an index of prototypes, and a score for each.

What belongs here: the search and the scores. Not here: from which score on a candidate is believed (``calibration``).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from charassets.identity.metric import Metric
from charassets.identity.traits import Answers, Profiles, support

NOBODY = -1
"""No candidate; also the owner of references that show nobody of the gallery."""

_BLOCK = 32  # pictures whose candidates' prototypes are held at a time: 70 MB at 512 numbers each, at the very most


@dataclass(frozen=True)
class Weights:
    """What a candidate's evidence counts, in natural log-odds: the score is their sum.

    Attributes:
        figure: of a likeness of 1 of the whole figure.
        head: the same of the head; what only one of the two pictures shows counts nothing.
        traits: of a natural log-odd of the attributes.
    """

    figure: float
    head: float
    traits: float


@dataclass(frozen=True, eq=False)
class Queries:
    """Pictures that are asked about.

    Attributes:
        figure: float32, shape (n, d), unit norm: embeddings of the figures.
        head: the same of their heads; zero where none was seen.
        answers: their attributes.
        own: int32, shape (n,): where they are references themselves, whose; None for pictures from outside.
        row: int64, shape (n,): then also which reference.
    """

    figure: NDArray[np.float32]
    head: NDArray[np.float32]
    answers: Answers
    own: NDArray[np.integer] | None = None
    row: NDArray[np.integer] | None = None

    def __len__(self) -> int:
        """Pictures."""
        return len(self.figure)

    def part(self, places: slice) -> "Queries":
        """Some of them."""
        own = None if self.own is None else self.own[places]
        row = None if self.row is None else self.row[places]
        answers = Answers(self.answers.value[places], self.answers.confidence[places])
        return Queries(self.figure[places], self.head[places], answers, own, row)


@dataclass(frozen=True, eq=False)
class Scored:
    """The candidates of n pictures, best first.

    Attributes:
        character: int32, shape (n, m); -1 where there are fewer.
        score: float32, shape (n, m): natural log-odds up to a constant; -inf where there is no candidate.
        figure: likeness of the figure. head: of the head, nan where not compared. traits: log-odds of the attributes.
    """

    character: NDArray[np.int32]
    score: NDArray[np.float32]
    figure: NDArray[np.float32]
    head: NDArray[np.float32]
    traits: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Matcher:
    """Prototypes of characters, ready to be searched.

    Attributes:
        figure: float32, shape (p, d), unit norm.
        head: the same of the heads; zero where there is none.
        owner: int32, shape (p,): the character of each, ascending; then those that show nobody of the gallery, each for itself.
            They are candidates like others: who is nearest to one of them is a stranger.
        row: int64, shape (p,): the reference each is.
        profiles: of the characters.
        characters: how many.
        metric: likeness of candidates.
        searched: prototypes looked up for each picture.
        votes: of a character's prototypes found, the best that vote; the likeness is their mean.
    """

    figure: NDArray[np.float32]
    head: NDArray[np.float32]
    owner: NDArray[np.int32]
    row: NDArray[np.int64]
    profiles: Profiles
    characters: int
    metric: Metric
    searched: int = 64
    votes: int = 2

    def match(self, queries: Queries, weights: Weights, most: int, *, strangers: bool = False) -> Scored:
        """Score the candidates of every picture.

        Args:
            queries: the pictures.
            weights: what their evidence counts.
            most: candidates kept.
            strangers: the pictures are references; ask as if their own character were not in the gallery.
        """
        found = [
            self._match(queries.part(slice(i, i + _BLOCK)), weights, most, strangers) for i in self._starts(queries)
        ]
        return Scored(*(np.concatenate([getattr(s, name) for s in found]) for name in Scored.__dataclass_fields__))

    def _starts(self, queries: Queries) -> range:
        return range(0, max(1, len(queries)), _BLOCK)

    def _match(self, queries: Queries, weights: Weights, most: int, strangers: bool) -> Scored:
        who = self._candidates(queries)
        if strangers and queries.own is not None:
            who = np.where(who == queries.own[:, None], NOBODY, who)
        figure = self._likeness(queries.figure, self.figure, who, queries.row)
        head = self._likeness(queries.head, self.head, who, queries.row)
        named = np.where(who < self.characters, who, NOBODY)
        traits = support(queries.answers, self.profiles, named, queries.own)
        score = weights.figure * figure + weights.traits * traits
        known = np.isfinite(figure)
        mean = np.where(known, figure, 0).sum(axis=1, keepdims=True) / np.maximum(known.sum(axis=1, keepdims=True), 1)
        score += weights.head * np.where(np.isnan(head), mean, head)  # a head nobody saw speaks for none of them
        score = np.where((who < 0) | np.isnan(score), -np.inf, score).astype(np.float32)
        order = np.argsort(-score, axis=1, kind="stable")[:, :most]
        place = ((0, 0), (0, most - order.shape[1]))

        def kept(values: NDArray[np.float32], fill: float) -> NDArray[np.float32]:
            return np.pad(np.take_along_axis(values, order, axis=1), place, constant_values=fill)

        chosen = np.pad(np.take_along_axis(who, order, axis=1), place, constant_values=NOBODY)
        return Scored(chosen, kept(score, -np.inf), kept(figure, np.nan), kept(head, np.nan), kept(traits, 0))

    def _candidates(self, queries: Queries) -> NDArray[np.int32]:
        """Characters of the nearest prototypes by figure or head, (n, m), each once; -1 where there are fewer."""
        if not len(self.owner):
            return np.full((len(queries), 1), NOBODY, np.int32)
        near = [self._owners(self._figure_index, queries.figure)]
        if self.head.any():
            seen = queries.head.any(axis=1, keepdims=True)
            near.append(np.where(seen, self._owners(self._head_index, queries.head), NOBODY))
        together = np.sort(np.concatenate(near, axis=1), axis=1)[:, ::-1]
        together[:, 1:][together[:, 1:] == together[:, :-1]] = NOBODY
        width = max(1, int((together >= 0).sum(axis=1).max(initial=1)))
        return np.sort(together, axis=1)[:, ::-1][:, :width].astype(np.int32)

    def _owners(self, index: object, vectors: NDArray[np.float32]) -> NDArray[np.int32]:
        _, near = index.search(np.ascontiguousarray(vectors, np.float32), min(self.searched, len(self.owner)))  # pyright: ignore[reportAttributeAccessIssue]
        return np.where(near < 0, NOBODY, self.owner[near])

    @cached_property
    def _figure_index(self) -> object:
        return _index(self.figure)

    @cached_property
    def _head_index(self) -> object:
        return _index(self.head)

    @cached_property
    def _places(self) -> NDArray[np.int64]:
        """Prototypes of every owner, (owners + 1, most); -1 where there are fewer, and all along the last row."""
        counts = np.bincount(self.owner, minlength=self.characters)
        places = np.full((len(counts) + 1, max(1, int(counts.max(initial=1)))), -1)
        rank = np.arange(len(self.owner)) - np.repeat(np.cumsum(counts) - counts, counts)
        places[self.owner, rank] = np.arange(len(self.owner))
        return places

    def _likeness(
        self,
        query: NDArray[np.float32],
        prototypes: NDArray[np.float32],
        who: NDArray[np.int32],
        row: NDArray[np.integer] | None,
    ) -> NDArray[np.float32]:
        """The mean of the best votes of each candidate; nan where nothing can be compared."""
        n, m = who.shape
        places = self._places[who].reshape(n, -1)
        vectors = prototypes[places]
        likeness = self.metric(query, vectors)
        absent = (places < 0) | ~vectors.any(axis=2) | ~np.any(query, axis=1, keepdims=True)
        if row is not None:
            absent |= self.row[places] == row[:, None]  # no reference votes for itself
        likeness = np.sort(np.where(absent, -np.inf, likeness).reshape(n, m, -1), axis=2)[..., ::-1]
        best = likeness[..., : self.votes]
        counted = np.isfinite(best)
        total = np.where(counted, best, 0).sum(axis=2)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = total / counted.sum(axis=2)
        return np.where(who < 0, np.nan, mean).astype(np.float32)


def _index(vectors: NDArray[np.float32]) -> object:
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors, np.float32))  # pyright: ignore[reportCallIssue]
    return index
