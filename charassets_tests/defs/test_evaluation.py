"""The asset `evaluation` through a real run: measures, checks, and the table in the warehouse."""

import dagster as dg
import pytest

from charassets.defs.evaluation import CALIBRATED, RIGHT
from charassets.warehouse.build import build
from charassets.warehouse.reading import connect
from charassets_tests.defs.small_source import execute, folder_of, numbers, settings_of, workspace_over


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("evaluation")


@pytest.fixture(scope="module")
def measured(root):
    """One run over five drawn characters; the environment says how many."""
    with pytest.MonkeyPatch.context() as env, dg.instance_for_test() as instance:
        env.setenv("CHARASSETS_EVALUATION__IDENTITIES", "5")
        workspace_over(folder_of(root / "in", 2), root)
        done = execute(instance, root, assets=["evaluation"])
        assert done.success
        (event,) = done.asset_materializations_for_node("evaluation")
        checks = {e.check_name: e for e in done.get_asset_check_evaluations()}
        build(workspace_over(root / "in", root), workspace_over(root / "in", root).open_lake(), settings_of(root))
        yield event, checks


def test_every_attribute_is_measured_by_source_and_fused(measured, root):
    event, _ = measured
    assert numbers(event)["records/drawn"] == 20
    assert 0.5 < numbers(event)["drawn/precision/Hair Color"] <= 1
    assert "| Hair Color | **fused** |" in numbers(event)["drawn/by_source"]
    assert "| Hair Color | tag |" in numbers(event)["drawn/by_source"]
    assert numbers(event)["drawn/reliability"].startswith("![drawn/reliability](data:image/webp")


def test_the_warehouse_holds_what_was_measured(measured, root):
    with connect(workspace_over(root / "in", root)) as con:
        rows = con.execute(
            "SELECT judged, told, correct, precision, len(bins), list_sum([b.n for b in bins]) FROM evaluation "
            "WHERE truth = 'drawn' AND attribute = 'Hair Color' AND source = 'fused'"
        ).fetchall()
    ((judged, told, correct, precision, bins, binned),) = rows
    assert judged == 20 and told == binned and bins > 0
    assert precision == pytest.approx(correct / told)


def test_both_checks_warn_and_never_block(measured):
    _, checks = measured
    assert set(checks) == {RIGHT, CALIBRATED}
    assert all(check.severity is dg.AssetCheckSeverity.WARN and not check.blocking for check in checks.values())
    assert all(check.passed for check in checks.values()), "twenty pictures are too few for a verdict"
