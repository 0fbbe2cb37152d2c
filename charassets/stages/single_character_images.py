"""Single character images: raw measurements of every picture, every box, and a crop of the main figure.

What belongs here: the order of work - decode in threads, detect in batches, crop in threads - and the rows. Not here: the
measuring itself (``charassets.images``), the model (``charassets.models``), and the verdict (``charassets.stages.gates``).
"""

import hashlib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.attributes.tags import parse
from charassets.errors import Rejected
from charassets.images import crops, frames, preview
from charassets.images.cutouts import Cutout
from charassets.images.decode import Decoded, decode
from charassets.images.local_features import signatures
from charassets.images.main_figure import Figure, main_figure
from charassets.images.normalise import normalised
from charassets.images.phash import phash, thumbnail
from charassets.images.quality import Quality, measure
from charassets.images.text_areas import TextLine, text_lines, with_strips
from charassets.models.protocols import Detections
from charassets.models.registry import load_detector
from charassets.models.weights import find_detector
from charassets.schema import BOX, RAW_SHARDS, SINGLE_CHARACTER_IMAGES, Table
from charassets.settings import Settings
from charassets.sources.fetch import LOCATOR_COLUMNS, fetch_one
from charassets.stages.contract import Batch, JsonValue, Outcome, Reads, Rejection, Stage

_PORTION_PIXELS = 48_000_000
"""Most pixels of a portion, unless one picture alone has more. Three portions are held at a time (decoded, in the detector,
being cropped), each at 3-4 bytes a pixel: half a gigabyte, whatever the size of the shard."""


@dataclass(frozen=True)
class _Likeness:
    """What a picture is later compared with others by: columns of the table, by the same names."""

    phash: int
    phash_mirrored: int
    preview: bytes
    signatures: bytes
    signatures_mirrored: bytes
    signature_places: bytes
    signature_places_mirrored: bytes

    @classmethod
    def of(cls, picture: Decoded) -> "_Likeness":
        small = thumbnail(picture.pixels)
        straight, mirrored = phash(np.stack([small, small[:, ::-1]])).tolist()
        stored = preview.encoded(picture.pixels, picture.alpha)
        # Of the stored preview and not of the picture: who reads the table can make them again.
        one, other = signatures(preview.decoded(stored))
        return cls(straight, mirrored, stored, one.signatures, other.signatures, one.places, other.places)


@dataclass(frozen=True)
class _Picture:
    """What is known of a picture before the detector has seen it."""

    pixels: NDArray[np.uint8]
    cutout: Cutout | None
    frame: frames.Box | None
    quality: Quality
    likeness: _Likeness
    writing: Sequence[TextLine] | None


@dataclass(frozen=True)
class _Crop:
    """The stored crop and its place."""

    data: bytes
    box: tuple[int, int, int, int]
    head: tuple[float, float, float, float] | None


@dataclass(frozen=True)
class _Measured:
    """A picture with everything found in it, ready to be a row; the pixels are gone."""

    size: tuple[int, int]
    frame: frames.Box | None
    quality: Quality
    likeness: _Likeness
    writing: Sequence[TextLine] | None
    found: Detections
    figure: Figure | None
    crop: _Crop | None


@dataclass(frozen=True)
class _Portion:
    """Consecutive records of one batch that go through the detector together; ``last`` ends the batch."""

    rows: Sequence[Mapping[str, Any]]
    last: bool


