"""Draws a cast of characters never seen in training, half of them in sets of one face, and puts it through the per-shard stages.

What belongs here: the pictures, whose name says whom they show, and the lake they become. Not here: recognising anybody.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2

from charassets.lake.fragments import Lake
from charassets.lake.workspace import Workspace
from charassets.settings import Settings
from charassets.sources.intake import take_in
from charassets.stages.pipeline import shard_stages
from charassets.stages.runner import run_stage
from charassets.studio.lookalikes import same_face
from charassets.studio.mistagging import mistag
from charassets.studio.scenes import draw_portrait
from charassets.studio.traits import Character, sample_character

FIRST = 4_400_000
"""Seed of the first character; no shipped model has seen these."""

SET = 5
"""Characters of one face: four of the gallery, and one that is not."""

STAGES = (
    *("raw_shards", "single_character_images", "clip_embeddings"),
    *("tag_evidence", "visual_evidence", "character_attributes"),
)
_SIDE = 192  # px
_APART = 100  # between seeds of characters, so that sets do not meet


@dataclass(frozen=True)
class Sizes:
    """How much is drawn.

    Attributes:
        characters: of the gallery; half of them in sets of one face.
        references: pictures of each in the gallery.
        queries: pictures of each that are asked about.
        strangers: characters that are in no gallery, each asked about as often; half of them have a set's face.
    """

    characters: int = 200
    references: int = 5
    queries: int = 20
    strangers: int = 50


@dataclass(frozen=True)
class Member:
    """Somebody of the cast; ``name`` is empty for a stranger, ``face`` the set of one face."""

    who: Character
    name: str
    face: str | None


def cast(sizes: Sizes) -> list[Member]:
    """Everybody, those of the gallery first."""
    sets = min(sizes.characters // 2 // (SET - 1), sizes.strangers // 2)
    known, strangers = [], []
    for k in range(sets):
        *members, stranger = same_face(FIRST + _APART * k, SET)
        known += [Member(who, f"face {k:03d} {j}", f"{k:03d}") for j, who in enumerate(members)]
        strangers.append(Member(stranger, "", f"{k:03d}"))
    alone = (sample_character(FIRST + _APART * (sets + k)) for k in range(sizes.characters + sizes.strangers))
    known += [Member(next(alone), f"alone {k:03d}", None) for k in range(sizes.characters - len(known))]
    strangers += [Member(next(alone), "", None) for _ in range(sizes.strangers - len(strangers))]
    return known + strangers


def draw(out: Path, sizes: Sizes) -> None:
    """Draw everybody in changing hands, poses, moods and framings, each picture with a tag line as people write them."""
    out.mkdir(parents=True, exist_ok=True)
    names, shown = [], []
    for number, member in enumerate(cast(sizes)):
        for view in _views(member, sizes):
            scene = draw_portrait(member.who, (FIRST + number) * 1009 + view, _SIDE)
            names.append(f"{number:04d}-{view:03d}")
            shown.append(scene.attributes[0] if scene.attributes else {})
            cv2.imwrite(str(out / f"{names[-1]}.png"), scene.pixels[..., ::-1])
    for name, told in zip(names, mistag(shown, shown, seed=7), strict=True):
        (out / f"{name}.txt").write_text(told.line, encoding="utf-8")


def processed(settings: Settings) -> Lake:
    """The lake of a workspace whose sources went through the stages; what is there already is not computed again."""
    workspace = Workspace.of(settings)
    workspace.create()
    lake, stages = workspace.open_lake(), shard_stages(settings)
    take_in(settings, lake)
    for shard in lake.shards("source_items"):
        for name in STAGES:
            run_stage(stages[name], shard, lake)
    return lake


def _views(member: Member, sizes: Sizes) -> Iterator[int]:
    yield from range(0 if member.name else sizes.references, sizes.references + sizes.queries)
