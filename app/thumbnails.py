"""``/thumb/{id}.webp``: the crop of a record, or its whole picture, decoded and encoded anew by us, whatever was stored.

What belongs here: making and keeping thumbnails. Not here: crops in full, which no page needs. A quarantined record has none.
"""

from collections import OrderedDict
from threading import Lock
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response

from app.problems import NotFoundError
from app.rest.services import At, Services
from charassets.errors import Rejected
from charassets.images.crops import cut, webp
from charassets.images.decode import decode

_QUALITY = 80
_KEPT_BYTES = 64 << 20
_STORED = """
SELECT images.crop_id, {} FROM single_character_images AS images ANTI JOIN quarantined USING (record_id)
WHERE images.record_id = ?
"""
_COLUMNS = {"figure": "images.crop", "whole": "coalesce(images.preview, images.crop)"}
Shown = Literal["figure", "whole"]

router = APIRouter(tags=["records"])


class Thumbnails:
    """The thumbnails made last, by name and size, up to 64 MB."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def find(self, key: tuple[str, int]) -> bytes | None:
        """A thumbnail that is kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def keep(self, key: tuple[str, int], data: bytes) -> None:
        """Keep a thumbnail and let the oldest go."""
        with self._lock:
            self._bytes += len(data) - len(self._kept.pop(key, b""))
            self._kept[key] = data
            while self._bytes > _KEPT_BYTES:
                self._bytes -= len(self._kept.popitem(last=False)[1])


_thumbnails = Thumbnails()


@router.get("/thumb/{record_id}.webp", response_class=Response, responses={200: {"content": {"image/webp": {}}}})
def thumb(
    at: At,
    record_id: str,
    size: Annotated[Literal["160", "320", "512"], Query(description="Longest side in pixels.")] = "320",
    of: Annotated[Shown, Query(description="The main figure, or the whole picture at 224 pixels at most.")] = "figure",
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The main figure of a record as WebP, or its whole picture."""
    name, data = thumbnail(at, record_id, int(size), of)
    headers = {"etag": f'"{name}-{size}"', "cache-control": "private, max-age=300", "content-disposition": "inline"}
    if if_none_match == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type="image/webp", headers=headers)


def thumbnail(at: Services, record_id: str, side: int, shown: Shown = "figure") -> tuple[str, bytes]:
    """A name that belongs to the content, and a WebP of at most ``side`` pixels.

    Raises:
        NotFoundError: no such record, none with a picture, or one that is quarantined.
    """
    with at.warehouse.view() as view:
        found = view.con.execute(_STORED.format(_COLUMNS[shown]), [record_id]).fetchall()
    if not found or found[0][1] is None:
        raise NotFoundError("there is no picture to show of this record", where=record_id[:80])
    crop_id, stored = found[0]
    name = f"{crop_id}-{shown}"
    data = _thumbnails.find((name, side))
    if data is None:
        try:
            pixels = decode(stored, at.settings.images).pixels
        except Rejected as error:
            raise NotFoundError(
                "the stored crop cannot be shown", where=record_id[:80], todo="run `charassets verify`"
            ) from error
        height, width = pixels.shape[:2]
        data = webp(cut(pixels, (0, 0, width, height), side), _QUALITY)
        _thumbnails.keep((name, side), data)
    return name, data