class SingleCharacterImages(Stage):
    """Measures, detects and crops."""

    table: ClassVar[Table] = SINGLE_CHARACTER_IMAGES
    code_version: ClassVar[str] = "7"
    reads: ClassVar[Mapping[str, Reads]] = {
        RAW_SHARDS.name: Reads((*LOCATOR_COLUMNS, "width", "height", "tags"), key=("image_id", "tags", "kind"))
    }

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def uses_gpu(self) -> bool:
        """The detector."""
        return True

    def settings_read(self) -> Mapping[str, JsonValue]:
        """Limits and normalisation, the detector's floor and input, the crop's margin and size."""
        return {
            "images": self._settings.images.model_dump(),
            "detector": self._settings.detector.model_dump(exclude={"path", "sha256", "batch"}),
            "crops": self._settings.crops.model_dump(),
            "lines_kept": self._lines_kept,
        }

    def weights(self) -> Mapping[str, str]:
        """The detector's files."""
        return find_detector(self._settings.detector).files

    def process(self, batches: Iterator[Batch]) -> Iterator[Outcome]:
        """One outcome a batch; at most three portions of pictures are in memory.

        Raises:
            ModelMissingError: the detector is not there.
        """
        answers: list[_Measured | Rejected | None] = []
        rows: list[Mapping[str, Any]] = []
        with ThreadPoolExecutor(self._settings.decode_threads, "decode") as pool:
            for portion, measured in self._measured(_portions(batches, self._settings.detector.batch), pool):
                rows.extend(portion.rows)
                answers.extend(measured)
                if portion.last:
                    yield _outcome(rows, answers)
                    rows, answers = [], []

    def _measured(
        self, portions: Iterator[_Portion], pool: ThreadPoolExecutor
    ) -> Iterator[tuple[_Portion, list[_Measured | Rejected | None]]]:
        """While one portion is in the detector, the next is being decoded and the one before being cropped."""
        decoding: deque[tuple[_Portion, list[Future[_Picture | Rejected | None]]]] = deque()
        cropping: deque[tuple[_Portion, list[Future[_Measured | Rejected | None]]]] = deque()
        for portion in portions:
            decoding.append((portion, [pool.submit(self._picture, row) for row in portion.rows]))
            if len(decoding) > 1:
                cropping.append(self._detected(*decoding.popleft(), pool))
            if len(cropping) > 1:
                yield _done(*cropping.popleft())
        while decoding:
            cropping.append(self._detected(*decoding.popleft(), pool))
        while cropping:
            yield _done(*cropping.popleft())

    def _picture(self, row: Mapping[str, Any]) -> _Picture | Rejected | None:
        """Fetch, decode and measure one picture (in a decode thread); None for a record of words alone."""
        if row["kind"] == "text":
            return None
        try:
            decoded = decode(fetch_one(row), self._settings.images)
        except Rejected as rejected:
            return rejected
        return _Picture(
            pixels=normalised(decoded, self._settings.images),
            cutout=None if decoded.alpha is None else Cutout.of(decoded.alpha),
            frame=frames.frame_box(decoded.pixels),
            quality=measure(decoded),
            likeness=_Likeness.of(decoded),
            writing=self._writing(decoded.pixels),
        )

    def _writing(self, pixels: NDArray[np.uint8]) -> Sequence[TextLine] | None:
        """Looked for here, since no later stage sees more than the crop of the figure."""
        kept = self._lines_kept
        return None if kept is None else with_strips(pixels, text_lines(pixels), kept)

    @property
    def _lines_kept(self) -> int | None:
        """Lines of writing whose pixels are kept to be read; None where nobody asks for writing."""
        ocr = self._settings.ocr
        return None if ocr is None else ocr.max_lines if ocr.path is not None else 0

    def _detected(
        self, portion: _Portion, futures: list[Future[_Picture | Rejected | None]], pool: ThreadPoolExecutor
    ) -> tuple[_Portion, list[Future[_Measured | Rejected | None]]]:
        """Run the detector over a decoded portion and hand the results to the threads for cropping."""
        answers = [future.result() for future in futures]
        pictures = [answer for answer in answers if isinstance(answer, _Picture)]
        detector = load_detector(self._settings.detector, self._settings.device) if pictures else None
        found = iter(detector.detect([picture.pixels for picture in pictures]) if detector else ())
        return portion, [
            pool.submit(self._cropped, row, answer, next(found) if isinstance(answer, _Picture) else None)
            for row, answer in zip(portion.rows, answers, strict=True)
        ]

    def _cropped(
        self, row: Mapping[str, Any], answer: _Picture | Rejected | None, found: Detections | None
    ) -> _Measured | Rejected | None:
        """Choose and cut out the main figure (in a decode thread)."""
        if not isinstance(answer, _Picture) or found is None:
            return None if isinstance(answer, _Picture) else answer
        height, width = answer.pixels.shape[:2]
        figure = main_figure(
            found.labels,
            found.scores.tolist(),
            found.boxes.tolist(),
            (width, height),
            answer.cutout,
            parse(row["tags"]).figures,
        )
        crop = None if figure is None else self._cut(answer.pixels, figure)
        return _Measured(
            (width, height), answer.frame, answer.quality, answer.likeness, answer.writing, found, figure, crop
        )

    def _cut(self, pixels: NDArray[np.uint8], figure: Figure) -> _Crop:
        settings = self._settings.crops
        height, width = pixels.shape[:2]
        margin = 0.0 if figure.label == "whole" else settings.margin
        box = crops.with_margin(figure.box, margin, width, height)
        data = crops.webp(crops.cut(pixels, box, settings.max_side), settings.webp_quality)
        return _Crop(data, box, None if figure.head is None else _fractions(figure.head, box))


