"""Any labelled folder, by the models and artefacts in force.

What belongs here: from folder to report. Not here: fitting: what is measured is what a run would tell.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa

from charassets.attributes.fusion_files import in_force
from charassets.attributes.vocabulary import load
from charassets.evaluation.measures import FUSED, Measured, measure
from charassets.evaluation.report import of_folder
from charassets.lake.workspace import Workspace
from charassets.settings import Settings
from charassets.training.fusion_lessons import lessons
from charassets.training.labelled_folder import gather, read_labels


def evaluate(folder: Path, settings: Settings) -> str:
    """The report on a folder.

    Raises:
        SourceError: it has no labels.
        ModelMissingError: a model is not there.
    """
    measured, records = measures(folder, settings)
    return of_folder(measured, records, f"Attributes of {folder.name}")


def measures(folder: Path, settings: Settings) -> tuple[list[Measured], int]:
    """Every attribute that was judged, by source and fused; and how many pictures became records."""
    found = gather(folder, read_labels(folder), settings)
    evidence = pa.concat_tables([found.said, found.seen])
    everyone = np.arange(len(found.record_ids))
    model = in_force(Workspace.of(settings).open_lake().store).model
    answer: list[Measured] = []
    for lesson in lessons(evidence, found.record_ids, found.labels.truths(load()), everyone).values():
        for source in (FUSED, *lesson.ballot.sources):
            answer.append(measure(lesson, model, settings.attributes, source))
    return answer, len(found.record_ids)
