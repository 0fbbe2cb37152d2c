"""Real art with labels: where it lies, what would be a right answer, and the pipeline's own look at it.

What belongs here: the sets of ``shared/data`` in the vocabulary's words. Not here: what is computed from them. They are read to
choose and to measure, never to train, and never copied.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa

from charassets.attributes.vocabulary import UNKNOWN, load
from charassets.images.decode import decode
from charassets.models.heads import Fractions, Pixels
from charassets.schema import RAW_SHARDS
from charassets.settings import ImageSettings, Settings
from charassets.sources.fetch import image_id
from charassets.stages.contract import Batch
from charassets.stages.single_character_images import SingleCharacterImages

Truth = Mapping[str, frozenset[str]]
"""For each question (an attribute, or Glasses) every answer a person would accept; a question not judged is missing."""

_NOTHING = "None"
_EXPRESSIONS = {
    "happy": "Happy", "smile": "Happy", "laughing": "Happy", "sad": "Sad", "frown": "Sad", "surprised": "Surprised",
    "serious": "Serious", "smirk": "Smug,Happy", "scream": "Surprised,Scared", "worried": "Sad,Scared",
}  # fmt: skip
_LENGTHS = {"short": "Short,Very Short", "long": "Long,Very Long"}
_BEARDS = {"none": "None", "mustache": "Mustache", "beard": "Beard,Goatee", "stubble": "Stubble"}
_STYLES = {"braids": "Braid", "bob": "Bob,Straight"}
# Hats as their artists call them; what has no name in the vocabulary is not judged.
_HATS = {
    "hat": "Hat,Cap",
    "winter hat": "Hat,Cap",
    "tiara": "Crown,Headband",
    "turban": "",
    "hijab": "",
    "cat ears": "",
}
_HEADGEAR = {"helmet": "Helmet", "hood": "Hood", "hat": "Hat,Cap", "crown": "Crown", "headband": "Headband"}
# Lightness (CIE L) from which a skin may be called so: neighbours overlap, as people disagree there.
_TONES = {"Pale": (82, 101), "Light": (70, 93), "Tan": (48, 78), "Dark": (0, 58)}
_WITH_HATS = {"avataaars", "bigSmile", "micah", "pixelArt"}  # styles whose artists draw headwear at all


@dataclass(frozen=True)
class RealPicture:
    """One picture of a real set: ``set`` names the artist's style, ``truth`` the right answers."""

    set: str
    file: Path
    truth: Truth


@dataclass(frozen=True)
class Crop:
    """What the pipeline stores of a picture: the figure, and where its head is, if it was found."""

    picture: RealPicture
    pixels: Pixels
    head: Fractions | None


def rows_of(file: Path) -> list[dict[str, Any]]:
    """The objects of a JSONL file."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def pixels_of(file: Path) -> Pixels:
    """A picture file as the pipeline decodes it."""
    return decode(file.read_bytes(), ImageSettings()).pixels


def portraits(data: Path) -> list[RealPicture]:
    """Every single character with labels: painted portraits, and flat avatars in several artists' styles."""
    found = [
        RealPicture("wesnoth", data / "wesnoth" / row["file"], _painted(row))
        for row in rows_of(data / "wesnoth" / "labels.jsonl")
    ]
    for style in sorted(path for path in (data / "dicebear").iterdir() if path.is_dir()):
        found += [
            RealPicture(style.name, data / "dicebear" / row["file"], _flat(row, style.name))
            for row in rows_of(style / "truth.jsonl")
        ]
    return found


def raw_rows(files: Sequence[Path], tags: str | None = None) -> pa.Table:
    """Files as ``raw_shards`` would list them, all tagged alike; the path is the record's id."""
    rows = []
    for file in files:
        content = file.read_bytes()
        place = {"record_id": str(file), "source": "real", "item_key": str(file), "kind": "file", "uri": str(file)}
        rows.append({**place, "tags": tags, "length": len(content), "image_id": image_id(content)})
    return pa.Table.from_pylist(rows, schema=RAW_SHARDS.arrow)


