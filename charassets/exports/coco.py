"""COCO: pictures with every box the gates accept, in pixels of the exported picture.

What belongs here: the annotation files. Not here: which boxes count (the gates' scores).
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from PIL import Image, ImageOps

from charassets.exports.job import Format, Job
from charassets.exports.pictures import Picture
from charassets.exports.rows import Row
from charassets.lake.fragments import Lake
from charassets.schema import SINGLE_CHARACTER_IMAGES

CATEGORIES = ("person", "head", "face")
"""Categories in order; ids count from 1."""


def boxes_in(
    boxes: Sequence[Mapping[str, Any]], crop: Sequence[int] | None, size: tuple[int, int]
) -> Iterator[tuple[str, float, list[float]]]:
    """Label, score and ``x, y, width, height`` of boxes that lie in a picture.

    Args:
        boxes: boxes in pixels of the source picture.
        crop: the part of it that the exported picture shows, ``x0, y0, x1, y1``; None: all of it.
        size: width and height of the exported picture.
    """
    left, top, right, bottom = crop or (0, 0, *size)
    across, down = size[0] / (right - left), size[1] / (bottom - top)
    for box in boxes:
        x0, x1 = ((min(max(box[side], left), right) - left) * across for side in ("x0", "x1"))
        y0, y1 = ((min(max(box[side], top), bottom) - top) * down for side in ("y0", "y1"))
        if x1 > x0 and y1 > y0:
            yield box["label"], box["score"], [round(v, 2) for v in (x0, y0, x1 - x0, y1 - y0)]


def _write(job: Job) -> None:
    gates = job.con.execute("SELECT person_score, head_score, face_score FROM gates").fetchone() or (0, 0, 0)
    least: dict[str, float] = dict(zip(CATEGORIES, gates, strict=True))
    (job.folder / "annotations").mkdir()
    files: dict[str, _Annotations] = {}
    for row, picture in job.pictures():
        if row.split not in files:
            files[row.split] = _Annotations(job, row.split, least)
        files[row.split].add(row, picture)
    for annotations in files.values():
        annotations.close()


class _Annotations:
    """The annotation file of one split, in two streams that are joined at the end."""

    def __init__(self, job: Job, split: str, least: Mapping[str, float]) -> None:
        self._job, self._split, self._least = job, split, least
        self._path = job.folder / "annotations" / f"{split}.json"
        self._second = self._path.with_suffix(".part")
        self._images, self._boxes = self._path.open("wb"), self._second.open("wb")
        self._pictures = self._found = 0
        self._shard, self._boxes_of = "", {}
        categories = [{"id": number, "name": name} for number, name in enumerate(CATEGORIES, 1)]
        self._images.write(b'{"categories": ' + orjson.dumps(categories) + b',\n"images": [')

    def add(self, row: Row, picture: Picture) -> None:
        """A picture and its boxes."""
        name = f"images/{self._split}/{row.values['shard']}/{row.record_id}.{picture.suffix}"
        place = self._job.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(picture.data)
        with Image.open(io.BytesIO(picture.data)) as opened:
            size = ImageOps.exif_transpose(opened).size if picture.file else opened.size
        self._pictures += 1
        facts = {
            "id": self._pictures,
            "file_name": name,
            "width": size[0],
            "height": size[1],
            "record_id": row.record_id,
        }
        self._images.write((b",\n" if self._pictures > 1 else b"\n") + orjson.dumps(facts))
        cropped = row.values["crop_box"] if self._job.options.pictures == "crop" else None
        for label, score, box in boxes_in(self._accepted(row), cropped, size):
            self._found += 1
            area = round(box[2] * box[3], 2)
            facts = {"id": self._found, "image_id": self._pictures, "category_id": CATEGORIES.index(label) + 1}
            facts |= {"bbox": box, "area": area, "iscrowd": 0, "score": round(score, 4)}
            self._boxes.write((b",\n" if self._found > 1 else b"\n") + orjson.dumps(facts))
        self._job.index.add(row, name, picture.data)

    def close(self) -> None:
        """Join the two streams."""
        self._boxes.close()
        self._images.write(b'\n],\n"annotations": [')
        with self._second.open("rb") as second:
            while chunk := second.read(1 << 20):
                self._images.write(chunk)
        self._images.write(b"\n]}\n")
        self._images.close()
        self._second.unlink()

    def _accepted(self, row: Row) -> list[Mapping[str, Any]]:
        shard = row.values["shard"]
        if shard != self._shard:
            self._shard, self._boxes_of = shard, _boxes(self._job.lake, shard)
        return [
            box for box in self._boxes_of.get(row.record_id) or () if box["score"] >= self._least.get(box["label"], 2)
        ]


def _boxes(lake: Lake, shard: str) -> dict[str, Any]:
    fragment = lake.fragment(SINGLE_CHARACTER_IMAGES.name, shard)
    found = () if fragment is None else fragment.read(["record_id", "boxes"]).to_pylist()
    return {row["record_id"]: row["boxes"] for row in found}


COCO = Format("coco", "pictures with boxes of persons, heads and faces", "1", _write, None, True)
