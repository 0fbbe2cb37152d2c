import json
import re

import pytest
import yaml

from charassets.cli.sources import assigned, sources_given
from charassets.errors import UsageError
from charassets.lake.workspace import Workspace
from charassets.settings import load_settings
from charassets.settings.remembered import remember
from charassets_tests.defs.small_source import folder_of, settings_of, workspace_over

pytestmark = pytest.mark.usefixtures("own_environment")


@pytest.fixture
def run(charassets, small_models):
    def call(*arguments):
        return charassets("run", "--detector", small_models.detector, "--embedder", small_models.embedder, *arguments)

    return call


def one_line(err):
    """The one line that says what went wrong."""
    assert "Traceback" not in err
    lines = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, err
    return lines[0]


def test_the_version_is_the_installed_one(charassets):
    from importlib.metadata import version

    assert charassets("--version") == (0, f"charassets {version('charassets')}\n", "")


def test_a_path_where_nothing_is_ends_in_one_line(run, tmp_path):
    code, out, err = run("--source", tmp_path / "nowhere", "-w", tmp_path / "w")
    assert code == 2
    assert str(tmp_path / "nowhere") in one_line(err)
    assert out == ""


def test_an_empty_folder_ends_in_one_line(run, tmp_path):
    (tmp_path / "empty").mkdir()
    code, _, err = run("--source", tmp_path / "empty", "-w", tmp_path / "w")
    assert code == 3
    assert "nothing usable" in one_line(err)


def test_a_source_that_is_one_torn_tar_ends_in_one_line(run, tmp_path):
    (tmp_path / "torn.tar").write_bytes(b"no archive" * 300)
    code, _, err = run("--source", tmp_path / "torn.tar", "-w", tmp_path / "w")
    assert code == 3
    assert "torn.tar" in one_line(err)


def test_a_parquet_without_pictures_or_words_ends_in_one_line(run, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"price": [1.5, 2.5]}), tmp_path / "prices.parquet")
    code, _, err = run("--source", tmp_path / "prices.parquet", "-w", tmp_path / "w")
    assert code in (2, 3)
    assert "prices.parquet" in one_line(err)


def test_no_source_at_all_says_how_to_give_one(run, tmp_path):
    code, _, err = run("-w", tmp_path / "w")
    assert code == 2
    assert "--source" in one_line(err)


@pytest.mark.parametrize("assignment", ["gates.min_sharpnes=40", "gates.min_sharpness=-1", "gates", "detektor.path=x"])
def test_a_setting_that_is_none_ends_in_one_line(run, tmp_path, assignment):
    source = folder_of(tmp_path / "p", 1)
    code, _, err = run("--source", source, "-w", tmp_path / "w", "--set", assignment)
    assert code == 2
    assert re.split("[.=]", assignment)[0] in one_line(err)
    assert not (tmp_path / "w" / "lake").exists()


def test_an_unknown_profile_lists_those_there_are(run, tmp_path):
    code, _, err = run("--source", tmp_path, "-w", tmp_path / "w", "--profile", "maxi")
    assert code == 2
    assert "mini" in one_line(err)


def test_an_unknown_flag_is_a_usage_error(run, tmp_path):
    code, _, err = run("--sauce", tmp_path)
    assert code == 2
    assert "--sauce" in err and "Traceback" not in err


def test_a_model_that_is_missing_is_told_before_anything_is_listed(charassets, tmp_path):
    source = folder_of(tmp_path / "p", 1)
    code, _, err = charassets("run", "--source", source, "-w", tmp_path / "w", "--detector", tmp_path / "none.onnx")
    assert code == 6
    assert "none.onnx" in one_line(err)


def test_a_busy_workspace_is_left_alone(run, tmp_path):
    source = folder_of(tmp_path / "p", 2)
    workspace_over(source, tmp_path / "w")
    with Workspace.of(settings_of(tmp_path / "w")).locked():
        code, _, err = run("-w", tmp_path / "w")
    assert code == 7
    assert "another run" in one_line(err)


def test_a_workspace_that_cannot_be_written_is_a_storage_error(run, tmp_path):
    source = folder_of(tmp_path / "p", 1)
    (tmp_path / "file").write_text("in the way")
    code, _, err = run("--source", source, "-w", tmp_path / "file" / "w")
    assert code == 5
    assert "file" in one_line(err)


