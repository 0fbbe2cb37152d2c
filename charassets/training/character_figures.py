"""Measures what clustering makes of characters never seen: by the figure alone, with its head, and with the traits that are told.

What belongs here: the drawings, the pipeline's own stages over them, the figures. Not here: the clustering.

    python -m charassets.training.character_figures [--data ../shared/data]

With ``--data`` it also looks at other hands' art: wesnoth portraits and their re-cropped copies, where a character is a pair, and
avatars, of which no two are one character, so that whatever is joined there is wrong.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
from charassets.similarity.joined import joined, looks, measured_anew
from charassets.similarity.knn import build_graph
from charassets.similarity.vectors import WITH_HEADS, gather_each
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
_AVATARS = 70  # of each style
_PAIRS = {"min_cluster_size": 2, "min_samples": 1}
_STAGES = (
    *("raw_shards", "single_character_images", "clip_embeddings"),
    *("tag_evidence", "visual_evidence", "character_attributes"),
)

Named = Callable[[str], str]
"""The character that a file shows, by the file's name."""


@dataclass(frozen=True)
class Weights:
    """The say of the head beside the figure, and of traits beside both."""

    head: float
    traits: float


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


def clustered(lake: Lake, settings: Settings, weights: Sequence[Weights], named: Named) -> tuple[list[float], int]:
    """B-cubed F at each of the weights, and the number of pictures."""
    raw, embedded, answers = (
        StoredCollection(name, lake.fragments(name))
        for name in (RAW_SHARDS.name, CLIP_EMBEDDINGS.name, CHARACTER_ATTRIBUTES.name)
    )
    files = raw.table(["record_id", "item_key"])
    key = dict(zip(files["record_id"].to_pylist(), files["item_key"].to_pylist(), strict=True))
    records = sorted(embedded.table(["record_id"])["record_id"].to_pylist(), key=key.__getitem__)
    truth = np.unique([named(Path(key[r]).name) for r in records], return_inverse=True)[1].tolist()
    whole, heads = gather_each(embedded.batches, records, WITH_HEADS)
    figures = whole.values
    graph, known = build_graph(figures, settings.graph.neighbours), traits_of(answers, records, load())
    given = settings.clusters
    rule = ClusterRule(given.min_cluster_size, given.min_samples, given.max_share)
    found = []
    for weight in weights:
        vectors = joined(looks(figures, heads, weight.head), known, weight.traits)
        labels = cluster_vectors(vectors, measured_anew(graph, vectors), records, rule).label
        found.append(b_cubed(labels.tolist(), truth))
    return found, len(records)


def drawn_figures(characters: int, pictures: int, weights: Weights) -> list[Figure]:
    """Of studio characters, with tags and without."""
    alone = 2 / (pictures + 1)  # B-cubed F of pictures that are each a cluster: precision 1, recall 1 / pictures
    rows = []
    for tagged, what in ((True, "tags as people give them"), (False, "no tags")):
        with TemporaryDirectory(prefix="charassets-characters-") as folder:
            draw(Path(folder) / "drawn", characters, pictures, tagged=tagged)
            sources = {"drawn": Path(folder) / "drawn"}
            title = f"{characters} characters, {what}"
            rows += _measured("studio", title, folder, sources, {}, weights, _before_the_dash, alone)
    return rows


def real_figures(data: Path, weights: Weights) -> list[Figure]:
    """Of other hands' art, without tags."""
    copies = json.loads((data / "wesnoth" / "near_duplicates_core_small.json").read_text(encoding="utf-8"))
    same = {Path(row["file"]).name: Path(row["same_art_as"]).name for row in copies if row["same_art_as"]}
    sources = {"portraits": data / "wesnoth" / "portraits", "copies": data / "wesnoth" / "core_small"}
    with TemporaryDirectory(prefix="charassets-characters-") as folder:
        rows = _measured(
            *("wesnoth", "portraits and their copies", folder, sources, _PAIRS, weights),
            lambda name: same.get(name, name),
        )
    with TemporaryDirectory(prefix="charassets-characters-") as folder:
        chosen = Path(folder) / "drawn"
        chosen.mkdir()
        for style in sorted(path for path in (data / "dicebear").iterdir() if path.is_dir()):
            for picture in sorted(style.glob("*.png"))[:_AVATARS]:
                shutil.copyfile(picture, chosen / picture.name)
        title = "avatars, each somebody else"
        return rows + _measured("dicebear", title, folder, {"drawn": chosen}, {}, weights, lambda name: name, 1.0)


def _measured(
    of: str,
    title: str,
    folder: str,
    sources: Mapping[str, Path],
    rule: Mapping[str, int],
    weights: Weights,
    named: Named,
    alone: float | None = None,
) -> list[Figure]:
    """The three steps: figure, with its head, with traits; ``alone`` is what no clusters at all would reach."""
    listed = [{"name": name, "path": str(path)} for name, path in sources.items()]
    settings = load_settings({"workspace": f"{folder}/w", "sources": listed, "profile": "mini", "clusters": dict(rule)})
    steps = {
        "figure": Weights(0, 0),
        "figure and head": Weights(weights.head, 0),
        "figure, head, traits": weights,
    }
    values, n = clustered(processed(settings), settings, list(steps.values()), named)
    return [Figure(of, f"{title}: {step}", v, alone, n) for step, v in zip(steps, values, strict=True)]


def _before_the_dash(name: str) -> str:
    return Path(name).stem.partition("-")[0]


def main() -> None:
    """Command line."""
    rule = load_settings().clusters
    parser = argparse.ArgumentParser(description="Measure the clustering of characters.")
    parser.add_argument("--characters", type=int, default=40)
    parser.add_argument("--pictures", type=int, default=6)
    parser.add_argument("--head", type=float, default=rule.head_weight)
    parser.add_argument("--traits", type=float, default=rule.traits_weight)
    parser.add_argument("--data", type=Path, help="folder of other hands' art")
    given = parser.parse_args()
    weights = Weights(given.head, given.traits)
    rows = drawn_figures(given.characters, given.pictures, weights)
    rows += real_figures(given.data, weights) if given.data else []
    sys.stdout.write(table(rows) + "\n")


if __name__ == "__main__":
    main()
