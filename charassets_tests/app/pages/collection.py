"""A small collection drawn by the studio and run through the real stages: what the browser tests look at.

What belongs here: the pictures, and the steps of a run without Dagster around them.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from charassets import warehouse
from charassets.curation import EditLog, take_snapshot
from charassets.enrolment import add_records
from charassets.lake.fragments import Lake
from charassets.lake.workspace import Workspace
from charassets.settings import Settings, load_settings
from charassets.sources.intake import take_in
from charassets.stages.character_identities import CharacterIdentities
from charassets.stages.collection import run_collection
from charassets.stages.pipeline import collection_stages, shard_stages
from charassets.stages.runner import run_stage
from charassets.studio.scenes import draw_portrait, draw_scene
from charassets.studio.traits import sample_character

SIDE = 224
CHARACTERS, POSES = 4, 5
OTHERS = 8


def draw(folder: Path) -> None:
    """Characters in several poses, others alone, two copies, a group and an empty scene; a few tags are wrong."""
    folder.mkdir(parents=True)
    for who in range(CHARACTERS):
        character = sample_character(who)
        for pose in range(POSES):
            scene = draw_portrait(character, 100 * who + pose, SIDE)
            _save(folder / f"hero{who}-{pose}.png", scene.pixels, scene.tags)
    for seed in range(OTHERS):
        scene = draw_scene(500 + seed, SIDE, kind="single")
        wrong = ", blue_hair, red_hair, short_hair, very_long_hair" if seed % 2 else ""
        _save(folder / f"other-{seed}.png", scene.pixels, scene.tags + wrong)
        if seed < 2:  # noqa: PLR2004 - two copies
            small = Image.fromarray(scene.pixels).resize((200, 200), Image.Resampling.LANCZOS)
            _save(folder / f"copy-{seed}.png", np.asarray(small), scene.tags)
    for kind, seed in (("group", 41), ("nobody", 43)):
        scene = draw_scene(seed, SIDE, kind=kind)
        _save(folder / f"{kind}.png", scene.pixels, scene.tags)


def _recognise(settings: Settings, lake: Lake, shards: Sequence[str]) -> None:
    """Two poses of two characters are their references; the others of theirs are recognised, and the rest are strangers."""
    rows = [
        row for fragment in lake.fragments("raw_shards") for row in fragment.read(["record_id", "item_key"]).to_pylist()
    ]
    names = {"hero0-0": "Aoi", "hero0-1": "Aoi", "hero1-0": "Botan", "hero1-1": "Botan"}
    known = {row["record_id"]: names[Path(row["item_key"]).stem] for row in rows if Path(row["item_key"]).stem in names}
    add_records(lake, settings, known, "table")
    for shard in shards:
        run_stage(CharacterIdentities(settings), shard, lake)


def _save(path: Path, pixels: np.ndarray, tags: str) -> None:
    Image.fromarray(pixels).save(path)
    path.with_suffix(".txt").write_text(tags, encoding="utf-8")


def make(folder: Path) -> tuple[Workspace, Settings]:
    """Draw, take in, run every stage, build the warehouse."""
    draw(folder / "pictures")
    source = {"name": "drawn", "path": str(folder / "pictures")}
    flags = {
        "workspace": str(folder / "work"),
        "sources": [source],
        "clusters": {"min_cluster_size": 2, "min_samples": 1},
    }
    settings = load_settings(flags)
    workspace = Workspace.of(settings)
    workspace.create()
    lake = workspace.open_lake()
    shards = take_in(settings, lake).change.shards
    for stage in shard_stages(settings).values():
        for shard in shards:
            run_stage(stage, shard, lake)
    _recognise(settings, lake, shards)
    take_snapshot(EditLog(workspace.edit_log), lake)
    for stage in collection_stages(settings).values():
        run_collection(stage, lake)
    warehouse.build(workspace, lake, settings)
    return workspace, settings
