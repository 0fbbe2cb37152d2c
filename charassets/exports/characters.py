"""A folder a character: what people look through, and what simple trainers take.

What belongs here: the layout, and linking instead of copying. Not here: who belongs to which character, and the numbers and
sheets beside the folders (``character_report``).
"""

import os
import re
from pathlib import Path

from charassets.exports.character_report import Report
from charassets.exports.job import Format, Job
from charassets.exports.pictures import Picture
from charassets.exports.splits import TRAIN

NOISE = "noise"
"""Folder of the pictures that belong to no character."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


def _write(job: Job) -> None:
    report = Report.begun(job)
    for row, picture in job.pictures():
        report.see(row, picture)
        named = row.values.get("character_name") or ""
        parts = [row.values["character_id"] or NOISE, _UNSAFE.sub("_", str(named)).strip("_")]
        folder = "__".join(part for part in parts if part)
        name = f"{folder}/{row.record_id}.{picture.suffix}"
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
    "characters", "a folder a character, noise/, and what the clustering came to", "2", _write, None, True
)
