"""The benchmark of growth on a few hundred records: its synthetic lake passes through the real stages, its report fits curves."""

import json
from pathlib import Path

import pytest

from bench.scale_report import exponent, read, table
from bench.scale_steps import AT_SIZE, run_step
from bench.synthetic_lake import write_lake
from charassets.lake.fragments import Lake
from charassets.settings import load_settings
from charassets.stages.collection import ALL
from charassets.stages.pipeline import collection_stages
from charassets.studio.load import records

N = 600


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Lake, list[dict]]:
    root = tmp_path_factory.mktemp("scale")
    lake = write_lake(root, N, records_a_shard=200)
    steps = (*AT_SIZE[:2], *collection_stages(load_settings({})), "warehouse", "queries")
    return root, lake, [run_step(step, N, root).as_dict() for step in steps]


def test_every_planted_copy_is_found_and_nobody_else(costs: tuple[Path, Lake, list[dict]]):
    fragment = costs[1].fragment("near_duplicates", ALL)
    assert fragment is not None
    found = {row["record_id"]: row["group_id"] for row in fragment.read(["record_id", "group_id"]).to_pylist()}
    shown = {}
    for batch in records(N, dim=64):
        for record, original in zip(batch["record_id"].to_pylist(), batch["copy_of"].to_pylist(), strict=True):
            shown[record] = original or record
    groups: dict[str, set[str]] = {}
    for record, group in found.items():
        groups.setdefault(group, set()).add(shown[record])
    assert len(found) == N
    assert all(len(pictures) == 1 for pictures in groups.values())
    assert len(groups) == len(set(shown.values())) < N


def test_every_step_says_what_it_cost(costs: tuple[Path, Lake, list[dict]]):
    by_step = {cost["step"]: cost for cost in costs[2]}
    assert by_step["near_duplicates"]["asked"] > 0
    assert all(cost["records"] > 0 and cost["cpu"] >= 0 and cost["peak_mb"] > 50 for cost in costs[2])
    assert by_step["warehouse"]["records"] == N
    assert set(by_step["queries"]["latencies"]) >= {"open", "all facets", "first page", "count"}


def test_the_report_fits_the_growth_and_takes_the_last_run_of_a_size(tmp_path: Path):
    file = tmp_path / "scale.jsonl"
    lines = [{"step": "x", "n": n, "cpu": cpu, "peak_mb": 100.0, "disk_mb": 1.0} for n, cpu in
             ((10_000, 99.0), (10_000, 5.0), (100_000, 10.0), (1_000_000, 100.0))]  # fmt: skip
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    found = read(file)
    assert [cost["cpu"] for cost in found["x"]] == [5.0, 10.0, 100.0]
    assert table(found)[-1].endswith("| 1.00 |")  # without the smallest, which is mostly starting up
    assert exponent([10, 100, 1000], [1.0, 100.0, 10_000.0]) == pytest.approx(2.0)
