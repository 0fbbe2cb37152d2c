"""What the attribute heads are asked, a drawing's answers, and the two squares a drawing is looked at through.

What belongs here: questions, labels, framing with the faults of a real detector. Not here: the network and the loop.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.attributes.vocabulary import load
from charassets.models.heads import (
    NOT_VISIBLE,
    Fractions,
    HeadQuestion,
    Pixels,
    figure_square,
    head_square,
)
from charassets.studio.traits import Attributes
from charassets.studio.transforms import from_jpeg, reencoded
from charassets.training.drawing import DrawnFigure
from charassets.training.prompts import UNLABELED

_ASKED = (
    "Hair Color", "Hair Length", "Hair Style", "Gender", "Facial Expression", "Facial Hair", "Headwear", "Skin Tone",
)  # fmt: skip
GLASSES = "Glasses"
_EYEWEAR = ("None", "Glasses", "Sunglasses")
# A black-and-white page shows no colours. A figure seen from behind has a gender all the same: that it is hidden teaches nothing.
_NEVER_HIDDEN = {"Gender", "Headwear"}
_MARGIN = 0.08  # the crop's margin around a person box, as the pipeline's default
_FACE_TO_HEAD = 0.3  # as the pipeline grows a face to a head
_BEND = 0.035  # of the side: how far a quarter of a head may be out of its place
# How often the head comes from its true box, from the face, from nowhere, and from a wrong place: a small detector errs.
_BOX_ODDS = {"head": 0.76, "face": 0.1, "none": 0.12, "wrong": 0.02}


def head_questions() -> tuple[HeadQuestion, ...]:
    """The attributes a picture can tell, each with every value of the vocabulary and "cannot be seen"; and what is on the eyes."""
    attributes = load().attributes
    asked = [HeadQuestion(n, n, (*(v.name for v in attributes[n].values), NOT_VISIBLE)) for n in _ASKED]
    return (*asked, HeadQuestion(GLASSES, "Accessories", (*_EYEWEAR, NOT_VISIBLE)))


def head_labels(figure: DrawnFigure, asked: tuple[HeadQuestion, ...]) -> NDArray[np.int64]:
    """Index of the right option of every question, or ``UNLABELED`` where the drawing teaches nothing."""
    return np.array([_label(question, figure.attributes, "face" in figure.boxes) for question in asked], np.int64)


def _label(question: HeadQuestion, shown: Attributes, face: bool) -> int:
    if question.name == GLASSES:
        worn = [name for name in _EYEWEAR if name in shown.get("Accessories", ())]
        return question.options.index((worn[0] if worn else "None") if face else NOT_VISIBLE)
    value = shown.get(question.attribute)
    if isinstance(value, str) and value in question.options:
        return question.options.index(value)
    return UNLABELED if question.name in _NEVER_HIDDEN else question.options.index(NOT_VISIBLE)


def lesson(figure: DrawnFigure, side: int, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
    """The head's and the figure's (side, side, 3) squares, with a detector's errors, mirrored or not, and relit alike."""
    crop, head = cropped(figure, rng)
    if rng.random() < 0.5:
        crop = np.ascontiguousarray(crop[:, ::-1])
        head = None if head is None else (1 - head[2], head[1], 1 - head[0], head[3])
    crop = _relit(crop, rng)
    return _turned(head_square(crop, head, side), rng), figure_square(crop, side)


def cropped(figure: DrawnFigure, rng: np.random.Generator) -> tuple[Pixels, Fractions | None]:
    """A crop as the pipeline would store it - the figure with its margin, or the whole picture - and the head it would find."""
    picture = from_jpeg(figure.jpeg)
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = figure.boxes["person"] if rng.random() < 0.7 else (0.0, 0.0, float(width), float(height))
    grow = _MARGIN + rng.normal(0, 0.04)
    left, top = max(0, int(x0 - grow * (x1 - x0))), max(0, int(y0 - grow * (y1 - y0)))
    right, bottom = min(width, int(x1 + grow * (x1 - x0)) + 1), min(height, int(y1 + grow * (y1 - y0)) + 1)
    crop = np.ascontiguousarray(picture[top:bottom, left:right])
    box = _found_head(figure, rng)
    if box is None:
        return crop, None
    place = np.array([left, top, left, top]), np.array([right - left, bottom - top] * 2)
    x0, y0, x1, y1 = (float(v) for v in np.clip((np.array(box) - place[0]) / place[1], 0, 1))
    return crop, (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def _found_head(figure: DrawnFigure, rng: np.random.Generator) -> tuple[float, float, float, float] | None:
    how = str(rng.choice(list(_BOX_ODDS), p=list(_BOX_ODDS.values())))
    if how == "wrong":
        x0, y0, x1, y1 = figure.boxes["person"]
        side = rng.uniform(0.2, 0.6) * min(x1 - x0, y1 - y0)
        x, y = rng.uniform(x0, x1 - side), rng.uniform(y0, y1 - side)
        return x, y, x + side, y + side
    box = figure.boxes.get(how)
    if box is None:
        return None
    x0, y0, x1, y1 = box
    grow = _FACE_TO_HEAD if how == "face" else 0.0
    width, height = (x1 - x0) * (1 + 2 * grow), (y1 - y0) * (1 + 2 * grow)
    x = (x0 + x1) / 2 + rng.normal(0, 0.07) * width
    y = (y0 + y1) / 2 + rng.normal(0, 0.07) * height
    width, height = width * np.exp(rng.normal(0, 0.15)), height * np.exp(rng.normal(0, 0.15))
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _relit(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Small changes that leave every colour its name: light, tint, contrast, blur, compression, noise."""
    out = picture
    if rng.random() < 0.6:
        gain, contrast = rng.uniform(0.85, 1.15) * rng.uniform(0.95, 1.05, 3), rng.uniform(0.85, 1.2)
        out = np.clip((out * gain - 128) * contrast + 128, 0, 255).astype(np.uint8)
    choice = rng.random()
    if choice < 0.12:
        return np.asarray(cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.4, 1.1))), np.uint8)
    if choice < 0.24:
        return np.clip(out + rng.normal(0, rng.uniform(2, 10), out.shape), 0, 255).astype(np.uint8)
    return reencoded(out, int(rng.integers(30, 80))) if choice < 0.34 else out


def _turned(square: Pixels, rng: np.random.Generator) -> Pixels:
    """The square turned, scaled, stretched and bent a little, as if drawn by somebody with other proportions."""
    if rng.random() < 0.25:
        return square
    side = square.shape[0]
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), float(rng.normal(0, 8)), float(rng.uniform(0.88, 1.14)))
    turn[0] *= rng.uniform(0.88, 1.14)
    if rng.random() < 0.5:
        return np.asarray(cv2.warpAffine(square, turn, (side, side), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    rows, columns = np.mgrid[:side, :side].astype(np.float32)
    bends = [rng.normal(0, _BEND * side, (4, 4)).astype(np.float32) for _ in range(2)]
    x, y = (cv2.resize(bend, (side, side), interpolation=cv2.INTER_CUBIC) for bend in bends)
    x, y = x + columns, y + rows
    places = turn[0, 0] * x + turn[0, 1] * y + turn[0, 2], turn[1, 0] * x + turn[1, 1] * y + turn[1, 2]
    x, y = (np.asarray(place, np.float32) for place in places)
    return np.asarray(cv2.remap(square, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)
