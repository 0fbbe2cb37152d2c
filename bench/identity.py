"""Who is it, on characters never seen in training: right names, strangers told apart, what tags and people's corrections gain.

    python -m bench.identity [--folder DIR] [--characters 200 --references 5 --queries 20 --strangers 50]
    python -m bench.identity --wesnoth ../shared/data/wesnoth

What belongs here: asking and counting. Not here: the cast (``bench.identity_cast``). Corrections go the way of people's: into the
edit log of a workspace, out of which the gallery learns. Intervals are 95 %, from 1,000 draws of characters, not of pictures.
"""

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.identity_cast import Member, Sizes, cast, draw, processed
from bench.intervals import Measured, known_auc, share
from charassets.curation import EditLog
from charassets.curation.operations import NOBODY
from charassets.enrolment import add_folder, add_records, from_records, in_force
from charassets.extraction import extract
from charassets.growth import grow
from charassets.identification import answer_of, recogniser_of
from charassets.identity import references as kept
from charassets.identity.calibration import EMBEDDING, FUSED
from charassets.identity.recognition import Identified, Recogniser, Shown
from charassets.lake.fragments import Lake
from charassets.lake.workspace import Workspace
from charassets.schema import RAW_SHARDS
from charassets.settings import Settings, load_settings

ROUNDS = 2
_OF_A_ROUND = 5  # one query in so many is looked at by people in each round; the rest are held out


@dataclass(frozen=True, eq=False)
class Asked:
    """Pictures that are asked about: rows of references, whom each shows, by place in the cast, and its view."""

    rows: pa.Table
    who: NDArray[np.int64]
    view: NDArray[np.int64]

    def of(self, mask: NDArray[np.bool_]) -> "Asked":
        """Some of them."""
        return Asked(self.rows.filter(pa.array(mask)), self.who[mask], self.view[mask])


@dataclass(frozen=True, eq=False)
class Answers:
    """What was said of n pictures: the right name came first, was told; anybody was told; and how known it looked."""

    first: NDArray[np.bool_]
    told: NDArray[np.bool_]
    named: NDArray[np.bool_]
    score: NDArray[np.float64]


def measured(folder: Path, sizes: Sizes, shard: int = 500) -> list[Measured]:
    """Every figure of a cast; what the folder holds already is not made again."""
    people = cast(sizes)
    if not (folder / "drawn.done").is_file():
        draw(folder / "drawn", sizes)
        (folder / "drawn.done").touch()
    source = {"name": "drawn", "path": str(folder / "drawn")}
    settings = load_settings(
        {"workspace": str(folder / "w"), "sources": [source], "profile": "mini", "shards": {"records": shard}}
    )
    lake = processed(settings)
    last = sizes.references + sizes.queries
    where = {record: place for record, place in _places(lake).items() if place[1] < last}
    names = {record: people[who].name for record, (who, view) in where.items()}
    enrolled = {r: names[r] for r, (_, view) in where.items() if view < sizes.references}
    add_records(lake, settings, enrolled, "table", anew=True)
    rows, _ = from_records(lake, settings, names, dict.fromkeys(names, "asked"))
    at = np.array([where[record] for record in rows["record_id"].to_pylist()])
    queries = Asked(rows, at[:, 0], at[:, 1]).of(at[:, 1] >= sizes.references)
    drawn = len(where) - len(enrolled)
    by_mode = _by_mode(lake, settings, people, queries)
    figures = [Measured("queries in which a figure was found", len(queries.who) / drawn, np.nan, np.nan, drawn)]
    with tempfile.TemporaryDirectory(
        prefix="charassets-edits-"
    ) as place:  # a log of its own: a folder may be asked again
        rounds = _by_round(lake, settings, people, queries, sizes, EditLog(Path(place) / "edits.sqlite"))
    return [*figures, *by_mode, *rounds]


def _by_mode(lake: Lake, settings: Settings, people: Sequence[Member], queries: Asked) -> list[Measured]:
    """By embeddings alone and with attributes, over all and within the sets of one face."""
    told = {
        mode: _answers(_identified(lake, settings, queries, mode), people, queries.who) for mode in (EMBEDDING, FUSED)
    }
    known = np.array([bool(people[who].name) for who in queries.who])
    face = np.array([people[who].face is not None for who in queries.who])
    found = []
    for part, mask in (("all", known), ("one face", known & face)):
        for mode, answers in told.items():
            found.append(share(f"{part}, {mode}: right name first", answers.first, mask, queries.who))
        gain = told[FUSED].first.astype(float) - told[EMBEDDING].first
        found.append(share(f"{part}: gain by attributes of tags and picture", gain, mask, queries.who))
    for mode, answers in told.items():
        found.append(share(f"all, {mode}: named, and rightly", answers.told, known, queries.who))
        found.append(share(f"strangers, {mode}: taken for somebody", answers.named, ~known, queries.who))
        for part, mask in (("", known | ~known), (" within one face", face), (" of no set's face", ~face)):
            found.append(
                known_auc(f"{mode}: known against unknown{part}, AUC", answers.score, known, mask, queries.who)
            )
    return found


