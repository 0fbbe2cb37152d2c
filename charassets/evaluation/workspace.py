"""A workspace measured by what is in force there: on labelled or drawn pictures, and on what people reviewed.

What belongs here: choosing the truth, measuring, the rows that are kept. Not here: what is good enough (``standards``), how it is
shown (``charassets.defs``, the app).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from charassets.attributes.calibration import error_of
from charassets.attributes.evidence import to_table
from charassets.attributes.evidence_source import Subject
from charassets.attributes.fusion_files import in_force
from charassets.attributes.probes import ProbeSource
from charassets.attributes.vocabulary import load
from charassets.evaluation.measures import FUSED, Measured, measure
from charassets.lake.fragments import Lake
from charassets.schema import VISUAL_EVIDENCE
from charassets.settings import Settings
from charassets.studio.labelled import write_labelled
from charassets.training.fusion_lessons import Lesson, drawn_lessons, lessons
from charassets.training.held_back import review_lessons
from charassets.training.labelled_folder import Gathered, gather, read_labels
from charassets.warehouse import evaluation as kept

LABELLED, DRAWN, REVIEWS = "labelled", "drawn", "reviews"
"""What may be right: a folder with labels, the studio's pictures, people."""

VIEWS = 4
"""Pictures of each drawn character."""

FEWEST_REVIEWS = 50
"""Reviews of an attribute below which they say more of chance than of the attribute."""

_FIRST_IDENTITY = 7_000_000  # models and fusion were fitted, and their own figures measured, on others
_SEED = 0  # of how people mistag the drawn pictures
_FOLDER = "evaluation"


@dataclass(frozen=True)
class Evaluated:
    """What was measured.

    Attributes:
        measured: set of truth to its measures, every attribute by source and fused.
        records: set of truth to its records.
        digest: of the rows that were kept.
    """

    measured: Mapping[str, tuple[Measured, ...]]
    records: Mapping[str, int]
    digest: str


def evaluate_workspace(lake: Lake, settings: Settings) -> Evaluated:
    """Measure what is in force and keep the result for the warehouse. Pictures once gathered are not gathered again.

    Args:
        lake: the workspace's lake, with its artefacts and reviews.
        settings: what to measure on, models and thresholds.

    Raises:
        SourceError: the labelled folder has no labels.
        ModelMissingError: a model is not there.
    """
    model = in_force(lake.store).model
    measured, records = {}, {}
    for truth, found in _truths(lake, settings):
        if not found:
            continue
        measured[truth] = tuple(
            measure(lesson, model, settings.attributes, source)
            for lesson in found.values()
            for source in (FUSED, *lesson.ballot.sources)
        )
        records[truth] = max(len(lesson.groups) for lesson in found.values())
    rows = [_row(truth, m) for truth, those in measured.items() for m in those]
    return Evaluated(measured, records, kept.keep(lake.store, rows, {"records": records}).digest)


def _truths(lake: Lake, settings: Settings) -> Iterator[tuple[str, Mapping[str, Lesson]]]:
    asked = settings.evaluation
    # A workspace of its own: the collection's lake never lists these pictures.
    own = settings.model_copy(update={"workspace": settings.workspace / _FOLDER, "lake": None, "remote": None})
    if asked.folder is not None:
        folder = Path(asked.folder)
        found = _with_probes(gather(folder, read_labels(folder), own), settings)
        evidence, everyone = pa.concat_tables([found.said, found.seen]), np.arange(len(found.record_ids))
        yield LABELLED, lessons(evidence, found.record_ids, found.labels.truths(load()), everyone)
    elif asked.identities:
        folder = own.workspace / DRAWN
        write_labelled(folder, asked.identities, VIEWS, _FIRST_IDENTITY)
        yield DRAWN, drawn_lessons(_with_probes(gather(folder, read_labels(folder), own), settings), _SEED)[0]
    reviewed = review_lessons(lake)
    yield REVIEWS, {name: lesson for name, lesson in reviewed.items() if len(lesson.groups) >= FEWEST_REVIEWS}


def _with_probes(found: Gathered, settings: Settings) -> Gathered:
    """With the answers of the collection's own heads, which the workspace of the pictures knows nothing of."""
    there = np.flatnonzero(found.embeddings.any(axis=1)) if found.embeddings.size else np.empty(0, np.int64)
    subjects = [Subject(embedding=found.embeddings[k].astype(np.float16)) for k in there]
    told = ProbeSource(settings, load()).answers(subjects)
    rows = {found.record_ids[k]: answers for k, answers in zip(there, told, strict=True) if answers}
    more = to_table(rows, VISUAL_EVIDENCE.arrow).select(found.seen.column_names).cast(found.seen.schema)
    return Gathered(**{**vars(found), "seen": pa.concat_tables([found.seen, more])})


def _row(truth: str, m: Measured) -> dict[str, Any]:
    return {
        "truth": truth,
        "attribute": m.attribute,
        "source": m.source,
        "judged": m.judged,
        "to_tell": m.to_tell,
        "told": m.told,
        "correct": m.right,
        "precision": m.precision if m.told else None,
        "recall": m.recall if m.to_tell else None,
        "coverage": m.coverage if m.to_tell else None,
        "ece": error_of(m.told_bins) if m.told else None,
        "bins": [{"confidence": b.confidence, "right": b.right, "n": b.n} for b in m.told_bins],
        "confusions": [{"right": right, "told": told, "n": n} for right, told, n in m.confusions()],
    }
