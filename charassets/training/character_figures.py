"""Measures what clustering makes of characters never seen, by looks alone and with the traits that tags and pictures tell.

What belongs here: the drawings, the pipeline's own stages over them, the figures. Not here: the clustering.

    python -m charassets.training.character_figures
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from charassets.attributes.vocabulary import load
from charassets.lake.fragments import Lake
from charassets.lake.workspace import Workspace
from charassets.schema import CHARACTER_ATTRIBUTES, CLIP_EMBEDDINGS, RAW_SHARDS
from charassets.settings import Settings, load_settings
from charassets.similarity.clusters import ClusterRule, cluster_vectors
from charassets.similarity.joined import joined, measured_anew
from charassets.similarity.knn import build_graph
from charassets.similarity.vectors import COLUMNS, gather
from charassets.sources.intake import take_in
from charassets.stages.collection import StoredCollection
from charassets.stages.known_traits import traits_of
from charassets.stages.pipeline import shard_stages
from charassets.stages.runner import run_stage
from charassets.studio.mistagging import mistag
from charassets.studio.scenes import draw_portrait
from charassets.studio.traits import sample_character
from charassets.training.figures import Figure, b_cubed, table

_HELD_OUT, _VIEWS = 2_050_000, 9_000  # the identities and views of the scorecard's figure
_SIDE = 192  # px
_STAGES = (
    *("raw_shards", "single_character_images", "clip_embeddings"),
    *("tag_evidence", "visual_evidence", "character_attributes"),
)


def draw(out: Path, characters: int, pictures: int, *, tagged: bool) -> None:
    """Draw every character in several poses, styles and framings, with tags as people give them or with ``solo`` alone."""
    identities = [_HELD_OUT + k for k in range(characters) for _ in range(pictures)]
    scenes = [draw_portrait(sample_character(who), _VIEWS + k, _SIDE) for k, who in enumerate(identities)]
    shown = [scene.attributes[0] if scene.attributes else {} for scene in scenes]
    lines = [told.line for told in mistag(shown, shown, seed=7)] if tagged else ["solo"] * len(scenes)
    out.mkdir(parents=True, exist_ok=True)
    for k, (scene, line) in enumerate(zip(scenes, lines, strict=True)):
        cv2.imwrite(str(out / f"{k // pictures:04d}-{k % pictures}.png"), scene.pixels[..., ::-1])
        (out / f"{k // pictures:04d}-{k % pictures}.txt").write_text(line, encoding="utf-8")


def processed(settings: Settings) -> Lake:
    """The lake of a workspace whose sources went through the per-shard stages."""
    workspace = Workspace.of(settings)
    workspace.create()
    lake, stages = workspace.open_lake(), shard_stages(settings)
    for shard in take_in(settings, lake).change.shards:
        for name in _STAGES:
            run_stage(stages[name], shard, lake)
    return lake


def clustered(lake: Lake, settings: Settings, weights: Sequence[float]) -> list[float]:
    """B-cubed F at each weight of the traits; the file's name up to the dash is the character."""
    raw, embedded, answers = (
        StoredCollection(name, lake.fragments(name))
        for name in (RAW_SHARDS.name, CLIP_EMBEDDINGS.name, CHARACTER_ATTRIBUTES.name)
    )
    files = raw.table(["record_id", "item_key"])
    named = dict(zip(files["record_id"].to_pylist(), files["item_key"].to_pylist(), strict=True))
    records = sorted(embedded.table(["record_id"])["record_id"].to_pylist(), key=named.__getitem__)
    truth = np.unique([Path(named[r]).stem.partition("-")[0] for r in records], return_inverse=True)[1].tolist()
    looks = gather(embedded.batches(COLUMNS), records).values
    graph, known = build_graph(looks, settings.graph.neighbours), traits_of(answers, records, load())
    rule = ClusterRule(settings.clusters.min_cluster_size, settings.clusters.min_samples)
    found = []
    for weight in weights:
        vectors = joined(looks, known, weight)
        labels = cluster_vectors(vectors, measured_anew(graph, vectors), records, rule).label
        found.append(b_cubed(labels.tolist(), truth))
    return found


def figures(characters: int, pictures: int, weight: float) -> list[Figure]:
    """With and without tags: traits joined, beside looks alone (the last column) and no clusters at all."""
    rows = []
    alone = 2 / (pictures + 1)  # B-cubed F of pictures that are each a cluster: precision 1, recall 1 / pictures
    for tagged, what in ((True, "tags as people give them"), (False, "no tags")):
        with TemporaryDirectory(prefix="charassets-characters-") as folder:
            source = Path(folder) / "drawn"
            draw(source, characters, pictures, tagged=tagged)
            given = {"workspace": f"{folder}/w", "sources": [{"name": "drawn", "path": str(source)}], "profile": "mini"}
            settings = load_settings(given)
            by_looks, by_both = clustered(processed(settings), settings, (0.0, weight))
        title = f"{characters} characters, {what}: traits joined, beside looks alone"
        rows.append(Figure("studio", title, by_both, alone, characters * pictures, by_looks))
    return rows


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Measure the clustering of characters.")
    parser.add_argument("--characters", type=int, default=40)
    parser.add_argument("--pictures", type=int, default=6)
    parser.add_argument("--weight", type=float, default=load_settings().clusters.traits_weight)
    given = parser.parse_args()
    sys.stdout.write(table(figures(given.characters, given.pictures, given.weight)) + "\n")


if __name__ == "__main__":
    main()
