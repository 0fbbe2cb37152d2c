"""Points in two dimensions as one small picture: a colour a group, what is in no group in grey.

What belongs here: colours, drawing, the legend. Not here: where the points lie (``charassets.similarity.plane``).
"""

import colorsys
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

_BACKGROUND, _INK, _FAINT = (255, 255, 255), (40, 40, 40), (205, 205, 205)
_TITLE, _LINE, _MARGIN = 24, 18, 12  # px
_OVERSAMPLED = 2  # drawn larger and made smaller: dots without stairs
_GOLDEN = 0.618034  # of a turn between two hues: the next one is always far from those before
_LIGHTNESS = (0.42, 0.55)  # two of them in turn tell neighbours in hue apart


def colour_of(place: int) -> tuple[int, int, int]:
    """RGB of the group with this place in the legend; the same for the same place, wherever it is drawn."""
    red, green, blue = colorsys.hls_to_rgb(place * _GOLDEN % 1.0, _LIGHTNESS[place % 2], 0.65)
    return round(red * 255), round(green * 255), round(blue * 255)


def scatter_plot(
    places: NDArray[np.float32],
    groups: Sequence[int],
    names: Sequence[str],
    title: str,
    *,
    side: int = 720,
    legend: int = 24,
) -> bytes:
    """PNG of points.

    Args:
        places: shape (n, 2), any range; y grows upwards.
        groups: group of every point by place in ``names``, -1 for none. Points without a group are drawn first.
        names: a name a group.
        title: line on top.
        side: pixels of the square the points are drawn in.
        legend: groups, the first ones, that are named at the side.
    """
    shown = names[:legend]
    width, height = side + (200 if shown else 0), side + _TITLE
    page = Image.new("RGB", (width * _OVERSAMPLED, height * _OVERSAMPLED), _BACKGROUND)
    draw = ImageDraw.Draw(page)
    radius = _OVERSAMPLED * (3.5 if len(places) <= 1_000 else 2.0)
    spots = _spots(places, side)
    for row in np.argsort(np.asarray(groups, np.int64) >= 0, kind="stable").tolist():
        x, y = (_OVERSAMPLED * spots[row]).tolist()
        colour = colour_of(groups[row]) if groups[row] >= 0 else _FAINT
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    page = page.resize((width, height), Image.Resampling.LANCZOS)
    _words(page, shown, title, side)
    data = io.BytesIO()
    page.save(data, "PNG", optimize=True)
    return data.getvalue()


def _spots(places: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Pixels of the points: both axes in one scale, so that distances can be compared."""
    if not len(places):
        return places
    low, high = places.min(axis=0), places.max(axis=0)
    scale = (side - 2 * _MARGIN) / max(float((high - low).max()), 1e-9)
    middle = (places - (low + high) / 2) * np.array([scale, -scale], np.float32)
    return middle + np.array([side / 2, _TITLE + side / 2], np.float32)


def _words(page: Image.Image, names: Sequence[str], title: str, side: int) -> None:
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(size=12)
    draw.text((_MARGIN, 6), title, fill=_INK, font=font)
    for place, name in enumerate(names):
        top = _TITLE + _MARGIN + place * _LINE
        draw.ellipse((side + 4, top + 3, side + 14, top + 13), fill=colour_of(place))
        text = "".join(c if c.isprintable() else " " for c in name)[:28]
        draw.text((side + 20, top), text, fill=_INK, font=font)
