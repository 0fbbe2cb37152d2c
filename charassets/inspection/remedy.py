"""The one setting that would change an image's fate, found by asking the rule itself.

What belongs here: which settings to try, and how near their new value is. Not here: the rules; they are run as they are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from charassets.schema import SINGLE_CHARACTER_IMAGES
from charassets.settings import GateSettings, Settings
from charassets.stages.gates import judge_of

_QUALITY = {"min_sharpness": "sharpness", "min_contrast": "contrast", "min_information": "information"}
_SCORES = ("person_score", "head_score", "face_score", "second_figure_score", "trace_score")
_SHARES = ("second_figure_area", "large_figure_area", "same_figure_overlap", "same_figure_drop", "cutout_coverage")
_STEPS = tuple(step / 10 for step in range(11))
_JUDGED = frozenset({"kept", "none", "multiple", "ambiguous", "low_quality"})
_LIMITS = {
    "too_many_bytes": "images.max_bytes",
    "too_many_pixels": "images.max_pixels",
    "too_small": "images.min_side",
    "extreme_aspect": "images.max_aspect",
}
_NUDGE = 1e-4  # scores are float32: just above and just below a value


@dataclass(frozen=True)
class Remedy:
    """A setting and the value of it that changes the fate.

    Attributes:
        setting: as ``--set`` takes it.
        now: its present value.
        needed: the nearest value found; None where only its name is known.
        verdict: what the image would then be.
    """

    setting: str
    now: float | bool
    needed: float | bool | None
    verdict: str

    def told(self) -> str:
        """One sentence."""
        if self.needed is None:
            return f"{self.setting} (now {_shown(self.now)}) is the limit it broke"
        return f"{self.setting}={_shown(self.needed)} (now {_shown(self.now)}) would make it {self.verdict}"


def remedy(
    fate: Mapping[str, Any], image: Mapping[str, Any], duplicate: Mapping[str, Any] | None, settings: Settings
) -> Remedy | None:
    """The setting nearest to its present value that changes the fate; None where no setting does.

    Args:
        fate: row of ``all_records``.
        image: row of ``single_character_images`` without the crop.
        duplicate: row of ``near_duplicates``.
        settings: as they are now.
    """
    kind = fate.get("fate")
    if kind == "rejected" and fate.get("code") in _LIMITS:
        name = _LIMITS[fate["code"]]
        return Remedy(name, getattr(settings.images, name.partition(".")[2]), None, "readable")
    if kind == "duplicate" and duplicate is not None:
        return _apart(duplicate, settings)
    if kind in _JUDGED and image.get("width"):
        return _judged_otherwise(image, settings.gates, wanted=kind != "kept")
    return None


def _apart(duplicate: Mapping[str, Any], settings: Settings) -> Remedy | None:
    """What would make a copy a picture of its own: a stricter limit of similarity."""
    rule, cosine, bits = settings.duplicates, duplicate.get("cosine"), duplicate.get("phash_distance")
    if duplicate.get("relation") == "exact":
        return None
    if bits:
        return Remedy("duplicates.phash_bits", rule.phash_bits, bits - 1, "a picture of its own")
    if cosine is not None and cosine + _NUDGE < 1:
        return Remedy("duplicates.cosine", rule.cosine, round(cosine + _NUDGE, 4), "a picture of its own")
    return None


def _judged_otherwise(image: Mapping[str, Any], gates: GateSettings, *, wanted: bool) -> Remedy | None:
    """The nearest gate with which the picture is (or, where it is kept, is not) single."""
    columns = SINGLE_CHARACTER_IMAGES.arrow
    table = pa.Table.from_pylist([{name: image.get(name) for name in columns.names}], schema=columns)
    judge = judge_of(table)
    for name, value, _ in sorted(_candidates(image, gates), key=lambda candidate: candidate[2]):
        verdict = judge(gates.model_copy(update={name: value}))
        if (verdict == "single") is wanted:
            return Remedy(f"gates.{name}", getattr(gates, name), value, verdict)
    return None


def _candidates(image: Mapping[str, Any], gates: GateSettings) -> Iterator[tuple[str, float | bool, float]]:
    """Gates with other values, and how far these are from the present ones, 0-1 where both ends are known."""
    side = min(image["width"], image["height"])
    for value in (side, side + 1):
        yield "min_side", value, abs(value - gates.min_side) / max(value, gates.min_side)
    for name, column in _QUALITY.items():
        measured, now = float(image[column]), getattr(gates, name)
        for value in (max(0.0, _below(measured)), _above(measured)):
            yield name, value, abs(value - now) / max(value, now, _NUDGE)
    scores = sorted({float(box["score"]) for box in image["boxes"] or ()})
    beside = {_below(score) for score in scores} | {_above(score) for score in scores}
    for names, values in ((_SCORES, sorted(v for v in beside if 0 <= v <= 1)), (_SHARES, _STEPS)):
        for name in names:
            now = getattr(gates, name)
            yield from ((name, value, abs(value - now)) for value in values if value != now)
    for name in ("trust_cutouts", "trust_solo_tags"):
        yield name, not getattr(gates, name), 1.0


def _below(value: float) -> float:
    return round(value - _NUDGE, 4)


def _above(value: float) -> float:
    return round(value + _NUDGE, 4)


def _shown(value: float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"
