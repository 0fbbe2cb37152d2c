import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from charassets.classifiers.labels import labelled
from charassets.classifiers.runs import PICTURES, StoppedError, find_run, list_runs, new_run
from charassets.classifiers.spec import Spec
from charassets.classifiers.training import train
from charassets.cli.classifiers import stop
from charassets.errors import UsageError
from charassets.models.trained import in_force, opened

SPEC = Spec("archetype", "folder", "logistic", ("clip",), ("duplicates",))


@pytest.fixture(scope="module")
def first(heroes):
    workspace, lake, _ = heroes
    return train(workspace, lake, SPEC)


def test_a_label_that_the_embedding_tells_is_learnt_and_reported(heroes, first):
    scores = first.report["test"]["scores"]
    assert scores["accuracy"]["value"] > 0.9
    assert scores["accuracy"]["low"] > first.report["test"]["majority"]
    names = {path.name for path in first.run.folder.iterdir()}
    assert names >= {"report.json", "report.md", "predictions.parquet", "classifier.safetensors", *PICTURES[:3]}
    assert json.loads((first.run.folder / "report.json").read_bytes()) == json.loads(json.dumps(first.report))


def test_copies_stay_on_the_side_of_their_original(first):
    rows = pq.read_table(first.run.folder / "predictions.parquet").to_pylist()
    part = {row["record_id"]: row["part"] for row in rows}
    copies = [name for name in part if name.endswith("-again")]
    assert len(copies) == 18
    assert all(part[name] == part[name.removesuffix("-again")] for name in copies)


def test_the_first_of_its_name_is_in_force_and_a_better_one_takes_its_place(heroes, first):
    workspace, lake, _ = heroes
    assert first.promoted
    standing = in_force(lake.store, "archetype")
    assert standing is not None and standing.notes["run"] == first.run.id
    assert opened(standing).values == ("hero", "villain")
    again = train(workspace, lake, SPEC)
    assert not again.promoted and "on the same pictures" in again.why


def test_one_that_is_no_better_than_chance_is_in_force_with_that_said(heroes, first, tmp_path):
    workspace, lake, _ = heroes
    names = pq.read_table(first.run.folder / "predictions.parquet")["record_id"].to_pylist()
    drawn = np.random.default_rng(1).permutation(len(names)) % 2
    (tmp_path / "coins.csv").write_text(
        "record_id,side\n" + "".join(f"{n},{'ht'[k]}\n" for n, k in zip(names, drawn, strict=True))
    )
    told = train(
        workspace, lake, Spec("coin", f"{tmp_path / 'coins.csv'}:side", "logistic", ("clip",), ("duplicates",))
    )
    assert told.promoted and "not surely better than chance" in told.why
    assert "chance" not in first.why


def test_shuffled_labels_score_at_chance_and_are_never_in_force(heroes):
    workspace, lake, _ = heroes
    control = train(
        workspace, lake, Spec("control", "folder", "logistic", ("clip",), ("duplicates",), shuffle_labels=True)
    )
    accuracy = control.report["test"]["scores"]["accuracy"]
    assert accuracy["low"] <= 0.5 <= accuracy["high"]
    assert in_force(lake.store, "control") is None


def test_a_table_of_ones_own_names_records_by_id_or_file(heroes, tmp_path):
    workspace, _, _ = heroes
    names = labelled(workspace, "folder").record_ids
    lines = [f"{name.split('/')[1]}.png,{'odd' if k % 2 else 'even'}" for k, name in enumerate(names)]
    (tmp_path / "by_id.csv").write_text(
        "record_id,kind\n" + "".join(f"{n},{'xy'[k % 2]}\n" for k, n in enumerate(names))
    )
    (tmp_path / "by_file.csv").write_text("file,kind\n" + "\n".join(line.replace(".png", "") for line in lines))
    assert labelled(workspace, f"{tmp_path}/by_id.csv:kind").values == ("x", "y")
    by_file = labelled(workspace, f"{tmp_path}/by_file.csv:kind")
    assert by_file.record_ids == names


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("nonsense", "no column 'nonsense'"),
        ("gone.csv:kind", "not there"),
        ("gender", "two labels"),
        ("'; DROP TABLE records; --", "no column"),
    ],
)
def test_a_label_that_cannot_be_found_is_refused_in_one_line(heroes, label, said):
    with pytest.raises(UsageError, match=said):
        labelled(heroes[0], label)


@pytest.mark.parametrize(
    "spec",
    [
        Spec("Archetype", "folder"),
        Spec("../etc", "folder"),
        Spec("a", "folder", method="magic"),
        Spec("a", "folder", features=("pixels",)),
        Spec("a", "folder", together=("luck",)),
        Spec("a", "folder", attribute="Nonsense"),
    ],
)
def test_a_request_that_makes_no_sense_trains_nothing(heroes, spec):
    workspace, lake, _ = heroes
    before = len(list_runs(workspace))
    with pytest.raises(UsageError):
        train(workspace, lake, spec)
    assert len(list_runs(workspace)) == before


def test_who_stops_a_training_that_ended_is_told_that_it_ended(heroes, first, capsys, own_environment):
    stop(first.run.name, first.run.id, str(heroes[0].root))
    assert capsys.readouterr().err.strip() == f"archetype/{first.run.id} does not run: done"
    assert not (first.run.folder / "stop").exists()


def test_a_training_stops_when_asked_and_says_so(heroes):
    workspace, _, _ = heroes
    run = new_run(workspace, SPEC)
    with pytest.raises(StoppedError), run.working():
        assert run.state["state"] == "running"
        run.ask_to_stop()
        run.tell("round 1", {"train": 0.5})
    assert run.state["state"] == "stopped"
    assert [step["step"] for step in run.progress()] == ["round 1"]


def test_a_training_whose_process_died_is_not_running(heroes):
    workspace, _, _ = heroes
    run = new_run(workspace, SPEC)
    run.keep("state.json", json.dumps({"state": "running", "began": 0, "pid": 1}).encode())
    assert run.state["state"] == "broken off"


def test_folders_that_are_no_runs_are_passed_over(heroes):
    workspace, _, _ = heroes
    (workspace.root / "classifiers" / "archetype" / "notes").mkdir()
    (workspace.root / "classifiers" / "..hidden").mkdir()
    assert all(run.id[8] == "-" for run in list_runs(workspace))
    with pytest.raises(UsageError, match="no such run"):
        find_run(workspace, "archetype", "../../../etc")


def test_a_run_of_another_version_is_listed_all_the_same(heroes):
    workspace, _, _ = heroes
    run = new_run(workspace, SPEC)
    run.keep("spec.json", json.dumps({**SPEC.to_json(), "of_a_later_version": {"x": 1}}).encode())
    assert find_run(workspace, "archetype", run.id).spec == SPEC
