import numpy as np
import pyarrow.parquet as pq
import pytest

from charassets.attributes.chosen_sources import picture_sources
from charassets.attributes.classifier_source import CLASSIFIER
from charassets.attributes.evidence_source import Subject
from charassets.attributes.vocabulary import load
from charassets.classifiers.augmentation import Part, varied
from charassets.classifiers.division import TEST, TRAIN, VALIDATION, crossings
from charassets.classifiers.examples import divided
from charassets.classifiers.labels import BOUND_BY_DUPLICATES, labelled
from charassets.classifiers.runs import CLASSIFIER as FILE
from charassets.classifiers.spec import Spec, Tuning
from charassets.classifiers.training import resume, train
from charassets.classifiers.tuning_folder import TuningFolder
from charassets.errors import ModelMissingError, UsageError, VerificationError
from charassets.images.decode import decode
from charassets.models.clip import Framing
from charassets.models.trained import from_bytes, in_force, opened
from charassets.settings import ImageSettings, load_settings
from charassets_tests.classifiers.paintings import backbone, painted

FRAMING = Framing(8, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def spec(name, path, **tuning):
    tuned = Tuning(str(path), **{"epochs": 2, "batch": 16, **tuning})
    return Spec(name, "folder", "finetune", together=("duplicates",), tuning=tuned)


def told_of(found, record, fact="answer"):
    rows = pq.read_table(found.run.folder / "predictions.parquet").to_pylist()
    return next(row[fact] for row in rows if row["record_id"] == record)


@pytest.fixture(scope="module")
def tuned(gallery, tmp_path_factory):
    workspace, lake, _ = gallery
    return train(workspace, lake, spec("tuned", backbone(tmp_path_factory.mktemp("resnet"), "resnet"), epochs=12))


def test_a_rule_that_only_pixels_tell_is_learnt_and_reported(gallery, tuned):
    scores = tuned.report["test"]["scores"]
    assert scores["accuracy"]["value"] > tuned.report["test"]["majority"] + 0.15
    assert "epoch 1" in tuned.report["curve"] and tuned.report["best"] in tuned.report["curve"]
    assert not (tuned.run.folder / "tuning").exists()  # checkpoints and pictures are gone, the division stays
    assert "fine-tuned on the figure" in (tuned.run.folder / "report.md").read_text()


def test_the_file_answers_as_the_training_did_and_holds_no_pickle(gallery, tuned):
    content = (tuned.run.folder / FILE).read_bytes()
    again = from_bytes(content)
    pixels = decode(painted(7, bright=False), ImageSettings(min_side=1)).pixels
    chances = again.chances(again.framed([(pixels, None)]))[0]
    assert again.values[int(chances.argmax())] == told_of(tuned, "villain/7")
    assert chances.max() == pytest.approx(told_of(tuned, "villain/7", "chance"), abs=1e-4)
    assert b"\x80\x04" not in content[:64] and content[8:9] == b"{"


def test_one_line_of_settings_makes_it_a_column(gallery, tuned):
    _, lake, settings = gallery
    assert opened(in_force(lake.store, "tuned")).method == "finetune"
    chosen = load_settings({"workspace": str(settings.workspace), "classifiers": [{"name": "tuned", "floor": 0.0}]})
    (source,) = [one for one in picture_sources(chosen, load()) if one.source == CLASSIFIER]
    assert source.needs_pixels
    pixels = decode(painted(7, bright=False), ImageSettings(min_side=1)).pixels
    blind, seen = source.answers([Subject(embedding=np.ones(2, np.float16)), Subject(pixels=pixels)])
    assert blind == [] and [(e.attribute, e.value) for e in seen] == [("classified_tuned", told_of(tuned, "villain/7"))]


def test_a_duplicate_never_crosses_the_division_and_the_proof_would_see_it(gallery, tuned):
    workspace, _, _ = gallery
    found = labelled(workspace, "folder")
    rows = pq.read_table(tuned.run.folder / "division.parquet").to_pylist()
    part = {row["record_id"]: row["part"] for row in rows}
    copies = [name for name in part if name.endswith("-again")]
    assert len(copies) == 20 and all(part[name] == part[name.removesuffix("-again")] for name in copies)
    parts = np.array([part[name] for name in found.record_ids])
    assert crossings(found.bonds, BOUND_BY_DUPLICATES, parts) == []
    parts[found.record_ids.index(copies[0])] = (part[copies[0]] + 1) % 3
    assert crossings(found.bonds, BOUND_BY_DUPLICATES, parts)


def test_variations_are_made_of_pictures_of_their_own_side_and_only_to_learn_from(gallery):
    workspace, _, _ = gallery
    examples = divided(labelled(workspace, "folder"), spec("x", "mini:embedder").checked())
    # Every picture is one grey, the number of its place: a variation cannot hide whose it is.
    frames = np.repeat(np.arange(len(examples.labels), dtype=np.uint8), 8 * 8 * 3).reshape(-1, 8, 8, 3)
    for part in (TRAIN, VALIDATION, TEST):
        items = Part(frames, examples.of(part), examples.labels, FRAMING)
        grey = [float((items[k]["pixel_values"].median() * 0.5 + 0.5) * 255) for k in range(len(items))]
        assert np.rint(grey).astype(int).tolist() == examples.of(part).tolist()
    learnt = Part(frames + 100, examples.of(TRAIN), examples.labels, FRAMING, seed=0)
    before = learnt[0]["pixel_values"]
    assert before.equal(learnt[0]["pixel_values"])
    learnt.begin(1)
    assert any(not before.equal(learnt[0]["pixel_values"]) for _ in [learnt.begin(k) for k in range(1, 6)])


def test_an_epoch_is_whole_batches_and_passes_over_nobody():
    frames, labels = np.zeros((10, 8, 8, 3), np.uint8), np.arange(10)
    part = Part(frames, np.arange(10), labels, FRAMING, seed=0, batch=4)
    seen = []
    for epoch in range(5):
        part.begin(epoch)
        seen += [part[k]["labels"] for k in range(len(part))]
    assert len(seen) == 40 and np.bincount(seen).tolist() == [4] * 10


def test_a_variation_keeps_size_and_type():
    picture = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    made = [varied(picture, np.random.default_rng(k)) for k in range(40)]
    assert {(m.shape, m.dtype) for m in made} == {((40, 40, 3), np.dtype(np.uint8))}
    assert len({m.tobytes() for m in made}) > 30


@pytest.mark.parametrize("kind", ["efficientnet", "vit", "swin"])
def test_other_backbones_are_tuned_the_same_way(gallery, tmp_path, kind):
    workspace, lake, _ = gallery
    found = train(workspace, lake, spec(f"of_{kind}", backbone(tmp_path, kind), epochs=1))
    assert set(found.report["curve"]) == {"probe", "epoch 1"}
    assert opened(in_force(lake.store, f"of_{kind}")).config["model_type"] == kind


def test_lora_moves_few_numbers_and_is_merged_into_an_ordinary_file(gallery, tmp_path):
    workspace, lake, _ = gallery
    clip = backbone(tmp_path, "clip")
    found = train(workspace, lake, spec("of_clip", clip, epochs=6, lora=4, rate=0.02))
    made = opened(in_force(lake.store, "of_clip"))
    assert found.report["best"] != "probe"
    assert not [name for name in made.tensors if "lora" in name] and made.notes["lora"] == 4
    before = train(workspace, lake, spec("of_clip_probe", clip, epochs=0))
    probe = from_bytes((before.run.folder / FILE).read_bytes())
    moved = {name for name in made.tensors if not np.array_equal(made.tensors[name], probe.tensors[name])}
    assert moved and all("q_proj" in name or "v_proj" in name or "classifier" in name for name in moved)


def test_the_vectors_of_an_onnx_file_are_probed_and_travel_with_the_classifier(gallery, tmp_path):
    import torch

    workspace, lake, _ = gallery
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 8, 8), torch.nn.ReLU(), torch.nn.Flatten())
    path = tmp_path / "face.onnx"
    torch.onnx.export(network.eval(), (torch.zeros(1, 3, 32, 32),), str(path), dynamo=False)
    found = train(workspace, lake, spec("of_onnx", path, look="head"))
    assert found.report["best"].startswith("probe C=")
    path.unlink()
    made = opened(in_force(lake.store, "of_onnx"))
    pixels = decode(painted(7, bright=False), ImageSettings(min_side=1)).pixels
    assert made.chances(made.framed([(pixels, (0.2, 0.2, 0.8, 0.8))])).shape == (1, 2)