def _portions(batches: Iterator[Batch], most: int) -> Iterator[_Portion]:
    """Cut batches into portions of at most ``most`` records and ``_PORTION_PIXELS`` pixels."""
    for batch in batches:
        rows = batch.records.to_pylist()
        portion: list[Mapping[str, Any]] = []
        pixels = 0
        for row in rows:
            area = (row["width"] or 0) * (row["height"] or 0)
            if portion and (len(portion) == most or pixels + area > _PORTION_PIXELS):
                yield _Portion(portion, last=False)
                portion, pixels = [], 0
            portion.append(row)
            pixels += area
        yield _Portion(portion, last=True)


def _done(
    portion: _Portion, futures: Sequence[Future[_Measured | Rejected | None]]
) -> tuple[_Portion, list[_Measured | Rejected | None]]:
    return portion, [future.result() for future in futures]


def _fractions(head: crops.Box, box: tuple[int, int, int, int]) -> tuple[float, float, float, float]:
    """A head in pixels of the picture as fractions of the crop, cut at its edges."""
    x0, y0, x1, y1 = box
    xs = [min(1.0, max(0.0, (x - x0) / (x1 - x0))) for x in (head.x0, head.x1)]
    ys = [min(1.0, max(0.0, (y - y0) / (y1 - y0))) for y in (head.y0, head.y1)]
    return xs[0], ys[0], xs[1], ys[1]


def _outcome(rows: Sequence[Mapping[str, Any]], answers: Sequence[_Measured | Rejected | None]) -> Outcome:
    kept = [(row, answer) for row, answer in zip(rows, answers, strict=True) if not isinstance(answer, Rejected)]
    rejected = [
        Rejection(row["record_id"], answer.code, answer.detail)
        for row, answer in zip(rows, answers, strict=True)
        if isinstance(answer, Rejected)
    ]
    schema = SINGLE_CHARACTER_IMAGES.arrow
    records = [_row(row, answer) for row, answer in kept]
    columns = {name: pa.array([r.get(name) for r in records], schema.field(name).type) for name in schema.names}
    columns["boxes"] = _boxes([answer.found if answer else None for _, answer in kept])
    return Outcome(pa.table(columns, schema=schema), rejected)


def _row(row: Mapping[str, Any], measured: _Measured | None) -> dict[str, Any]:
    """The values of one row by column, without its boxes; image columns are missing for a record of words alone."""
    claim = parse(row["tags"])
    values: dict[str, Any] = {
        "record_id": row["record_id"],
        "image_id": row["image_id"],
        "tag_figures": claim.figures,
        "tag_flags": claim.flags,
    }
    if measured is None:
        return values
    values |= {"width": measured.size[0], "height": measured.size[1], "frame_box": measured.frame}
    values |= vars(measured.quality) | vars(measured.likeness)
    values["writing"] = None if measured.writing is None else [vars(line) for line in measured.writing]
    if (figure := measured.figure) is not None and (crop := measured.crop) is not None:
        values |= {
            "cut_off": figure.cut_off,
            "occlusion": figure.occlusion,
            "crop_label": figure.label,
            "crop_score": figure.score,
            "crop_box": crop.box,
            "head_box": crop.head,
            "crop_id": hashlib.sha256(crop.data).hexdigest()[:32],
            "crop": crop.data,
        }
    return values


def _boxes(found: Sequence[Detections | None]) -> pa.Array:
    """The ``boxes`` column: a list of structs a record, null for a record without picture."""
    there = [f for f in found if f is not None]
    ends = np.cumsum([0, *(len(f.labels) if f else 0 for f in found)])
    corners = np.concatenate([np.empty((0, 4), np.float32), *(f.boxes for f in there)])
    flat = pa.StructArray.from_arrays(
        [
            pa.array([label for f in there for label in f.labels], pa.string()),
            pa.array(np.concatenate([np.empty(0, np.float32), *(f.scores for f in there)])),
            *(pa.array(np.ascontiguousarray(corners[:, side])) for side in range(4)),
        ],
        fields=list(BOX),
    )
    missing = pa.array([f is None for f in found], pa.bool_())
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), flat, pa.list_(BOX), mask=missing)
