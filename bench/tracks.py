"""Characters through drawn films: are the tracks right, and at which likeness are they best.

Every film has one hand, several characters and a few shots of each, by turns as in a dialogue; in a shot the figure turns and
leans a little from frame to frame. What is measured is what Try it and the asset ``tracks`` use: extraction, stretches, joining.
No gallery is asked.

    python -m bench.tracks [--seed N] [--films 4] [--characters 4] [--likeness 0.4 0.5 0.6]
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from charassets.appearances import Moment, tracks_of
from charassets.extraction import extract
from charassets.settings import Settings, load_settings
from charassets.sources.video import png
from charassets.studio.posing import sample_pose
from charassets.studio.scenes import draw_portrait
from charassets.studio.styles import Style, sample_style
from charassets.studio.traits import Character, sample_character

_FRAMINGS = ("bust", "upper", "head")  # of a character's shots; the second is seen from the side
_FRAMES = 3  # of a shot, two seconds apart
_SIDE = 384


@dataclass(frozen=True)
class Score:
    """B-cubed of the tracks of some films (Bagga and Baldwin, 1998), over frames with a figure.

    Attributes:
        frames: how many. tracks: how many tracks they are in. characters: how many they show.
        precision: of the frames in a frame's track the share that shows its character.
        recall: of the frames of its character the share that is in its track.
    """

    frames: int
    tracks: int
    characters: int
    precision: float
    recall: float


def film(rng: np.random.Generator, characters: int, settings: Settings) -> tuple[list[Moment], list[int]]:
    """The frames of a film, extracted, and whom each shows."""
    hand = sample_style(rng)
    cast = [sample_character(int(rng.integers(1 << 40))) for _ in range(characters)]
    moments, shown = [], []
    for shot, framing in enumerate(_FRAMINGS):
        for who, character in enumerate(cast):
            for pixels in _shot(rng, character, hand, framing, turned=shot == 1):
                scene, time_s = shot * characters + who, 2.0 * len(moments)
                moments.append(Moment(time_s, scene, extract(png(pixels), None, settings)))
                shown.append(who)
    return moments, shown


def _shot(rng: np.random.Generator, who: Character, hand: Style, framing: str, *, turned: bool) -> Iterator[np.ndarray]:
    pose, seed = sample_pose(rng, "three-quarter" if turned else "front"), int(rng.integers(1 << 30))
    for k in range(_FRAMES):
        moved = replace(pose, yaw=pose.yaw + 0.12 * k, tilt=pose.tilt + 0.05 * k, lean=pose.lean + 0.03 * k, held="")
        yield draw_portrait(who, seed, _SIDE, framing=framing, style=hand, pose=moved).pixels


def score(films: list[tuple[list[Moment], list[int]]], settings: Settings) -> Score:
    """How right the tracks of films are."""
    precision, recall, tracks, characters = [], [], 0, 0
    for moments, shown in films:
        found = tracks_of(moments, settings)
        of = {k: number for number, track in enumerate(found) for part in track.stretches for k in part}
        tracks, characters = tracks + len(found), characters + len({shown[k] for k in of})
        for k, number in of.items():
            together = {j for j, other in of.items() if other == number}
            same = {j for j in of if shown[j] == shown[k]}
            precision.append(len(together & same) / len(together))
            recall.append(len(together & same) / len(same))
    return Score(len(precision), tracks, characters, float(np.mean(precision)), float(np.mean(recall)))


def main() -> None:
    """Draw, link, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--films", type=int, default=4)
    parser.add_argument("--characters", type=int, default=4)
    parser.add_argument("--likeness", type=float, nargs="+", default=[])
    asked = parser.parse_args()
    settings = load_settings()
    rng = np.random.default_rng([asked.seed, 0xF1])
    films = [film(rng, asked.characters, settings) for _ in range(asked.films)]
    print("| likeness | frames | characters | tracks | precision | recall |\n" + "|---" * 6 + "|")
    for likeness in asked.likeness or [settings.tracks.likeness]:
        tracks = settings.tracks.model_copy(update={"likeness": likeness})
        found = score(films, settings.model_copy(update={"tracks": tracks}))
        cells = (
            likeness,
            found.frames,
            found.characters,
            found.tracks,
            f"{found.precision:.3f}",
            f"{found.recall:.3f}",
        )
        print(f"| {' | '.join(map(str, cells))} |")


if __name__ == "__main__":
    main()
