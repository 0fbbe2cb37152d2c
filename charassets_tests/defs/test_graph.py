import subprocess
import sys

import dagster as dg
import pytest

from charassets.definitions import defs
from charassets.schema import TABLES
from charassets.stages.cluster_health import CHECKS
from charassets.stages.promises import CONTRACTS

DEPENDENCIES = {
    "raw_shards": set(),
    "single_character_images": {"raw_shards"},
    "clip_embeddings": {"single_character_images"},
    "design_features": {"single_character_images"},
    "tag_evidence": {"raw_shards"},
    "visual_evidence": {"clip_embeddings", "single_character_images"},
    "character_attributes": {"single_character_images", "tag_evidence", "visual_evidence"},
    "character_identities": {"clip_embeddings", "single_character_images", "character_attributes"},
    "character_gallery": {"edits"},
    "edit_log": set(),
    "edits": {"edit_log"},
    "near_duplicates": {"single_character_images", "clip_embeddings", "knn_graph", "raw_shards", "edits"},
    "knn_graph": {"clip_embeddings"},
    "character_clusters": {
        *("near_duplicates", "knn_graph", "clip_embeddings", "edits", "character_attributes"),
        *("raw_shards", "single_character_images"),
    },
    "merged_attributes": {"near_duplicates", "tag_evidence", "visual_evidence"},
    "cluster_consensus": {"character_clusters", "character_attributes", "merged_attributes", "tag_evidence"},
    "tracks": {
        *("raw_shards", "single_character_images", "clip_embeddings", "character_identities"),
        *("tag_evidence", "visual_evidence", "edits"),
    },
    "heads": {"clip_embeddings", "tag_evidence"},
    "fusion_policy": {"tag_evidence", "visual_evidence", "edits"},
    "calibration": {"tag_evidence", "visual_evidence", "fusion_policy"},
    "evaluation": {"heads", "fusion_policy", "calibration", "edits"},
    "warehouse": set(TABLES) - {"source_items"},
    "exports": {"warehouse"},
    "classifiers": {"clip_embeddings", "design_features", "visual_evidence", "warehouse"},
    "character_outputs": {"warehouse"},
}
LEARNT = {"classifiers", "heads", "fusion_policy", "calibration", "evaluation"}
WHOLE = LEARNT | {
    "edit_log",
    "edits",
    "character_gallery",
    "knn_graph",
    "near_duplicates",
    "merged_attributes",
    "character_clusters",
    "cluster_consensus",
    "tracks",
    "warehouse",
    "exports",
    "character_outputs",
}


@pytest.fixture
def repository_def():
    return defs().get_repository_def()


@pytest.fixture
def graph(repository_def):
    return repository_def.asset_graph


def test_definitions_load():
    dg.Definitions.validate_loadable(defs())


def test_the_graph_is_the_pipeline(graph):
    found = {
        key.to_user_string(): {p.to_user_string() for p in graph.get(key).parent_keys}
        for key in graph.get_all_asset_keys()
    }
    assert found == DEPENDENCIES


def test_no_dependency_is_a_typing_error(graph):
    assert graph.external_asset_keys == {dg.AssetKey("edit_log")}  # observed; no run makes it


def test_shards_are_partitions_and_the_collection_is_not(graph):
    for key in graph.get_all_asset_keys():
        assert graph.get(key).is_partitioned == (key.to_user_string() not in WHOLE)


def test_every_contract_is_a_blocking_check(graph):
    blocking = {(k.asset_key.to_user_string(), k.name) for k in graph.asset_check_keys if graph.get(k).blocking}
    assert blocking == {(table, contract.name) for table, contracts in CONTRACTS.items() for contract in contracts}


def test_drift_only_warns(graph):
    warning = {(k.asset_key.to_user_string(), k.name) for k in graph.asset_check_keys if not graph.get(k).blocking}
    assert warning == {
        ("single_character_images", "kept_share_steady"),
        ("character_attributes", "unknown_share_steady"),
        ("knn_graph", "index_not_outgrown"),
        ("near_duplicates", "duplicate_share_steady"),
        *(("character_clusters", name) for name in CHECKS),
        ("cluster_consensus", "characters_agree"),
        ("tracks", "tracks_hold_together"),
        ("evaluation", "right_as_promised"),
        ("evaluation", "confidence_means_it"),
    }


def test_every_asset_is_described_owned_and_versioned(graph):
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description and node.kinds, key
        if node.is_materializable:
            assert node.owners and node.code_version, key
        assert node.group_name != "default", key


def test_the_columns_shown_are_the_schema(graph):
    for name, table in TABLES.items():
        if name == "source_items":
            continue
        shown = graph.get(dg.AssetKey(name)).metadata["dagster/column_schema"]
        schema = shown.schema if hasattr(shown, "schema") else shown
        assert [(c.name, c.description) for c in schema.columns] == [(c.name, c.doc) for c in table.columns]


def test_models_run_one_at_a_time(graph):
    pooled = {key.to_user_string() for key in graph.get_all_asset_keys() if "model" in (graph.get(key).pools or set())}
    assert pooled == {"single_character_images", "clip_embeddings", "visual_evidence"}


def test_jobs_schedules_and_sensors_are_there_and_only_one_automation_is_on(repository_def):
    jobs = {job.name for job in repository_def.get_all_jobs() if not job.name.startswith("__")}
    assert jobs == {
        "everything",
        "refresh_shards",
        "refresh_collection",
        "learn",
        "learn_cast",
        "shards_by_key",
        "tidy",
    }
    on = {s.name for s in repository_def.schedule_defs if s.default_status is dg.DefaultScheduleStatus.RUNNING}
    assert on == {"nightly_shards", "nightly_collection", "nightly_learning", "weekly_tidy"}
    sensors = {s.name: s.default_status.value for s in repository_def.sensor_defs}
    assert sensors == {"new_shards": "RUNNING", "fill_missing": "STOPPED"}


def test_dagster_validates_the_workspace_file(repository, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"],
        cwd=repository,
        env={"PATH": "/usr/bin:/bin", "DAGSTER_HOME": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
