"""A folder of portraits with exact labels: what evaluation and the fitting of fusion run on.

What belongs here: choosing the characters, writing pictures, complete tag sidecars and ``labels.jsonl``. Not here: how people
mistag pictures (``mistagging``), reading labels back (``charassets.evaluation``).
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from charassets.studio.scenes import draw_portrait
from charassets.studio.styles import Style, sample_style
from charassets.studio.traits import Attributes, sample_character
from charassets.studio.transforms import jpeg
from charassets.studio.truth import Scene
from charassets.studio.wording import count_tags, tags_of

LABELS = "labels.jsonl"
"""One line a picture: ``file``, ``identity``, ``attributes`` (name to value, ``Unknown`` where it cannot be seen)."""

FIRST_IDENTITY = 5_000_000
"""Seeds of these characters; the mini models are trained, and their own figures measured, on others."""

_SIZES = (224, 352)  # pixels of a side: what a crop of a figure in a larger picture has
_QUALITY = 92
_JUDGED = (
    "Age", "Gender", "Hair Style", "Hair Color", "Hair Length", "Eye Color", "Body Type", "Dress", "Facial Expression",
    "Accessories", "Scars", "Tattoos", "Facial Hair", "Headwear", "Skin Tone",
)  # fmt: skip


def write_labelled(out: Path, identities: int, views: int = 4, first: int = FIRST_IDENTITY) -> Path:
    """Draw ``identities * views`` portraits into ``out``; a finished folder of the same size is left as it is.

    Every character is drawn by one hand, each time in another pose, mood and framing. A sidecar ``.txt`` holds every tag that the
    picture earns: forgetting and mistaking them is for ``mistagging``.

    Args:
        out: folder, made if need be.
        identities: characters.
        views: pictures of each.
        first: seed of the first character.

    Returns:
        The labels' file.
    """
    labels = out / LABELS
    if labels.is_file() and len(labels.read_text(encoding="utf-8").splitlines()) == identities * views:
        return labels
    out.mkdir(parents=True, exist_ok=True)
    lines = []
    for identity in range(first, first + identities):
        rng = np.random.default_rng([identity, 0x1AB])
        style = sample_style(rng)
        for view in range(views):
            scene = _portrait(identity, view, style, int(rng.integers(*_SIZES)))
            stem = f"{identity}-{view}"
            (out / f"{stem}.jpg").write_bytes(jpeg(scene.pixels, _QUALITY))
            (out / f"{stem}.txt").write_text(complete_line(scene.attributes[0]) + "\n", encoding="utf-8")
            lines.append(
                {"file": f"{stem}.jpg", "identity": str(identity), "attributes": labels_of(scene.attributes[0])}
            )
    labels.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return labels


def complete_line(shown: Attributes) -> str:
    """The line of a tagger who forgets nothing; who cannot be recognised as a girl or a boy is tagged ``solo`` alone."""
    gender = shown.get("Gender")
    counted = count_tags([gender], solo=True) if isinstance(gender, str) else ["solo"]
    return ", ".join([*counted, *tags_of(shown)])


def labels_of(shown: Attributes) -> dict[str, Any]:
    """The right answer to every attribute the studio draws."""
    return {name: _label(name, shown) for name in _JUDGED}


def _label(name: str, shown: Attributes) -> str | list[str]:
    value = shown.get(name, () if name == "Accessories" else "Unknown")
    return value if isinstance(value, str) else list(value)


def _portrait(identity: int, view: int, style: Style, size: int) -> Scene:
    seed = identity * 1009 + view
    for attempt in range(20):
        scene = draw_portrait(sample_character(identity), seed + 101 * attempt, size, style=style)
        if scene.attributes:
            return scene
    raise ValueError(f"character {identity} is too pale to be seen in any picture")