def measured(files: Sequence[Path], settings: Settings, *, tags: str | None = None, batch: int = 64) -> pa.Table:
    """The rows of ``single_character_images`` for some files, in order, by the stage itself."""
    table = raw_rows(files, tags)
    batches = (Batch(table.slice(first, batch)) for first in range(0, len(files), batch))
    return pa.concat_tables([outcome.rows for outcome in SingleCharacterImages(settings).process(batches)])


def crops(pictures: Sequence[RealPicture], settings: Settings) -> Iterator[Crop]:
    """The crops that the pipeline cuts from pictures tagged ``solo``, as single characters of a tagged collection are."""
    by_file = {str(picture.file): picture for picture in pictures}
    table = measured([picture.file for picture in pictures], settings, tags="solo").select(
        ["record_id", "crop", "head_box"]
    )
    limits = ImageSettings(min_side=1, max_aspect=1e6)
    for row in table.to_pylist():
        if row["crop"] is not None:
            head = tuple(row["head_box"]) if row["head_box"] else None
            yield Crop(by_file[row["record_id"]], decode(row["crop"], limits).pixels, head)


def _accepted(names: str) -> frozenset[str]:
    return frozenset(names.split(","))


def _painted(row: Mapping[str, Any]) -> Truth:
    truth: dict[str, frozenset[str]] = {}
    if row["hair_visible"] and row["hair_color_accept"]:
        truth["Hair Color"] = frozenset(color.title() for color in row["hair_color_accept"])
    if row["hair_visible"] is False:
        # Under a helmet or a hood every colour, length and style is wrong.
        truth |= dict.fromkeys(("Hair Color", "Hair Length", "Hair Style"), frozenset({UNKNOWN}))
    if row["hair_visible"] and row["hair_length"]:
        truth["Hair Length"] = _length(row["hair_length"])
    if row["facial_hair"] and not row["nonhuman_or_monster"]:
        truth["Facial Hair"] = _accepted(_BEARDS[row["facial_hair"]])
    if row["gender"] and not row["nonhuman_or_monster"]:
        truth["Gender"] = frozenset({row["gender"].title()})
    worn = [_HEADGEAR[name] for name in row["headgear"] if name in _HEADGEAR]
    if len(worn) == len(row["headgear"]):
        truth["Headwear"] = _accepted(",".join(worn) or _NOTHING)
    return truth


def _length(name: str) -> frozenset[str]:
    return _accepted(_LENGTHS.get(name, name.title()))


def _flat(row: Mapping[str, Any], style: str) -> Truth:
    said = row["attributes"]
    truth = {"Skin Tone": _tones(said["skin_tone_hex"])} if said.get("skin_tone_hex") else {}
    if said["hair_color"]:
        colors = said.get("hair_color_accept") or [said["hair_color"]]
        truth["Hair Color"] = frozenset(color.title() for color in colors)
    if said["hair_length"] and not row.get("hair_length_border"):
        truth["Hair Length"] = _length(said["hair_length"])
    if said["facial_hair"]:
        truth["Facial Hair"] = _accepted(_BEARDS[said["facial_hair"]])
    if said["glasses"] is not None:
        truth["Glasses"] = _eyewear(said["glasses"], said["accessories"])
    if said["expression"] in _EXPRESSIONS:
        truth["Facial Expression"] = _accepted(_EXPRESSIONS[said["expression"]])
    name = _STYLES.get(said["hair_style"] or "", (said["hair_style"] or "").title())
    if _accepted(name) <= {value.name for value in load().attributes["Hair Style"].values}:
        truth["Hair Style"] = _accepted(name)
    hats = [hat for hat in said["accessories"] if hat in _HATS]
    if style in _WITH_HATS and all(_HATS[hat] for hat in hats):
        truth["Headwear"] = _accepted(",".join(_HATS[hat] for hat in hats) or _NOTHING)
    return truth


def _eyewear(worn: bool, accessories: Sequence[str]) -> frozenset[str]:
    if "sunglasses" in accessories:
        return frozenset({"Sunglasses", "Glasses"})
    return frozenset({"Glasses"}) if worn else frozenset({_NOTHING, UNKNOWN})


def _tones(color: str) -> frozenset[str]:
    rgb = np.array([[[int(color[k : k + 2], 16) for k in (0, 2, 4)]]], np.float32) / 255
    lightness = float(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)[0, 0, 0])
    return frozenset(name for name, (low, high) in _TONES.items() if low <= lightness < high)
