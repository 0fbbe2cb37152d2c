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


def test_what_tells_two_groups_apart_is_measured_and_refused_where_a_group_is_too_small(place):
    workspace, settings = place
    form = {"group": "source", "one": "art", "other": "web"}
    shown = json.dumps(stats.handle(Context(workspace, settings), {"do": "design", "form": form}))
    assert "a group needs 8" in shown or "both groups are the same" in shown
    for hostile in ("'; DROP TABLE records; --", "<script>", ""):
        stats.handle(Context(workspace, settings), {"do": "design", "form": {**form, "group": hostile, "one": hostile}})
    assert Context(workspace, settings).has_warehouse


def test_the_measurement_that_differs_comes_first(tmp_path):
    import duckdb
    import numpy as np

    from app.services import designs
    from charassets.design.catalogue import NAMES

    rng = np.random.default_rng(0)
    con = duckdb.connect()
    columns = ", ".join(f'"{name}" DOUBLE' for name in NAMES)
    con.execute("CREATE TABLE records (record_id VARCHAR, source VARCHAR)")
    con.execute(f"CREATE TABLE design_features (record_id VARCHAR, {columns})")
    for k in range(60):
        values = rng.normal(0, 1, len(NAMES))
        values[NAMES.index("edge_density")] += 3 * (k % 2)
        con.execute("INSERT INTO records VALUES (?, ?)", [f"r{k}", ("calm", "busy")[k % 2]])
        con.execute(f"INSERT INTO design_features VALUES (?{', ?' * len(NAMES)})", [f"r{k}", *values.tolist()])  # noqa: S608
    found = designs.compared(con, "source", "busy", "calm")
    assert found.sizes == (30, 30)
    assert found.found[0].feature == "edge_density" and found.found[0].d > 2 and found.found[0].q < 1e-6
    assert sum(one.q <= 0.05 for one in found.found) <= 4
    assert designs.values(con, "source") == [("busy", 30), ("calm", 30)]


def test_what_was_not_kept_is_shown_by_its_fate_and_what_must_not_be_seen_is_not(place):
    workspace, settings = place[:2]
    context = Context(workspace, settings)
    with context.reading() as con:
        fates = dict(con.execute("SELECT fate, count(*) FROM all_records GROUP BY ALL").fetchall())
        (name,) = con.execute(
            "SELECT record_id FROM all_records WHERE fate = 'duplicate' ORDER BY item_key"
        ).fetchall()[0]
    shown = stats.handle(context, {"search": "?fate=duplicate&page=1"})
    assert f"duplicate: {fates['duplicate']}" in shown and f"/browse?id={name}" in shown and "of=whole" in shown
    assert f"/browse?id={name}" in stats.handle(context, {"search": "?fate=duplicate&page=99"}), "the last page"
    assert "could not be read" in stats.handle(context, {"search": "?fate=rejected&page=x"})
    for fate in ("quarantined", "kept", "pending", "nonsense", ""):
        assert "dropped" not in stats.handle(context, {"search": f"?fate={fate}"})
