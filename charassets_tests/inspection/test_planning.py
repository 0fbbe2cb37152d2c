"""The forecast, measured on a few pictures."""

import pytest

from charassets.errors import UsageError
from charassets.inspection.planning import plan
from charassets.settings import load_settings
from charassets_tests.defs.small_source import folder_of


@pytest.mark.parametrize("sample", [1, 5])
def test_a_plan_times_every_stage_on_the_users_own_pictures(small_models, tmp_path, sample):
    source = folder_of(tmp_path / "in", 8)
    flags = {"workspace": str(tmp_path / "w"), "sources": [{"name": "mine", "path": str(source)}], "heads": None}
    flags |= {"detector": {"path": str(small_models.detector)}, "embedder": {"path": str(small_models.embedder)}}
    found = plan(load_settings(flags), 1_000, sample)
    assert found.sampled == sample
    assert {step.stage for step in found.steps} >= {"raw_shards", "single_character_images", "character_attributes"}
    for step in found.steps:
        assert step.hours == pytest.approx(1_000 / step.per_second / 3600)
    assert found.hours == pytest.approx(sum(step.hours for step in found.steps))
    assert found.gigabytes > 0
    assert not (tmp_path / "w").exists(), "nothing is written where the collection will be"


def test_without_pictures_there_is_no_plan(tmp_path):
    source = folder_of(tmp_path / "in", 2)
    flags = {"workspace": str(tmp_path / "w"), "sources": [{"name": "mine", "path": str(source)}]}
    with pytest.raises(UsageError, match="only 2"):
        plan(load_settings(flags), 1_000, 5)
    with pytest.raises(UsageError, match="no source"):
        plan(load_settings({"workspace": str(tmp_path / "w")}), 1_000, 5)
