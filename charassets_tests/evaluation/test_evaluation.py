import json
import subprocess
import sys

import numpy as np
import pytest

from charassets.evaluation import drawn, real, report
from charassets.evaluation.folder import measures
from charassets.evaluation.measures import FUSED
from charassets.settings import load_settings
from charassets.studio.labelled import write_labelled


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("labelled")
    write_labelled(out, 6, 2, first=5_800_000)
    return out


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return tmp_path_factory.mktemp("eval-workspace")


@pytest.fixture(scope="module")
def found(folder, workspace):
    settings = load_settings({"workspace": str(workspace), "decode_threads": 1})
    return measures(folder, settings)


def test_complete_tags_are_read_right_and_the_figures_add_up(found):
    measured, records = found
    assert records == 12
    by = {(m.attribute, m.source): m for m in measured}
    assert by["Hair Color", "tag"].precision == 1.0
    assert by["Hair Color", FUSED].precision == 1.0
    assert by["Hair Color", FUSED].recall > 0.9
    for m in measured:
        assert m.right <= m.told
        assert m.to_tell <= m.judged * (20 if m.attribute == "Accessories" else 1)
        assert sum(b.n for b in m.bins) == m.candidates
        if m.confusion:
            assert sum(m.confusion.values()) == m.judged
            assert sum(n for (right, said), n in m.confusion.items() if right == said != "Unknown") == m.right


def test_the_report_names_every_attribute_once_by_source_and_fused(found):
    text = report.of_folder(*found, "a folder")
    assert text.startswith("# a folder")
    assert text.count("| Hair Color | **fused** |") == 1
    assert "12 pictures" in text


def test_the_command_refuses_a_folder_without_labels_in_one_line(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "charassets.evaluation", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert done.stderr.startswith("error: labels cannot be read")
    assert done.stderr.count("\n") == 1
    (tmp_path / "labels.jsonl").write_text(json.dumps({"file": "a.png"}) + "\n")
    done = subprocess.run(
        [sys.executable, "-m", "charassets.evaluation", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert "write a line a picture" in done.stderr


def test_the_drawn_report_tells_the_contest_the_promises_and_the_planted_errors(folder, workspace):
    from charassets.training.labelled_folder import gather, read_labels

    settings = load_settings({"workspace": str(workspace), "decode_threads": 1})
    gathered = gather(folder, read_labels(folder), settings)
    figures = drawn.figures(gathered, (0, 1))
    assert len(figures.seeds) == 2
    assert {name for seed in figures.seeds for name in seed} == {"best fixed strategy", "learned choice", "stacking"}
    for way in figures.found:
        assert way.hit <= min(way.planted, way.flagged)
    text = report.of_drawn(figures)
    for heading in ("best single source", "Calibration", "stacking", "Promises", "Planted tag errors"):
        assert heading in text
    assert np.isfinite(figures.pooled_error)
    assert "| all |" in text


def test_real_sets_are_told_beside_each_source_and_the_majority(found):
    one = real.OnSet("style", "Hair Color", 20, None, 0.0, 0.5, {"colour": 0.6}, 0.4)
    text = report.of_real([one])
    assert "| style | 20 | - | 0.00 | 0.50 | 0.60 | 0.40 |" in text
