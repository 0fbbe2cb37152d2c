"""``charassets train mini`` on a handful of drawings: the whole way, once and again."""

import pytest
from typer.testing import CliRunner

from charassets.cli import app
from charassets.errors import UsageError


def run(*arguments):
    return CliRunner().invoke(app, ["train", "mini", *map(str, arguments)])


def test_one_command_makes_all_models_and_finds_them_finished_the_second_time(tmp_path):
    first = run("--out", tmp_path, "--minutes", 0.06, "--share", 0)
    assert first.exit_code == 0, first.output
    made = dict(line.split("\t") for line in first.stdout.splitlines())
    assert made.keys() == {"detector", "embedder", "heads"}
    weights = tmp_path / "embedder" / "embedder" / "model.safetensors"
    before = weights.read_bytes()
    again = run("--out", tmp_path, "--minutes", 0.06, "--share", 0)
    assert again.stdout == first.stdout
    assert weights.read_bytes() == before


def test_a_folder_of_art_that_is_not_there_is_told_before_anything_is_trained(tmp_path):
    with pytest.raises(UsageError, match="labelled art"):
        CliRunner().invoke(
            app,
            ["train", "mini", "--out", str(tmp_path / "out"), "--data", str(tmp_path / "no")],
            catch_exceptions=False,
        )
    assert not (tmp_path / "out").exists()
