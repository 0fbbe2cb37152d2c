"""kohya sd-scripts: ``N_name`` folders with captions, both metadata files, and a ready ``dataset_config.toml``.

What belongs here: the layout its trainers read, and its rule for buckets. Not here: reading kohya files as a source.
A metadata key is the picture's path below its split, without suffix: the trainer finds it below ``image_dir`` wherever the export
lies, and sizes stand in ``meta_lat.json``, so that it needs no scan of the pictures.
"""

import io
from collections.abc import Mapping
from functools import cache
from typing import Any, BinaryIO

import orjson
from PIL import Image

from charassets.exports.captions import trigger
from charassets.exports.job import Format, Job
from charassets.exports.jsonl import SplitFiles, files_by_split
from charassets.exports.rows import Row
from charassets.exports.splits import TRAIN

_SIDES = {"crop": 512, "original": 1024}
"""Training resolution by kind of picture: crops are stored with 512 px on the long side unless set otherwise."""

_LEAST, _MOST, _STEP = 256, 1024, 64  # defaults of sd-scripts' prepare_buckets_latents.py
UNSORTED = "unsorted"
"""Name of the folder of pictures that belong to no character."""


def bucket(width: int, height: int, side: int) -> tuple[int, int]:
    """The training resolution sd-scripts chooses: the bucket of the nearest aspect ratio.

    Args:
        width: of the picture in pixels.
        height: of the picture in pixels.
        side: training resolution.
    """
    there = buckets(side)
    if (width, height) in there:
        return width, height
    ratio = width / height
    return min(there, key=lambda size: abs(size[0] / size[1] - ratio))


@cache
def buckets(side: int) -> tuple[tuple[int, int], ...]:
    """All buckets of a training resolution, sorted: multiples of 64 from 256 to 1024 within the area of side by side."""
    square = side // _STEP * _STEP
    found = {(square, square)}
    for width in range(_LEAST, _MOST + 1, _STEP):
        height = min(_MOST, side * side // width // _STEP * _STEP)
        if height >= _LEAST:
            found |= {(width, height), (height, width)}
    return tuple(sorted(found))


def folder_name(row: Row) -> str:
    """``N_name``: repeats and the character, in letters every file system takes."""
    return f"{row.repeats}_{trigger(row.values) or UNSORTED}"


def _write(job: Job) -> None:
    side = _SIDES[job.options.pictures]
    subsets: dict[str, dict[str, int]] = {}
    with (
        files_by_split(job.folder, "{split}/meta_cap.json") as caps,
        files_by_split(job.folder, "{split}/meta_lat.json") as lats,
    ):
        for row, picture in job.pictures():
            key = f"{folder_name(row)}/{row.record_id}"
            place = job.folder / row.split / f"{key}.{picture.suffix}"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(picture.data)
            place.with_suffix(".txt").write_bytes(row.caption.encode() + b"\n")
            first = row.split not in subsets
            subsets.setdefault(row.split, {}).setdefault(folder_name(row), row.repeats)
            _entry(caps, row.split, first, key, {"caption": row.caption})
            with Image.open(io.BytesIO(picture.data)) as opened:
                size = bucket(*opened.size, side)
            _entry(lats, row.split, first, key, {"caption": row.caption, "train_resolution": size})
            text = place.with_suffix(".txt").relative_to(job.folder).as_posix()
            job.index.add(row, place.relative_to(job.folder).as_posix(), picture.data, text)
        for split in subsets:
            for files in (caps, lats):
                files.of(split).write(b"\n}\n")
    (job.folder / "dataset_config.toml").write_text(_toml(subsets.get(TRAIN, {}), side), encoding="utf-8")


def _entry(files: SplitFiles, split: str, first: bool, key: str, value: Mapping[str, Any]) -> None:
    """One entry of a JSON object that is written as a stream."""
    file: BinaryIO = files.of(split)
    file.write((b"{\n" if first else b",\n") + b"  " + orjson.dumps(key) + b": " + orjson.dumps(value))


def _toml(subsets: Mapping[str, int], side: int) -> str:
    head = f"""\
# Run the trainer in this folder: --dataset_config dataset_config.toml
# Fine-tuning by metadata instead: one subset with image_dir = "train" and metadata_file = "train/meta_lat.json".
[general]
enable_bucket = true
min_bucket_reso = {_LEAST}
max_bucket_reso = {_MOST}
bucket_reso_steps = {_STEP}
caption_extension = ".txt"
shuffle_caption = true
keep_tokens = 1

[[datasets]]
resolution = {side}
batch_size = 4
"""
    return head + "".join(
        f"\n  [[datasets.subsets]]\n  image_dir = {_quoted(f'{TRAIN}/{name}')}\n  num_repeats = {repeats}\n"
        f"  class_tokens = {_quoted(name.split('_', 1)[1])}\n"
        for name, repeats in sorted(subsets.items())
    )


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()  # a JSON string is a TOML basic string


KOHYA = Format("kohya", "sd-scripts: N_name folders, captions, metadata and a dataset config", "2", _write, None, True)
