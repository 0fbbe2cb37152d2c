"""Searching by query and by likeness."""

import numpy as np
import pytest

from charassets.errors import UsageError
from charassets.inspection.search import search
from charassets.warehouse import build
from charassets_tests.warehouse.small_lake import built_lake, settings_for


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    settings = settings_for(tmp_path_factory.mktemp("search"))
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    return settings


def names(results):
    return [one.values["record_id"] for one in results.found]


def test_a_query_is_counted_whole_and_shown_in_part(settings):
    results = search(settings, "id:ann*", 2)
    assert results.total == 3
    assert len(results.found) == 2


def test_likeness_orders_what_passes(settings):
    """Directions are drawn in degrees: 0 for ann-1, 20 and 22 for ann-2 and ann-3, 180 and more for ben."""
    results = search(settings, "id:ann* or id:ben*", 4, np.array([1.0, 0.0]))
    assert names(results)[:3] == ["ann-1", "ann-2", "ann-3"]
    assert results.found[0].similarity == pytest.approx(1)
    assert names(search(settings, "id:ben*", 1, np.array([1.0, 0.0]))) == ["ben-3"]


def test_a_vector_of_another_model_is_refused(settings):
    with pytest.raises(UsageError, match="stored vectors"):
        search(settings, "", 3, np.ones(8))
