"""Films drawn by the studio: characters that move a little from frame to frame, scene after scene, in one hand's style."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from charassets.studio.posing import sample_pose
from charassets.studio.scenes import draw_portrait, draw_scene
from charassets.studio.styles import sample_style
from charassets.studio.traits import sample_character

RATE = 4
SIDE = 256


@dataclass(frozen=True)
class Scene:
    """Some seconds of one character (the number of a studio identity), or of an empty place (None)."""

    who: int | None
    seconds: int
    seed: int


def film(path: Path, scenes: Sequence[Scene], style: int = 5) -> Path:
    """Draw a film."""
    hand = sample_style(np.random.default_rng(style))
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=RATE)
        stream.width = stream.height = SIDE
        stream.pix_fmt, stream.bit_rate = "yuv420p", 4_000_000
        for scene in scenes:
            for picture in _pictures(scene, hand):
                for _ in range(RATE):
                    out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
    return path


def _pictures(scene: Scene, hand) -> list[NDArray[np.uint8]]:
    """A picture a second; the figure turns and leans."""
    if scene.who is None:
        return [draw_scene(scene.seed, SIDE, kind="nobody").pixels] * scene.seconds
    pose = replace(sample_pose(np.random.default_rng(scene.seed), "front"), held="", mirror=False)
    turned = [replace(pose, yaw=0.14 * k, tilt=0.05 * k, lean=0.03 * k) for k in range(scene.seconds)]
    who = sample_character(scene.who)
    return [
        draw_portrait(who, scene.seed, SIDE, framing="bust", style=hand, pose=p, backdrop="plain").pixels
        for p in turned
    ]
