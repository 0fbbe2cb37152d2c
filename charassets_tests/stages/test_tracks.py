"""Characters through films, through the real runner and the real warehouse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charassets import warehouse
from charassets.curation import EditLog
from charassets.curation.snapshot import take_snapshot
from charassets.lake.workspace import Workspace
from charassets.settings import load_settings
from charassets.sources.intake import take_in
from charassets.stages.collection import ALL, run_collection
from charassets.stages.pipeline import collection_stages, shard_stages
from charassets.stages.promises import CONTRACTS
from charassets.stages.runner import run_stage
from charassets.stages.track_health import track_health
from charassets.stages.track_rows import spans
from charassets.stages.tracks import Tracks
from charassets_tests.film import Scene, film
from charassets_tests.warehouse.small_lake import PERSON, commit, settings_for

SHARD = "shard-00000"


def lake_of(folder, frames, **flags):
    """A lake of frames: name, episode, scene, seconds, direction of the embedding (None: nobody), words of the row."""
    settings = settings_for(folder, **flags)
    workspace = Workspace.of(settings)
    workspace.create()
    lake = workspace.open_lake()
    raw, images, embedded = [], [], []
    for name, episode, scene, time_s, degrees, words in frames:
        place = {"episode": episode, "scene": scene, "time_s": time_s}
        raw.append(
            {"record_id": name, "source": "show", "item_key": name, "kind": "file", "uri": "/x", **place, **words}
        )
        image = {"record_id": name, "image_id": f"image-{name}", "width": 200, "height": 300, "sharpness": 300.0}
        image |= {"contrast": 0.8, "information": 6.0, "boxes": [PERSON] if degrees is not None else [], "cut_off": []}
        images.append(image | ({"crop_box": [0, 0, 100, 300]} if degrees is not None else {}))
        if degrees is not None:
            vector = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], "<f2").tobytes()
            key = {"record_id": name, "crop_id": f"crop-{name}", "model": "drawn@0", "dim": 2}
            embedded.append({**key, "embedding": vector})
    item = {"source": "show", "item_key": SHARD, "kind": "file", "uri": "/x", "first": 0, "count": 1, "digest": "d"}
    commit(lake, "source_items", SHARD, [item])
    for table, rows in (("raw_shards", raw), ("single_character_images", images), ("clip_embeddings", embedded)):
        commit(lake, table, SHARD, rows, [row["record_id"] for row in rows])
    return workspace, lake, settings


def said(lake, names):
    """Whom the gallery sees on frames: name and chance."""
    rows = [
        {
            "record_id": record,
            "name": name if chance >= 0.5 else None,
            "chance": chance,
            "similarity": 0.7,
            "traits": 0.0,
        }
        | {"margin": 1.0, "candidates": [{"name": name, "similarity": 0.7, "score": 3.0}]}
        for record, (name, chance) in names.items()
    ]
    commit(lake, "character_identities", SHARD, rows, list(names))


def tracks(lake, settings):
    run_collection(Tracks(settings), lake)
    fragment = stored(lake)
    for contract in CONTRACTS["tracks"]:
        assert contract.broken(lake, fragment) is None, contract.name
    return fragment.read().to_pylist()


def stored(lake):
    fragment = lake.fragment("tracks", ALL)
    assert fragment is not None
    return fragment


def skipped(lake):
    books = stored(lake).read(role="books").to_pylist()
    return {line["record_id"]: line["code"] for line in books if line["outcome"] == "skipped"}


def frames_of(episode, *frames):
    return [
        (f"{episode}-{k}", episode, scene, time_s, degrees, {}) for k, (scene, time_s, degrees) in enumerate(frames)
    ]


TWO = frames_of("ep1", (0, 0, 0), (0, 2, 5), (1, 4, 120), (1, 6, 125), (2, 8, 3), (2, 9, None), (2, 10, 4))


def test_films_are_linked_each_for_itself_over_cuts_and_empty_frames(tmp_path):
    _, lake, settings = lake_of(tmp_path, [*TWO, *frames_of("ep2", (0, 1, 2), (0, 2, 3))])
    found = tracks(lake, settings)
    assert [row["records"] for row in found] == [
        ["ep1-0", "ep1-1", "ep1-4", "ep1-6"],
        ["ep1-2", "ep1-3"],
        ["ep2-0", "ep2-1"],
    ]
    hero = found[0]
    assert [(s["scene"], s["first_s"], s["last_s"], s["frames"]) for s in hero["stretches"]] == [
        (0, 0.0, 2.0, 2),
        (2, 8.0, 8.0, 1),
        (2, 10.0, 10.0, 1),
    ]
    assert (hero["first_s"], hero["last_s"], hero["frames"], hero["episode"]) == (0.0, 10.0, 4, "ep1")
    assert hero["name"] is hero["status"] is None  # no gallery was asked
    assert {code for code in skipped(lake).values()} == {"of_a_track", "nobody"}
    health = track_health(stored(lake))
    assert (health.films, health.frames, health.lone, health.doubt) == (2, 8, 0, None)


def test_the_name_is_a_vote_and_a_persons_word_beats_it(tmp_path):
    workspace, lake, settings = lake_of(tmp_path, TWO)
    said(lake, {"ep1-0": ("mia", 0.9), "ep1-1": ("mia", 0.8), "ep1-4": ("ren", 0.4), "ep1-2": ("ren", 0.2)})
    hero, other = tracks(lake, settings)
    assert (hero["name"], hero["status"], hero["votes"]) == ("mia", "recognised", 2)
    assert round(hero["share"], 3) == round((0.9 + 0.8) / 3, 3)
    assert (other["name"], other["status"]) == (None, "unknown")
    log = EditLog(workspace.edit_log)
    log.append("identity.correct", {"record_ids": ["ep1-3"], "name": "ren"})
    take_snapshot(log, lake)
    assert [(row["name"], row["status"]) for row in tracks(lake, settings)] == [
        ("mia", "recognised"),
        ("ren", "reviewed"),
    ]


def test_one_character_known_twice_is_one_track_however_it_looks(tmp_path):
    _, lake, settings = lake_of(tmp_path, frames_of("ep1", (0, 0, 0), (1, 5, 90), (2, 9, 170)))
    said(lake, {"ep1-0": ("mia", 0.9), "ep1-1": ("ren", 0.9), "ep1-2": ("mia", 0.8)})
    assert [row["records"] for row in tracks(lake, settings)] == [["ep1-0", "ep1-2"], ["ep1-1"]]


def test_a_track_keeps_its_name_when_others_appear_and_its_evidence_is_fused(tmp_path):
    _, lake, settings = lake_of(tmp_path, TWO)
    rows = [
        {"record_id": name, "attribute": "Hair Color", "value": value, "score": 0.95, "source": "tag", "detail": "tag"}
        for name, value in (("ep1-0", "Red"), ("ep1-1", "Red"), ("ep1-4", "Red"), ("ep1-2", "Blue"))
    ]
    commit(lake, "tag_evidence", SHARD, rows, sorted({row["record_id"] for row in rows}))
    before = tracks(lake, settings)
    told = [{a["attribute"]: (a["value"], a["status"]) for a in row["attributes"]} for row in before]
    assert told == [{"Hair Color": ("Red", "decided")}, {"Hair Color": ("Blue", "decided")}]
    said(lake, {"ep1-0": ("mia", 0.9)})
    assert [row["track_id"] for row in tracks(lake, settings)] == [row["track_id"] for row in before]
    assert run_collection(Tracks(settings), lake).unchanged


def test_frames_whose_words_are_adult_are_in_no_track(tmp_path):
    frames = [*TWO, ("adult", "ep1", 3, 20.0, 0, {"rating": "explicit"})]
    _, lake, settings = lake_of(tmp_path, frames)
    assert all("adult" not in row["records"] for row in tracks(lake, settings))
    assert skipped(lake)["adult"] == "kept_out"


def test_without_films_the_table_is_empty_and_nothing_fails(tmp_path):
    still = [("a", None, None, None, 0, {}), ("b", "ep1", None, None, 0, {})]
    for folder, frames in (("pictures", still), ("nobody", frames_of("ep1", (0, 0, None))), ("empty", [])):
        _, lake, settings = lake_of(tmp_path / folder, frames)
        assert tracks(lake, settings) == []
        assert track_health(stored(lake)).doubt is None


@pytest.mark.parametrize(("likeness", "doubt"), [(0.999999, "too high"), (-1.0, "too low")])
def test_a_likeness_that_does_not_fit_the_embedder_is_told(tmp_path, likeness, doubt):
    frames = [f for ep in ("x", "y") for f in frames_of(ep, *((k // 2, k, 90 * (k % 2) + k) for k in range(24)))]
    _, lake, settings = lake_of(tmp_path, frames, tracks={"likeness": likeness})
    tracks(lake, settings)
    assert doubt in track_health(stored(lake)).doubt


@given(st.lists(st.integers(1, 9), max_size=30), st.integers(1, 20))
def test_tracks_are_fused_in_spans_of_bounded_frames_each_once(frames, most):
    found = list(spans(np.cumsum(frames), most))
    assert [k for first, end in found for k in range(first, end)] == list(range(len(frames)))
    assert all(sum(frames[first:end]) <= most or end - first == 1 for first, end in found)


HERO, FRIEND = 11, 22


def test_a_drawn_film_gives_its_two_characters_over_cuts_and_a_return(tmp_path):
    scenes = [Scene(HERO, 4, 1), Scene(FRIEND, 3, 2), Scene(HERO, 3, 3), Scene(None, 2, 43), Scene(FRIEND, 2, 4)]
    (tmp_path / "films").mkdir()
    film(tmp_path / "films" / "ep1.mp4", scenes)
    source = {"name": "show", "path": str(tmp_path / "films")}
    settings = load_settings({"workspace": str(tmp_path / "work"), "sources": [source]})
    workspace = Workspace.of(settings)
    workspace.create()
    lake = workspace.open_lake()
    (shard,) = take_in(settings, lake).change.shards
    for stage in shard_stages(settings).values():
        run_stage(stage, shard, lake)
    take_snapshot(EditLog(workspace.edit_log), lake)
    for stage in collection_stages(settings).values():
        run_collection(stage, lake)
    hero, friend = tracks(lake, settings)
    assert [s["scene"] for s in hero["stretches"]] == [0, 2]
    assert [s["scene"] for s in friend["stretches"]] == [1, 4]
    ends = np.cumsum([scene.seconds for scene in scenes])
    for row in (hero, friend):
        for stretch in row["stretches"]:
            assert ends[stretch["scene"]] - scenes[stretch["scene"]].seconds <= stretch["first_s"] <= stretch["last_s"]
            assert stretch["last_s"] < ends[stretch["scene"]]
    warehouse.build(workspace, lake, settings)
    with warehouse.connect(workspace) as con:
        told = con.execute("SELECT DISTINCT scene, track_id FROM records ORDER BY scene").fetchall()
    names = [hero["track_id"], friend["track_id"]]
    assert told == [(0, names[0]), (1, names[1]), (2, names[0]), (4, names[1])]
