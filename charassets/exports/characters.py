"""A folder a character: what people look through, and what simple trainers take.

What belongs here: the layout, and linking instead of copying. Not here: who belongs to which character, and the numbers and
sheets beside the folders (``character_report``).
"""

import os
from pathlib import Path

from charassets.exports.captions import as_word
from charassets.exports.character_report import Report
from charassets.exports.job import Format, Job
from charassets.exports.pictures import Picture
from charassets.exports.splits import TRAIN

NOISE = "noise"
"""Folder of the pictures that belong to no character."""


def _write(job: Job) -> None:
    report = Report.begun(job)
    for row, picture in job.pictures():
        report.see(row, picture)
        named = as_word(row.values.get("character_name"))
        folder = "__".join(part for part in (row.values["character_id"] or NOISE, named) if part)
        # A file that was taken out of its folder still says whom it shows; the record's id comes last, to ask `why` about.
        stem = "__".join(part for part in (named, row.record_id) if part)
        name = f"{folder}/{stem}.{picture.suffix}"
        if row.split != TRAIN:
            name = f"{row.split}/{name}"
        place = job.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        _put(picture, place, link=job.options.link and job.options.pictures == "original")
        job.index.add(row, name, picture.data)
    report.finish()


def _put(picture: Picture, place: Path, *, link: bool) -> None:
    if link and picture.file is not None:
        try:
            os.link(picture.file, place)
        except OSError:  # another disk, or one that knows no links
            pass
        else:
            return
    place.write_bytes(picture.data)


CHARACTERS = Format(
    "characters", "a folder a character, noise/, and what the clustering came to", "4", _write, None, True
)
