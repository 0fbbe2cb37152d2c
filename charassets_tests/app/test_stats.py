"""The page Stats: how right each attribute is, once it was measured."""

import json

from app.pages import stats
from app.services.context import Context
from charassets import warehouse
from charassets.warehouse.evaluation import EVALUATION, keep

MEASURED = {
    "truth": "drawn", "attribute": "Hair Color", "source": "fused", "judged": 100, "to_tell": 90, "told": 80, "correct": 72,
    "precision": 0.9, "recall": 0.8, "coverage": 80 / 90, "ece": 0.021,
    "bins": [{"confidence": 0.7, "right": 0.75, "n": 30}, {"confidence": 0.95, "right": 0.99, "n": 50}],
    "confusions": [],
}  # fmt: skip


def test_stats_shows_a_reliability_plot_and_the_error_of_every_measured_attribute(place):
    workspace, settings = place
    context = Context(workspace, settings)
    assert "How right each attribute is" not in json.dumps(stats.handle(context, {}))
    lake = workspace.open_lake()
    keep(lake.store, [MEASURED, {**MEASURED, "source": "tag", "ece": 0.4}], {})
    assert not warehouse.build(workspace, lake, settings).unchanged, "a new measurement is a new warehouse"
    shown = json.dumps(stats.handle(Context(workspace, settings), {}))
    assert "How right each attribute is" in shown
    assert "right 90% of 80, told 89%" in shown
    assert "calibration error 0.021" in shown and "0.400" not in shown
    assert "Hair Color: share of right answers by confidence" in shown
    assert set(MEASURED) == {column.name for column in EVALUATION.columns}
