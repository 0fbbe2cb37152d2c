import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from charassets_tests.defs.small_source import draw, folder_of

pytestmark = pytest.mark.usefixtures("own_environment")

STAGES = (
    *("raw_shards", "single_character_images", "clip_embeddings", "design_features", "tag_evidence"),
    *(
        "visual_evidence",
        "character_attributes",
        "character_identities",
        "knn_graph",
        "near_duplicates",
        "merged_attributes",
        "character_clusters",
        "cluster_consensus",
        "tracks",
    ),
)


@pytest.fixture
def models(small_models):
    return ["--detector", small_models.detector, "--embedder", small_models.embedder]


@pytest.fixture
def source(tmp_path):
    return folder_of(tmp_path / "pictures", 6)


def in_a_process(*arguments, **options):
    return subprocess.Popen([sys.executable, "-m", "charassets.cli", *map(str, arguments)], **options)


def test_a_run_materializes_everything_and_the_second_computes_nothing(charassets, models, source, tmp_path):
    (source / "broken.jpg").write_bytes(b"no picture at all")
    first = in_a_process(
        *("run", "--source", f"mine={source}", "-w", tmp_path / "work", "--shard-records", 3, "--json", *models),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    out, err = first.communicate(timeout=300)
    assert first.returncode == 0, err
    report = json.loads(out)
    assert set(report["stages"]) == set(STAGES)
    raw = report["stages"]["raw_shards"]
    assert (raw["in"], raw["rows"], raw["rejected"]) == (7, 6, 1)
    assert sum(raw["rejections"].values()) == 1
    assert sum(report["summary"]["records"].values()) == 7
    assert len(report["shards"]["new"]) == 3
    assert Path(report["warehouse"]).is_file()
    assert report["summary"]["records"].get("kept", 0) == 0 and not (Path(report["exports"]) / "jsonl").exists()

    code, out, err = charassets("run", "-w", tmp_path / "work", "--json")
    again = json.loads(out)
    assert code == 0
    assert again["nothing_to_compute"]
    assert "nothing to compute" in err
    assert {name: done["computed"] for name, done in again["stages"].items()} == dict.fromkeys(STAGES, 0)
    assert again["summary"] == report["summary"]
    told = json.loads(charassets("status", "-w", tmp_path / "work", "--json")[1])
    assert (told["outdated"], told["collection"], told["warehouse_up_to_date"]) == ({}, {}, True)


def test_a_new_picture_costs_its_own_shard_and_the_summary_says_where_things_are(charassets, models, source, tmp_path):
    work = tmp_path / "a work"
    assert charassets("run", "--source", source, "-w", work, "--shard-records", 3, *models)[0] == 0
    draw(source / "later.png", 11, "1girl, solo, pink hair")
    code, out, err = charassets("run", "-w", work)
    assert code == 0
    assert f"DuckDB file  {work}/charassets.duckdb" in out
    assert "make ui" in out and "make app" in out
    images = next(line for line in out.splitlines() if line.startswith("single_character_images"))
    assert images.split()[1] == "7" and images.split()[5] == "1"
    query = next(
        line for line in out.splitlines() if "import duckdb" in line
    )  # the first where there is no duckdb program
    asked = subprocess.run(query.split(maxsplit=1)[1], shell=True, capture_output=True, text=True, timeout=60)  # noqa: S602
    assert "hair_color" in asked.stdout, asked.stderr


def test_one_torn_tar_is_named_and_the_others_are_done(charassets, models, source, tmp_path):
    (source / "003-torn.tar").write_bytes(b"this is no archive" * 100)
    code, out, err = charassets(
        "run", "--source", source, "-w", tmp_path / "w", "--shard-records", 3, "--json", *models
    )
    report = json.loads(out)
    assert code == 3
    assert len(report["shards"]["bad"]) == 1
    assert [line for line in err.splitlines() if line.startswith("error: shard-") and "003-torn.tar" in line]
    assert "Traceback" not in err
    assert report["stages"]["character_attributes"]["in"] == 6
    assert sum(report["summary"]["records"].values()) == 6


def test_strict_makes_a_rejected_record_a_failure(charassets, models, source, tmp_path):
    (source / "broken.jpg").write_bytes(b"no picture at all")
    code, out, _ = charassets("run", "--source", source, "-w", tmp_path / "w", "--strict", "--json", *models)
    assert code == 3
    assert json.loads(out)["stages"]["raw_shards"]["rejected"] == 1


def test_a_killed_run_leaves_what_the_next_run_goes_on_from(charassets, models, source, tmp_path):
    work = tmp_path / "w"
    running = in_a_process(
        *("run", "--source", source, "-w", work, "--shard-records", 2, *models),
        env={**os.environ, "CHARASSETS_FAULTS": "kill:100"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert running.wait(timeout=300) == -signal.SIGKILL
    started = time.monotonic()
    code, out, err = charassets("run", "-w", work, "--json")
    assert code == 0, err
    assert time.monotonic() - started < 120
    report = json.loads(out)
    assert report["stages"]["raw_shards"]["computed"] == 0  # the killed run had finished it
    assert report["stages"]["character_attributes"]["in"] == 6
    assert charassets("verify", "-w", work)[0] == 0


@pytest.mark.processes
def test_a_disk_that_fails_once_is_tried_again(models, source, tmp_path):
    running = in_a_process(
        *("run", "--source", source, "-w", tmp_path / "w", "--shard-records", 2, "--json", *models),
        env={**os.environ, "CHARASSETS_FAULTS": "raise:100"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    out, err = running.communicate(timeout=300)
    assert running.returncode == 0, err
    assert json.loads(out)["stages"]["character_attributes"]["in"] == 6


def test_ctrl_c_ends_with_130_and_the_next_run_goes_on(charassets, models, source, tmp_path):
    work = tmp_path / "w"
    running = in_a_process(
        *("run", "--source", source, "-w", work, "--shard-records", 1, *models),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in running.stderr:
        if line.startswith("raw_shards"):
            running.send_signal(signal.SIGINT)
            break
    err = running.stderr.read()
    assert running.wait(timeout=120) == 130, err
    assert "interrupted" in err
    assert "Traceback" not in err
    code, out, err = charassets("run", "-w", work)
    assert code == 0, err + out


def test_own_pictures_take_the_place_of_the_demo_and_a_retired_source_leaves(charassets, models, source, tmp_path):
    work = tmp_path / "work"
    folder_of(work / "sample" / "folder", 3)
    run = ("run", "-w", work, "--json", *models)
    for _ in range(2):  # as `charassets demo` does each time it is called
        code, _, err = charassets(*run, "--source", f"sample-folder={work / 'sample' / 'folder'}")
        assert code == 0 and "no source of this workspace any more" not in err
    code, out, err = charassets(*run, "--source", f"mine={source}")
    assert code == 0 and "the demo's drawings are no source of this workspace any more" in err
    assert json.loads(out)["summary"]["records"] == {"mine": 6}
    assert json.loads((work / "reports" / "summary.json").read_text())["summary"]["records"] == {"mine": 6}
    code, out, _ = charassets("status", "-w", work)
    assert out.splitlines()[0] == "1 shard, 1 up to date; 1 more hold nothing, for their sources are gone"
    assert len(out.splitlines()) == 2  # and a line about what is not looked at
    other = folder_of(tmp_path / "other", 2)
    code, out, err = charassets(*run, "--source", f"mine={other}")
    assert code == 0 and json.loads(out)["summary"]["records"] == {"mine": 2}
    assert f"the source 'mine' is {other} from now on, no longer {source}" in err
    assert "4 files are gone from the sources, and what was found there goes too" in err
    given = ("--source", f"mine={tmp_path / 'nowhere'}", "--source", f"more={source}", "--source", "none=/nowhere")
    code, out, err = charassets(*run, *given)
    assert code == 3 and "from now on" not in err and json.loads(out)["summary"]["records"] == {"mine": 2, "more": 6}
    kept = yaml.safe_load((work / "charassets.yaml").read_text())["sources"]
    assert [(s["name"], s["path"]) for s in kept] == [("mine", str(other)), ("more", str(source))]
    code, _, err = charassets("demo", "-w", work)
    assert code == 2
    assert "holds your source 'mine'" in err
