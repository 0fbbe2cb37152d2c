"""Duplicates against real copies: how many are found, how they are named, what is welded; beside imagededup's pHash.

    python -m bench.duplicates ../shared/data [--workspace DIR]

Runs the pipeline over ``neardup_dev`` and the portraits with their half-size copies (or takes a workspace where that was done),
reads ``near_duplicates``, and prints a table; exact figures, no timing but the CPU time of the close look.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from bench.duplicates_peer import PHASH_BITS, imagededup_pairs
from charassets.images.local_features import signatures
from charassets.images.preview import decoded
from charassets.lake.fragments import Lake
from charassets.lake.store import open_store
from charassets.schema import NEAR_DUPLICATES, RAW_SHARDS, SINGLE_CHARACTER_IMAGES
from charassets.similarity.answers import DUPLICATE
from charassets.similarity.first_look import pose_of
from charassets.similarity.judgement import Seen, judge
from charassets.similarity.looker import in_the_calling_thread
from charassets.stages.collection import ALL
from charassets.stages.near_duplicates import answers_of

SOURCES = {"nd": "neardup_dev", "port": "wesnoth/portraits", "small": "wesnoth/core_small"}
Place = tuple[str, str]


def main() -> None:
    """Run, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--pairs", type=int, default=300, help="pairs timed for the close look")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = asked.workspace or Path(folder)
        if asked.workspace is None:
            sources = [part for name, path in SOURCES.items() for part in ("--source", f"{name}={asked.data / path}")]
            charassets = Path(sys.executable).with_name("charassets")
            command = [str(charassets), "run", "--workspace", str(workspace), *sources]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own program
        report(Lake(open_store(str(workspace / "lake"))), asked.data, asked.pairs)


def report(lake: Lake, data: Path, timed: int) -> None:
    """Print the figures of a lake that holds the three sources."""
    table = lake.fragment(NEAR_DUPLICATES.name, ALL)
    if table is None:
        raise SystemExit("the workspace has no near_duplicates")
    raw = [
        row
        for f in lake.fragments(RAW_SHARDS.name)
        for row in f.read(["record_id", "source", "item_key", "uri"]).to_pylist()
    ]
    place = {row["record_id"]: (row["source"], Path(row["item_key"]).name) for row in raw}
    rows = {place[row["record_id"]]: row for row in table.read().to_pylist()}
    truth = _truth(data)
    theirs, seconds = imagededup_pairs({place[row["record_id"]]: Path(row["uri"]) for row in raw})
    _print_operations(rows, truth, theirs)
    small = json.loads((data / "wesnoth" / "near_duplicates_core_small.json").read_text())
    pairs = [
        (("small", Path(p["file"]).name), ("port", Path(p["same_art_as"]).name)) for p in small if p["same_art_as"]
    ]
    together = sum(rows[a]["group_id"] == rows[b]["group_id"] for a, b in pairs)
    near = sum(frozenset(pair) in theirs for pair in pairs)
    print(f"core_small: {together} of {len(pairs)} copies in their portrait's group; imagededup: {near}")
    print(f"imagededup pHash, {PHASH_BITS} bits, BK-tree: {seconds:.1f} CPU s for {len(raw)} files")
    _print_welds(rows, truth, pairs, theirs)
    _print_speed(lake, timed)
    answers = answers_of(lambda role: table.read(role=role))
    assert answers is not None
    print("pairs looked at:", dict(Counter(answers.spelled()["answer"].to_pylist())))


def _truth(data: Path) -> dict[Place, tuple[int, str]]:
    lines = (data / "neardup_dev" / "labels.jsonl").read_text().splitlines()
    labels = [json.loads(line) for line in lines if line.strip()]
    return {("nd", label["file"]): (label["group"], label["op"]) for label in labels}


def _print_operations(
    rows: dict[Place, dict], truth: dict[Place, tuple[int, str]], theirs: set[frozenset[Place]]
) -> None:
    original = {group: name for name, (group, op) in truth.items() if op == "orig"}
    names = {row["record_id"]: name for name, row in rows.items()}
    found: dict[str, Counter] = defaultdict(Counter)
    for name, (group, op) in truth.items():
        if op == "orig":
            continue
        one, other = rows[name], rows[original[group]]
        count = found[op]
        count["n"] += 1
        count["joined"] += one["group_id"] == other["group_id"]
        count["mirror"] += bool(one["mirrored"]) != bool(other["mirrored"])
        kin = {names[r["group_id"]] for r in (one, other)} | {
            names[r["variant_of"]] for r in (one, other) if r["variant_of"]
        }
        count["variant"] += (
            one["group_id"] != other["group_id"] and len(kin) < 4 and bool(one["variant_of"] or other["variant_of"])
        )
        count["phash"] += frozenset((name, original[group])) in theirs
    print(f"{'neardup_dev':12}{'n':>5}{'joined':>8}{'mirror':>8}{'variant':>9}{'imagededup':>12}")
    for op, count in sorted(found.items()):
        print(f"{op:12}{count['n']:5}{count['joined']:8}{count['mirror']:8}{count['variant']:9}{count['phash']:12}")


def _art(
    truth: dict[Place, tuple[int, str]], pairs: Iterable[tuple[Place, Place]], names: Iterable[Place]
) -> dict[Place, str]:
    """Which drawing a file shows: ``neardup_dev`` names the portrait it was made of by its number."""
    same = dict(pairs)
    return {name: f"group {truth[name][0]}" if name in truth else same.get(name, name)[1] for name in names}


def _print_welds(
    rows: dict[Place, dict],
    truth: dict[Place, tuple[int, str]],
    pairs: list[tuple[Place, Place]],
    theirs: set[frozenset[Place]],
) -> None:
    """Groups with two drawings, to be looked at: some portraits are one drawing under two names."""
    art = _art(truth, pairs, rows)
    groups: dict[str, set[str]] = defaultdict(set)
    for name, row in rows.items():
        groups[row["group_id"]].add(art[name])
    of_neardup = [kinds for kinds in groups.values() if sum(k.startswith("group ") for k in kinds) > 1]
    print(f"neardup_dev groups welded: {len(of_neardup)}")
    for kinds in groups.values():
        drawings = sorted(k for k in kinds if not k.startswith("group "))
        if len(drawings) > 1:
            print("  one group, several names:", ", ".join(drawings))
    of_truth = [pair for pair in theirs if all(name in truth for name in pair)]
    crossing = sum(len({truth[name][0] for name in pair}) > 1 for pair in of_truth)
    print(f"imagededup: {len(of_truth)} pairs in neardup_dev, {crossing} across groups")


def _print_speed(lake: Lake, timed: int) -> None:
    previews = [
        p for f in lake.fragments(SINGLE_CHARACTER_IMAGES.name) for p in f.read(["preview"])["preview"].to_pylist() if p
    ]
    shown = [decoded(p) for p in previews[:100]]
    rng = np.random.default_rng(0)
    chosen = [(a, b) for a, b in rng.integers(0, len(shown), (timed, 2)).tolist() if a != b]
    with in_the_calling_thread():
        for way in ("by their corners", "by keypoints"):
            corners, seen = [signatures(p) for p in shown], [Seen(p) for p in shown]
            started = time.process_time()
            copies = 0
            for a, b in chosen:
                pose = pose_of(corners[a], corners[b]) if way == "by their corners" else None
                copies += judge(seen[a], seen[b], 64, 64, pose).answer == DUPLICATE
            spent = (time.process_time() - started) / len(chosen)
            print(f"close look at pairs by chance {way}: {1 / spent:.0f} pairs/s a core ({copies} copies among them)")


if __name__ == "__main__":
    main()