def _by_round(
    lake: Lake, settings: Settings, people: Sequence[Member], queries: Asked, sizes: Sizes, log: EditLog
) -> list[Measured]:
    """People look at one query in five a round; what they say is in the edit log, and the gallery learns from it."""
    step = max(1, sizes.queries // _OF_A_ROUND)
    held = queries.of(queries.view >= sizes.references + ROUNDS * step)
    known = np.array([bool(people[who].name) for who in held.who])
    before = _answers(_identified(lake, settings, held, FUSED), people, held.who)
    found = [_round(0, before, before, known, held.who)[0]]
    for number in range(ROUNDS):
        start = sizes.references + number * step
        seen = queries.of((queries.view >= start) & (queries.view < start + step))
        _say(log, seen, _identified(lake, settings, seen, FUSED), people)
        grown = grow(lake, settings, log)
        print(f"round {number + 1}: {grown.added} references added; {len(seen.who)} pictures looked at", flush=True)
        after = _answers(_identified(lake, settings, held, FUSED), people, held.who)
        found += _round(number + 1, before, after, known, held.who)
    return found


def _round(
    number: int, before: Answers, after: Answers, known: NDArray[np.bool_], who: NDArray[np.int64]
) -> list[Measured]:
    gain = after.first.astype(float) - before.first
    told = after.told.astype(float) - before.told
    return [
        share(f"held out, after {number} rounds: right name first", after.first, known, who),
        share(f"held out, after {number} rounds: named, and rightly", after.told, known, who),
        share(f"held out, after {number} rounds: strangers taken for somebody", after.named, ~known, who),
        known_auc(
            f"held out, after {number} rounds: known against unknown, AUC", after.score, known, known | ~known, who
        ),
        share(f"gain by {number} rounds: right name first", gain, known, who),
        share(f"gain by {number} rounds: named, and rightly", told, known, who),
    ]


def _say(log: EditLog, seen: Asked, answers: Sequence[Identified], people: Sequence[Member]) -> None:
    """What a person who knows everybody says of the answers: right ones are confirmed, wrong ones corrected."""
    said: dict[tuple[str, str], list[str]] = {}
    for record, who, answer in zip(seen.rows["record_id"].to_pylist(), seen.who, answers, strict=True):
        name = people[who].name
        if answer.name == (name or None) and not name:
            continue  # a stranger that nobody took for anybody
        op = "identity.confirm" if answer.name == name else "identity.correct"
        said.setdefault((op, name or NOBODY), []).append(record)
    for (op, name), records in said.items():
        log.append(op, {"record_ids": records, "name": name}, actor="bench")


def _identified(lake: Lake, settings: Settings, queries: Asked, mode: str) -> list[Identified]:
    gallery = in_force(lake).gallery
    figure, head = (kept.vectors(queries.rows, column, gallery.dim) for column in ("figure", "head"))
    shown = Shown(figure, head, kept.answers(queries.rows), [None] * len(figure))
    return Recogniser(gallery, settings.identity).identify(shown, mode)


def _answers(found: Sequence[Identified], people: Sequence[Member], who: NDArray[np.int64]) -> Answers:
    names = [people[k].name for k in who]
    first = [bool(one.candidates) and one.candidates[0].name == name for one, name in zip(found, names, strict=True)]
    told = [one.name is not None and one.name == name for one, name in zip(found, names, strict=True)]
    score = [one.candidates[0].score if one.candidates and one.chance else -1e6 for one in found]
    return Answers(np.array(first), np.array(told), np.array([one.name is not None for one in found]), np.array(score))


def _places(lake: Lake) -> dict[str, tuple[int, int]]:
    """Record to its place in the cast and its view, by the picture's name."""
    found: dict[str, tuple[int, int]] = {}
    for fragment in lake.fragments(RAW_SHARDS.name):
        table = fragment.read(["record_id", "item_key"])
        for record, key in zip(*(table[name].to_pylist() for name in table.column_names), strict=True):
            who, view = Path(key).stem.split("-")
            found[record] = (int(who), int(view))
    return found


def wesnoth(data: Path) -> Mapping[str, int]:
    """Half-size copies against the portraits as a gallery: how many are named rightly, and by the drawing itself."""
    truth = {Path(row["file"]).name: Path(row["same_art_as"]).stem for row in _copies(data)}
    with tempfile.TemporaryDirectory(prefix="charassets-wesnoth-") as folder:
        settings = load_settings({"workspace": folder, "profile": "mini"})
        lake = Workspace.of(settings).open_lake()
        add_folder(lake, settings, data / "portraits")
        recogniser = recogniser_of(lake, settings)
        told = {"asked": 0, "right": 0, "right by the drawing": 0, "right first, whatever the threshold": 0}
        for name, portrait in sorted(truth.items()):
            found = extract((data / "core_small" / name).read_bytes(), None, settings)
            answer = answer_of(found, recogniser, settings)
            told["asked"] += 1
            right = answer["name"] == portrait
            told["right"] += right
            told["right by the drawing"] += right and answer["drawing_of"] is not None
            best = answer["name"] or next((c["name"] for c in answer.get("candidates", ())), None)
            told["right first, whatever the threshold"] += best == portrait
    return told


def _copies(data: Path) -> list[dict[str, str]]:
    rows = json.loads((data / "near_duplicates_core_small.json").read_bytes())
    return [row for row in rows if row["same_art_as"]]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in vars(Sizes()).items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--folder", type=Path, help="work here and keep it; a run broken off goes on")
    parser.add_argument("--wesnoth", type=Path, help="measure the copies of this folder instead")
    asked = parser.parse_args()
    if asked.wesnoth is not None:
        print(json.dumps(wesnoth(asked.wesnoth), indent=1))
        return
    sizes = Sizes(asked.characters, asked.references, asked.queries, asked.strangers)
    with tempfile.TemporaryDirectory(prefix="charassets-identity-") as folder:
        print(*measured(asked.folder or Path(folder), sizes), sep="\n")


if __name__ == "__main__":
    main()