def test_verify_names_the_damage(charassets, tmp_path):
    workspace_over(folder_of(tmp_path / "p", 4), tmp_path / "w")
    assert charassets("verify", "-w", tmp_path / "w")[0] == 0
    part = next((tmp_path / "w" / "lake" / "source_items" / "shard-00001").glob("part-*.parquet"))
    part.write_bytes(part.read_bytes()[:-2] + b"!!")
    code, out, err = charassets("verify", "-w", tmp_path / "w", "--json")
    assert code == 4
    assert [(d["table"], d["shard"]) for d in json.loads(out)["damage"]] == [("source_items", "shard-00001")]
    assert "shard-00001" in one_line(err)


def test_verify_without_a_lake_is_a_usage_error(charassets, tmp_path):
    code, _, err = charassets("verify", "-w", tmp_path / "nowhere")
    assert code == 2
    assert "no lake" in one_line(err)


def test_config_lists_every_setting_with_bounds_and_meaning(charassets, monkeypatch):
    monkeypatch.setenv("CHARASSETS_GATES__MIN_SHARPNESS", "41")
    code, out, _ = charassets("config", "--json")
    settings = {entry["name"]: entry for entry in json.loads(out)}
    assert code == 0
    assert settings["gates.min_sharpness"]["value"] == 41
    assert settings["gates.min_sharpness"]["bounds"] == "at least 0"
    assert all(entry["meaning"] for entry in settings.values())
    assert "gates.min_sharpness" in charassets("config")[1]


def test_a_setting_out_of_bounds_names_where_it_was_said(charassets, monkeypatch, tmp_path):
    (tmp_path / "charassets.yaml").write_text("gates: {min_side: 32}\n")
    call = ("extract", "--tags", "1girl", "--set")
    monkeypatch.setenv("CHARASSETS_WORKSPACE", str(tmp_path))
    code, _, err = charassets(*call, "gates.min_sharpness=-1")
    assert (code, "[command line]" in one_line(err)) == (2, True)
    monkeypatch.setenv("CHARASSETS_GATES__MIN_SHARPNESS", "-1")
    assert "[environment]" in charassets("config")[2]
    monkeypatch.delenv("CHARASSETS_GATES__MIN_SHARPNESS")
    (tmp_path / "charassets.yaml").write_text("gates: {min_side: none}\n")
    assert "charassets.yaml]" in charassets("config")[2]


def test_status_says_what_is_missing(charassets, small_models, tmp_path):
    models = {"detector": {"path": str(small_models.detector)}, "embedder": {"path": str(small_models.embedder)}}
    workspace_over(folder_of(tmp_path / "p", 4), tmp_path / "w", **models)
    code, out, _ = charassets("status", "-w", tmp_path / "w", "--json")
    assert code == 0
    outdated = json.loads(out)["outdated"]
    assert set(outdated) == {"shard-00000", "shard-00001"}
    assert set(outdated["shard-00000"].values()) == {"missing"}
    assert set(json.loads(out)["collection"].values()) == {"missing"} and not json.loads(out)["warehouse_up_to_date"]
    assert "near_duplicates: missing" in charassets("status", "-w", tmp_path / "w")[1].splitlines()


def test_sources_are_named_after_their_paths_and_never_collide(tmp_path):
    named = sources_given(["/a/portraits", "/b/portraits", "x=/c", "/d/tars/*.tar", "/d/e.tar.gz"], [])
    assert [source["name"] for source in named] == ["portraits", "portraits-2", "x", "tars", "e"]


def test_a_source_given_again_is_the_same_and_a_named_one_may_move():
    known = [{"name": "x", "path": "/a", "columns": {"image": "jpg"}}]
    assert sources_given(["/a"], known) == known
    assert sources_given(["x=/b"], known) == [{"name": "x", "path": "/b", "columns": {"image": "jpg"}}]


def test_what_is_remembered_keeps_what_was_there(tmp_path):
    (tmp_path / "charassets.yaml").write_text("gates: {min_side: 32}\n")
    assert remember(tmp_path, {"profile": "mini"})
    assert not remember(tmp_path, {"profile": "mini"})
    assert yaml.safe_load((tmp_path / "charassets.yaml").read_text()) == {"gates": {"min_side": 32}, "profile": "mini"}


