"""Labelled collections on which classifiers are compared: drawn archetypes, avatars by style, painted portraits by gender.

What belongs here: laying out folders whose names are the labels. Not here: training on them (``bench.classifiers``).
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from bench.archetypes import write_archetypes

AVATARS_A_STYLE = 90


def archetypes(out: Path, data: Path | None) -> bool:  # noqa: ARG001 - of one kind with the others
    """Heroes and villains by a planted rule; needs no data."""
    write_archetypes(out)
    return True


def avatar_styles(out: Path, data: Path | None) -> bool:
    """The first ``AVATARS_A_STYLE`` avatars of each of dicebear's styles, by style."""
    folders = sorted(path for path in (data / "dicebear").iterdir() if path.is_dir()) if data is not None else []
    for style in folders:
        (out / style.name).mkdir(parents=True)
        for picture in sorted(style.glob("*.png"))[:AVATARS_A_STYLE]:
            shutil.copy(picture, out / style.name)
    return bool(folders)


def portrait_genders(out: Path, data: Path | None) -> bool:
    """Wesnoth's portraits by the gender that was judged by eye."""
    if data is None:
        return False
    for line in (data / "wesnoth" / "labels.jsonl").read_text(encoding="utf-8").splitlines():
        said = json.loads(line)
        if said["gender"] in ("female", "male") and said["file"].startswith("portraits/"):
            (out / said["gender"]).mkdir(parents=True, exist_ok=True)
            shutil.copy(data / "wesnoth" / said["file"], out / said["gender"])
    return True


SETS: dict[str, Callable[[Path, Path | None], bool]] = {
    "archetypes": archetypes,
    "styles": avatar_styles,
    "genders": portrait_genders,
}
"""Name of a collection to what lays it out; False where its data are not there."""
