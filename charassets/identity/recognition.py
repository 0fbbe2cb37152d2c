"""From what is known of pictures to names: the one answer that the stage, the command line and the server give.

What belongs here: putting drawings, embeddings and attributes together, and why a name is to be reviewed. Not here: each of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from charassets.identity.calibration import EMBEDDING, FUSED
from charassets.identity.drawings import Drawings, Picture
from charassets.identity.gallery import Gallery, asked
from charassets.identity.matching import Matcher, Scored
from charassets.identity.metric import DifferenceHead, Metric, cosine
from charassets.identity.traits import Answers
from charassets.settings import IdentitySettings

_NEAR = 4  # candidates whose drawing is looked at besides those with the same corners


@dataclass(frozen=True, eq=False)
class Shown:
    """What is known of n pictures.

    Attributes:
        figure: float32, shape (n, d), unit norm: embeddings of the figures.
        head: the same of the heads; zero where none was seen.
        answers: attributes.
        drawings: for the close look; None where there is no picture to look at.
    """

    figure: NDArray[np.float32]
    head: NDArray[np.float32]
    answers: Answers
    drawings: Sequence[Picture | None]


@dataclass(frozen=True)
class Candidate:
    """Somebody a picture may show: likeness of the figure, and the score in natural log-odds up to a constant."""

    name: str
    similarity: float
    score: float


@dataclass(frozen=True)
class Identified:
    """Whom a picture shows.

    Attributes:
        name: the character; None: unknown.
        chance: chance, 0-1, that it shows the nearest character rather than a stranger.
        similarity: likeness of the figure with that character's prototypes; None without a candidate.
        head_similarity: of the head; None where it could not be compared.
        traits: natural log-odds that the attributes add.
        margin: score difference to the second candidate; None where there is none.
        drawing_of: the reference whose very drawing it is, by its origin.
        reference: row of the reference to show beside it.
        candidates: best first.
        review: why a person should look; None where nothing is in doubt.
    """

    name: str | None
    chance: float
    similarity: float | None = None
    head_similarity: float | None = None
    traits: float = 0.0
    margin: float | None = None
    drawing_of: str | None = None
    reference: int | None = None
    candidates: tuple[Candidate, ...] = ()
    review: str | None = None


@dataclass(frozen=True, eq=False)
class Recogniser:
    """A gallery, ready to be asked.

    Attributes:
        gallery: the gallery.
        settings: metric, whether drawings are compared, and when to doubt.
    """

    gallery: Gallery
    settings: IdentitySettings

    def identify(self, shown: Shown, mode: str | None = None) -> list[Identified]:
        """Answer every picture.

        Args:
            shown: the pictures.
            mode: ``embedding`` or ``fused``; by default as the settings say.
        """
        if not len(shown.figure):
            return []
        mode = mode or (FUSED if self.settings.tags else EMBEDDING)
        scored = asked(self.gallery, self._matcher, shown.figure, shown.head, shown.answers, mode)
        return [self._identified(scored, i, shown.drawings[i], mode) for i in range(len(shown.figure))]

    @cached_property
    def _matcher(self) -> Matcher:
        return self.gallery.matcher(self._metric)

    @cached_property
    def _metric(self) -> Metric:
        return cosine if self.settings.metric == "cosine" else DifferenceHead(Path(self.settings.metric))

    @cached_property
    def _drawings(self) -> Drawings:
        columns = (self.gallery.references[name].to_pylist() for name in ("phash", "signatures", "preview"))
        return Drawings(*columns)

    @cached_property
    def _rows_of(self) -> dict[int, list[int]]:
        rows: dict[int, list[int]] = {}
        for row in self.gallery.prototypes.tolist():
            rows.setdefault(int(self.gallery.owner[row]), []).append(row)
        return rows

    def _identified(self, scored: Scored, i: int, drawing: Picture | None, mode: str) -> Identified:
        rule = self.gallery.rules[mode]
        who = [int(c) for c in scored.character[i] if c >= 0]
        score, figure = scored.score[i], scored.figure[i]
        candidates = tuple(
            Candidate(name, round(float(figure[k]), 4), round(float(score[k]), 4))
            for k, c in enumerate(who)
            if np.isfinite(score[k]) and (name := self.gallery.name_of(c)) is not None
        )
        rows = [self._rows_of[c][0] for c in who if c in self._rows_of]
        looked_at = drawing if self.settings.drawings else None
        repeated = None if looked_at is None else self._drawings.repeated(looked_at, rows[:_NEAR])
        if repeated is not None and (name := self.gallery.references["name"][repeated].as_py()):
            origin = self.gallery.references["origin"][repeated].as_py()
            return Identified(name, 1.0, 1.0, drawing_of=origin, reference=repeated, candidates=candidates)
        if not who or not np.isfinite(score[0]):
            return Identified(None, 0.0)
        name = self.gallery.name_of(who[0])
        chance = float(rule.chance(score[:1])[0]) if name else 0.0
        margin = float(score[0] - score[1]) if len(who) > 1 and np.isfinite(score[1]) else None
        named = name if name and score[0] >= rule.known_from else None
        head = float(scored.head[i, 0])
        return Identified(
            named,
            round(chance, 4),
            round(float(figure[0]), 4),
            None if np.isnan(head) else round(head, 4),
            round(float(scored.traits[i, 0]), 4),
            None if margin is None else round(margin, 4),
            None,
            rows[0] if rows else None,
            candidates,
            self._doubt(scored, i, named, chance, margin, mode),
        )

    def _doubt(
        self, scored: Scored, i: int, name: str | None, chance: float, margin: float | None, mode: str
    ) -> str | None:
        """Why a person should look at a name."""
        if name is None:
            return "nearly known" if chance > 1 - self.settings.doubt else None
        head, figure = scored.head[i], scored.figure[i]
        compared = np.isfinite(head) & (scored.character[i] >= 0)
        if compared.sum() > 1:
            by_head, by_figure = (int(np.where(compared, v, -np.inf).argmax()) for v in (head, figure))
            if by_head != by_figure:
                return "head and figure disagree"
        if margin is not None and margin < self.gallery.rules[mode].sure_from:
            return "two characters are about as likely"
        return "hardly known" if chance < self.settings.doubt else None
