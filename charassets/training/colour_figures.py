"""Measures the colour that pixels tell, on real art never trained on: beside zero-shot alone and the commonest answer.

What belongs here: hair colour by source and set, at every answer and at the surest. Not here: measuring (``charassets.images``).
The sets are read to measure; the shades, the places of hair in a head and the trust in a measurement were chosen looking at them.

    python -m charassets.training.colour_figures --data ../shared/data
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from charassets.attributes.chosen_sources import picture_sources
from charassets.attributes.evidence import Evidence
from charassets.attributes.evidence_source import EvidenceSource, Subject
from charassets.attributes.vocabulary import UNKNOWN, load
from charassets.models.registry import load_embedder
from charassets.settings import Settings, load_settings
from charassets.training.real_sets import Crop, crops, portraits
from charassets.training.scorecard import DATA

_HAIR = "Hair Color"
_COVERAGE = 0.8  # of the pictures where hair is visible, which a source should answer


def subjects_of(seen: Sequence[Crop], settings: Settings) -> list[Subject]:
    """Crops as the sources see them, embeddings included."""
    embedded = load_embedder(settings.embedder, settings.device).embed_images([crop.pixels for crop in seen])
    return [
        Subject(pixels=crop.pixels, head=crop.head, embedding=vector)
        for crop, vector in zip(seen, embedded, strict=True)
    ]


def table(settings: Settings, data: Path) -> str:
    """Share right by set and source, as Markdown: of all answers, and of the surest ``_COVERAGE`` of the pictures."""
    judged = [picture for picture in portraits(data) if picture.truth.get(_HAIR, {UNKNOWN}) != {UNKNOWN}]
    seen = list(crops(judged, settings))
    subjects = subjects_of(seen, settings)
    sources = [source for source in picture_sources(settings, load()) if source.source in ("clip", "head", "colour")]
    best = {source.source: _best(source, subjects) for source in sources}
    lines = ["| set | n | commonest | " + " | ".join(best) + " |", "|---|---|---|" + "---|" * len(best)]
    for name in dict.fromkeys(crop.picture.set for crop in seen):
        chosen = [k for k, crop in enumerate(seen) if crop.picture.set == name]
        truths = [seen[k].picture.truth[_HAIR] for k in chosen]
        commonest = max(np.mean([v.name in truth for truth in truths]) for v in load().attributes[_HAIR].values)
        cells = [_cell([best[source][k] for k in chosen], truths) for source in best]
        lines.append(f"| {name} | {len(chosen)} | {commonest:.2f} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _best(source: EvidenceSource, subjects: Sequence[Subject]) -> list[Evidence | None]:
    """The strongest hair colour of each subject; "cannot be seen" is no colour."""
    told = source.answers(subjects)
    rows = [[row for row in found if row.attribute == _HAIR and row.value != UNKNOWN] for found in told]
    return [max(found, key=lambda row: row.score, default=None) for found in rows]


def _cell(answers: Sequence[Evidence | None], truths: Sequence[frozenset[str]]) -> str:
    right = np.array([a is not None and a.value in truth for a, truth in zip(answers, truths, strict=True)])
    score = np.array([0.0 if a is None else a.score for a in answers])
    surest: NDArray[np.int64] = np.argsort(-score, kind="stable")[: int(np.ceil(_COVERAGE * len(right)))]
    return f"{right.mean():.2f}, surest {_COVERAGE:.0%} {right[surest].mean():.2f}"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Measure hair colour by source on real art.")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the real sets")
    parser.add_argument("--profile", default="mini")
    given = parser.parse_args()
    sys.stdout.write(table(load_settings({"profile": given.profile}), given.data))


if __name__ == "__main__":
    main()
