"""A labelled grid of small pictures, small enough to live in a table or in Dagster's event log.

What belongs here: laying out and encoding. Not here: choosing what to show.
"""

import io
from base64 import b64encode
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

MAX_BYTES = 60_000
"""Dagster keeps metadata in its event log; a few sheets a shard of this size do not make the log the largest table."""

_LABEL_HEIGHT = 14
_BACKGROUND, _INK = (246, 246, 244), (40, 40, 40)
_QUALITIES = (80, 65, 50, 35, 20, 5)


def sheet(
    pictures: Sequence[NDArray[np.uint8]],
    labels: Sequence[str],
    *,
    columns: int = 8,
    tile: int = 96,
    max_bytes: int = MAX_BYTES,
) -> bytes:
    """Draw pictures with a line of text under each.

    Args:
        pictures: (H, W, 3) uint8 RGB arrays of any size.
        labels: one short text a picture; what does not fit is cut.
        columns: pictures a row.
        tile: side in pixels of the square a picture is fitted into.
        max_bytes: most bytes of the answer; quality falls, then rows from the end are left out, until it holds.

    Returns:
        A WebP file.

    Raises:
        ValueError: there is nothing to show.
    """
    if not pictures:
        raise ValueError("a contact sheet needs at least one picture")
    grid = _grid(pictures, labels, min(columns, len(pictures)), tile)
    rows = -(-len(pictures) // columns)
    while True:
        for quality in _QUALITIES:
            buffer = io.BytesIO()
            grid.save(buffer, "WEBP", quality=quality)
            if buffer.tell() <= max_bytes:
                return buffer.getvalue()
        if rows == 1:
            raise ValueError(f"one row of {tile} px tiles does not fit {max_bytes} bytes")
        rows = max(1, rows // 2)
        grid = grid.crop((0, 0, grid.width, rows * (tile + _LABEL_HEIGHT)))


def smaller(picture: bytes, max_bytes: int = MAX_BYTES) -> bytes:
    """A picture file as WebP of at most so many bytes: quality falls first, then its sides are halved."""
    with Image.open(io.BytesIO(picture)) as opened:
        page = opened.convert("RGB")
    while True:
        for quality in _QUALITIES:
            buffer = io.BytesIO()
            page.save(buffer, "WEBP", quality=quality)
            if buffer.tell() <= max_bytes or max(page.size) == 1:
                return buffer.getvalue()
        page = page.resize((max(1, page.width // 2), max(1, page.height // 2)), Image.Resampling.LANCZOS)


def data_uri(image: bytes) -> str:
    """A sheet as an address that Markdown and HTML can show without a file."""
    return f"data:image/webp;base64,{b64encode(image).decode('ascii')}"


def _grid(pictures: Sequence[NDArray[np.uint8]], labels: Sequence[str], columns: int, tile: int) -> Image.Image:
    rows = -(-len(pictures) // columns)
    page = Image.new("RGB", (columns * tile, rows * (tile + _LABEL_HEIGHT)), _BACKGROUND)
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(size=10)
    for place, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        left, top = place % columns * tile, place // columns * (tile + _LABEL_HEIGHT)
        small = Image.fromarray(picture)
        small.thumbnail((tile - 4, tile - 4), reducing_gap=2.0)
        page.paste(small, (left + (tile - small.width) // 2, top + (tile - small.height) // 2))
        draw.text((left + 2, top + tile), _fitted(label, font, tile - 4), fill=_INK, font=font)
    return page


def _fitted(label: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, width: int) -> str:
    text = "".join(c if c.isprintable() else " " for c in label)
    while text and font.getlength(text) > width:
        text = text[:-1]
    return text