def test_the_shipped_embedder_is_the_backbone_by_default(gallery):
    workspace, lake, _ = gallery
    found = train(workspace, lake, spec("of_mini", Tuning().backbone, epochs=0))
    assert found.report["test"]["scores"]["accuracy"]["value"] > found.report["test"]["majority"]


@pytest.mark.parametrize(
    ("tuning", "error"),
    [
        ({"backbone": "scratch:nonsense"}, UsageError),
        ({"backbone": "/gone"}, ModelMissingError),
        ({"backbone": "some/hub-id"}, ModelMissingError),
        ({"backbone": "/gone.onnx"}, ModelMissingError),
        ({"look": "feet"}, UsageError),
        ({"epochs": -1}, UsageError),
        ({"rate": 2.0}, UsageError),
        ({"lora": 4}, UsageError),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_in_one_line(gallery, tuning, error):
    workspace, lake, _ = gallery
    with pytest.raises(error) as told:
        train(workspace, lake, Spec("wrong", "folder", "finetune", together=("duplicates",), tuning=Tuning(**tuning)))
    assert "\n" not in str(told.value)


def test_a_folder_without_the_backbone_s_weights_is_no_backbone(gallery, tmp_path):
    from safetensors.numpy import load_file, save_file

    path = backbone(tmp_path, "resnet")
    tensors = load_file(f"{path}/model.safetensors")
    save_file({name: value for name, value in tensors.items() if "embedder" not in name}, f"{path}/model.safetensors")
    with pytest.raises(ModelMissingError, match="has no resnet"):
        train(*gallery[:2], spec("hollow", path))


def test_what_is_no_fine_tuned_classifier_is_refused_in_one_line(tuned):
    content = (tuned.run.folder / FILE).read_bytes()
    with pytest.raises(VerificationError, match="no classifier of ours"):
        from_bytes(content[: len(content) // 2])
    other = content.replace(b'\\"model_type\\": \\"resnet\\"', b'\\"model_type\\": \\"gpt-99\\"')
    assert other != content
    with pytest.raises(VerificationError, match="cannot be built"):
        from_bytes(other).chances(np.zeros((1, 32, 32, 3), np.uint8))


def test_a_finished_training_and_one_without_checkpoints_do_not_go_on(gallery, tuned):
    workspace, lake, _ = gallery
    with pytest.raises(UsageError, match="is done"):
        resume(workspace, lake, "tuned")
    with pytest.raises(UsageError, match="no such run"):
        resume(workspace, lake, "tuned", "20200101-000000-000000")


def test_a_half_written_checkpoint_is_passed_over(tmp_path):
    folder = TuningFolder(tmp_path)
    for step, state in ((5, '{"epoch": 1}'), (10, '{"epoch": 2}'), (15, '{"epo')):
        (folder.checkpoints / f"checkpoint-{step}").mkdir(parents=True)
        (folder.checkpoints / f"checkpoint-{step}" / "trainer_state.json").write_text(state)
    assert folder.last_checkpoint().name == "checkpoint-10"
    assert not (folder.checkpoints / "checkpoint-15").exists()
