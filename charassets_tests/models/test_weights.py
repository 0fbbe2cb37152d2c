"""Models are found and checked before anything opens them, and what is missing is never fetched behind the user's back."""

import hashlib

import pytest

from charassets.errors import ModelMissingError, UsageError
from charassets.models.registry import load_detector, resolve_device
from charassets.models.weights import fast_twin, find_detector, find_embedder
from charassets.settings import DetectorSettings, EmbedderSettings


def test_a_missing_detector_is_told_and_not_downloaded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelMissingError, match="give detector.path"):
        load_detector(DetectorSettings(path="yolo11n.pt"), "cpu")
    assert list(tmp_path.iterdir()) == []


def test_weights_that_are_not_the_pinned_ones_are_refused(tmp_path):
    file = tmp_path / "detector.pt"
    file.write_bytes(b"weights")
    right = hashlib.sha256(b"weights").hexdigest()
    assert find_detector(DetectorSettings(path=str(file), sha256=right)).files == {"detector.pt": right}
    with pytest.raises(ModelMissingError, match="not the pinned ones"):
        find_detector(DetectorSettings(path=str(file), sha256="0" * 64))


def test_a_changed_file_is_hashed_again(tmp_path):
    file = tmp_path / "detector.pt"
    file.write_bytes(b"one")
    before = find_detector(DetectorSettings(path=str(file))).sha256
    file.write_bytes(b"other")
    assert find_detector(DetectorSettings(path=str(file))).sha256 != before


def test_a_folder_is_known_by_every_file_that_decides_its_answers(tmp_path):
    for name, content in {"config.json": b"{}", "model.safetensors": b"t", "README.md": b"words"}.items():
        (tmp_path / name).write_bytes(content)
    found = find_embedder(EmbedderSettings(path=str(tmp_path)))
    assert set(found.files) == {"config.json", "model.safetensors"}
    assert found.sha256 == hashlib.sha256(b"t").hexdigest()


@pytest.mark.parametrize("revision", [None, "main", "3d74acf"])
def test_a_hub_model_without_a_full_commit_is_refused_before_any_connection(revision):
    with pytest.raises(ModelMissingError, match="has to be pinned"):
        find_embedder(EmbedderSettings(path="openai/clip-vit-base-patch32", revision=revision))


def test_a_shipped_model_cannot_name_a_path_outside():
    with pytest.raises(ModelMissingError, match="no such shipped model"):
        find_detector(DetectorSettings(path="mini:../../etc/passwd"))


def test_a_device_that_is_not_there_is_a_usage_error():
    with pytest.raises(UsageError, match="is not there"):
        resolve_device("warp")
    assert resolve_device("cpu") == "cpu" and resolve_device("auto") in ("cpu", "cuda", "mps")


def test_the_shipped_models_are_named_by_the_same_digests_whatever_engine_runs_them():
    detector = find_detector(DetectorSettings(path="mini:detector"))
    assert list(detector.files) == ["detector.pt"]
    assert fast_twin(detector).name in ("detector.pt", "detector_openvino_model")
    assert "model.safetensors" in find_embedder(EmbedderSettings(path="mini:embedder")).files
