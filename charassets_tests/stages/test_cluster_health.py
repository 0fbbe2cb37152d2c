"""Checks of characters, each one failing and passing, over fragments that the real writer committed."""

import numpy as np
import pyarrow as pa
import pytest

from charassets.lake.fragments import Lake
from charassets.lake.store import open_store
from charassets.schema import BOOKS, CHARACTER_CLUSTERS
from charassets.settings import load_settings
from charassets.stages.cluster_health import CARRIED, CARRIED_SCHEMA, CHECKS, UNKEPT, findings, measured
from charassets.stages.collection import ALL


def fragment_of(tmp_path, sizes, *, noise=0, similarity=0.8, carried=None, unkept=()):
    names = [f"c{k}" for k, size in enumerate(sizes) for _ in range(size)] + [None] * noise
    first = [k == 0 or name != names[k - 1] for k, name in enumerate(names)]
    rows = {
        "record_id": [f"r{k:04d}" for k in range(len(names))],
        "character_id": names,
        "probability": np.ones(len(names), np.float32),
        "representative": [a and name is not None for a, name in zip(first, names, strict=True)],
        "similarity": [
            None if name is None else 1.0 if a else similarity for a, name in zip(first, names, strict=True)
        ],
        **dict.fromkeys(("sub_cluster", "view", "moment_of"), [None] * len(names)),
    }
    lake = Lake(open_store(str(tmp_path / "lake")))
    with lake.writer(CHARACTER_CLUSTERS.name, ALL, CHARACTER_CLUSTERS.arrow) as writer:
        writer.add(pa.table(rows, schema=CHARACTER_CLUSTERS.arrow), BOOKS.empty_table())
        if carried is not None:
            writer.keep(CARRIED, pa.table([[carried[0]], [carried[1]]], schema=CARRIED_SCHEMA))
        writer.keep(UNKEPT, pa.table({"what": pa.array(unkept, pa.string())}))
        writer.commit("f", "s", {})
    return lake.fragment(CHARACTER_CLUSTERS.name, ALL)


def failed(fragment, **checks):
    found = list(findings(measured(fragment), load_settings({"checks": checks}).checks))
    assert [finding.name for finding in found] == list(CHECKS)
    return {finding.name for finding in found if not finding.passed}


def test_sound_characters_pass_every_check(tmp_path):
    assert not failed(fragment_of(tmp_path, [20, 20, 20], noise=10, carried=(60, 58)))


@pytest.mark.parametrize(
    ("made", "name"),
    [
        ({"sizes": [50, 20, 20]}, "no_mega_cluster"),
        ({"sizes": [20, 20, 20], "similarity": 0.1}, "members_alike"),
        ({"sizes": [10, 10], "noise": 300}, "noise_within_bounds"),
        ({"sizes": [20, 20], "carried": (40, 30)}, "ids_carried_over"),
    ],
)
def test_each_check_fails_alone_where_its_promise_is_broken(tmp_path, made, name):
    assert failed(fragment_of(tmp_path, **made)) == {name}


def test_the_limits_and_how_loud_they_are_come_from_the_settings(tmp_path):
    fragment = fragment_of(tmp_path, [50, 20, 20], noise=30)
    assert not failed(fragment, mega_cluster={"limit": 0.6})
    assert failed(fragment, noise={"limit": 0.2}, mega_cluster={"limit": 0.6}) == {"noise_within_bounds"}
    checks = load_settings({"checks": {"mega_cluster": {"limit": 0.5, "severity": "error"}}}).checks
    assert next(iter(findings(measured(fragment), checks))).severity == "error"


def test_who_fails_a_check_is_told_the_limit_and_where_it_is_set(tmp_path):
    checks = load_settings().checks
    for finding in findings(measured(fragment_of(tmp_path, [20, 20, 20], similarity=0.1, carried=(60, 58))), checks):
        assert getattr(checks, finding.setting.removeprefix("checks.")).limit == finding.limit
        if finding.passed:
            assert finding.told == finding.says
        else:
            assert finding.told == f"{finding.says}; the limit is {finding.limit:g}, `checks.member_similarity.limit`"


def test_a_handful_of_pictures_and_a_first_run_prove_nothing(tmp_path):
    assert not failed(fragment_of(tmp_path, [6, 3], noise=10, similarity=-0.5))
    assert measured(fragment_of(tmp_path / "b", [])).carried is None
    assert not failed(fragment_of(tmp_path / "c", []))


def test_what_could_not_be_kept_is_told(tmp_path):
    assert measured(fragment_of(tmp_path, [3], unkept=("a and b",))).unkept == ("a and b",)