def test_assignments_are_read_as_yaml_and_merged():
    assert assigned(["gates.min_side=32", "gates.trust_cutouts=false", "device=cpu"]) == {
        "gates": {"min_side": 32, "trust_cutouts": False},
        "device": "cpu",
    }
    with pytest.raises(UsageError, match="NAME=VALUE"):
        assigned(["gates.min_side"])


def test_names_that_come_from_an_anchor_may_be_said_anew(tmp_path):
    file = tmp_path / "settings.yaml"
    file.write_text("sources:\n- &one {name: a, path: /a}\n- &two {<<: *one, name: b}\n- {<<: *two, name: c}\n")
    found = [(source.name, str(source.path)) for source in load_settings(file=file).sources]
    assert found == [("a", "/a"), ("b", "/a"), ("c", "/a")]


def test_a_misspelt_name_is_told_though_the_right_one_is_missing_too(charassets, tmp_path, monkeypatch):
    (tmp_path / "charassets.yaml").write_text("sources:\n- nam: bad\n  path: /somewhere\n")
    monkeypatch.setenv("CHARASSETS_WORKSPACE", str(tmp_path))
    code, _, err = charassets("config")
    assert code == 2 and "sources.0.nam: unknown setting" in one_line(err) and "charassets.yaml]" in err


@pytest.mark.parametrize(
    ("said", "close"),
    [
        ("gates.min_sid=32", "did you mean gates.min_side?"),
        ("shard.records=5", "did you mean shards?"),
        ("min_side=32", "did you mean images.min_side or gates.min_side?"),
        ("detector.scor=.2", "did you mean detector.floor_score?"),
        ("gates.qwertz=1", "gates.qwertz: unknown setting ["),
    ],
)
def test_a_name_that_is_unknown_is_told_with_the_one_that_may_be_meant(said, close):
    with pytest.raises(UsageError, match=re.escape(close)):
        load_settings(assigned([said]))


def test_a_variable_that_names_no_setting_is_told_with_the_one_that_may_be_meant(charassets, monkeypatch):
    monkeypatch.setenv("CHARASSETS_SHARD__RECORDS", "5")
    code, _, err = charassets("config")
    assert (
        code == 2
        and "CHARASSETS_SHARD__RECORDS names no setting; did you mean CHARASSETS_SHARDS__RECORDS?" in one_line(err)
    )


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("gates.min_side: 20", "sections are nested: gates: {min_side: VALUE}"),
        ("gates: 5", "gates: a section of settings, and no value"),
        ("exports:\n- formt: kohya", "exports.0.formt: unknown setting; did you mean exports.0.format?"),
        ("a: [1, 2", "line 1, column 9"),
        ("gates:\n  min_side: 3\ngates:\n  head_score: 0.4\n", "gates is there twice, line 3"),
        ("gates:\n  min_side: 3\n  min_side: 4\n", "min_side is there twice, line 3"),
        ("- gates\n", "are not a mapping"),
        ("profile: clip2\n", "profile 'clip2' does not exist"),
    ],
)
def test_a_mistake_in_the_settings_file_is_told_in_words_with_the_file(
    charassets, tmp_path, monkeypatch, written, said
):
    (tmp_path / "charassets.yaml").write_text(written)
    monkeypatch.setenv("CHARASSETS_WORKSPACE", str(tmp_path))
    code, _, err = charassets("config")
    assert code == 2 and said in one_line(err) and "charassets.yaml]" in err and "unicode" not in err


def test_a_section_of_which_nothing_is_left_is_as_if_it_were_not_there(tmp_path):
    file = tmp_path / "charassets.yaml"
    file.write_text("gates:\n#  min_side: 20\nsources:\ndetector:\ntagger:\n")
    assert load_settings({}, file) == load_settings({})


def test_a_variable_of_a_section_with_one_underscore_is_told_with_two(charassets, monkeypatch):
    monkeypatch.setenv("CHARASSETS_GATES_MIN_SIDE", "5")
    assert "did you mean CHARASSETS_GATES__MIN_SIDE?" in one_line(charassets("config")[2])


def test_a_format_that_there_is_not_is_told_before_anything_starts(run, tmp_path):
    work = tmp_path / "work"
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(b"none")
    code, _, err = run("--workspace", str(work), "--source", str(tmp_path / "in"), "--set", "exports=[{format: kohay}]")
    assert code == 2 and "there is no format 'kohay'" in one_line(err) and not (work / "lake").exists()
