"""The summary counts every record once."""

import json

import pytest

from charassets.summary import Coverage, Summary, summarise
from charassets.warehouse import build
from charassets_tests.warehouse.small_lake import FATES, built_lake, settings_for


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    settings = settings_for(tmp_path_factory.mktemp("ws"))
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    return summarise(workspace)


def test_the_counts_add_up_to_the_records_in(summary: Summary):
    assert summary.records == {"art": 10, "web": 5}
    ended = [*summary.kept.values(), *summary.rejected.values(), *summary.not_single.values()]
    assert sum(ended) + summary.duplicates + summary.quarantined + summary.pending == len(FATES)


def test_each_number_is_what_happened(summary: Summary):
    assert summary.kept == {"art": 5, "web": 2}
    assert summary.rejected == {"empty": 1, "undecodable": 1}
    assert summary.not_single == {"multiple": 1, "none": 1}
    assert summary.verdicts["single"] == 9
    assert (summary.duplicates, summary.duplicate_groups) == (2, 1)
    assert (summary.quarantined, summary.pending) == (1, 1)
    assert (summary.characters, summary.noise) == (2, 0)
    assert summary.attributes["Gender"] == Coverage(decided=6, share=round(6 / 7, 4), mean_confidence=0.9)
    assert summary.attributes["Tattoos"] == Coverage(0, 0.0, None)


def test_it_is_plain_json(summary: Summary):
    assert json.loads(json.dumps(summary.as_dict()))["attributes"]["Gender"]["decided"] == 6
