"""Any transformers image encoder answers with unit vectors that depend on the picture alone."""

import numpy as np
import pytest
from PIL import Image

from charassets.errors import ModelMissingError, UsageError
from charassets.models.registry import load_embedder
from charassets.settings import EmbedderSettings
from charassets_tests.models import small_models


@pytest.fixture(scope="module")
def clip_folder(tmp_path_factory):
    return small_models.save_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def clip(clip_folder):
    return load_embedder(EmbedderSettings(path=str(clip_folder), batch=4), "cpu")


def pictures(count, height=90, width=90):
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (count, 6, 6, 3), dtype=np.uint8)
    return [np.asarray(Image.fromarray(c).resize((width, height), Image.Resampling.BICUBIC)) for c in coarse]


def cosines(left, right):
    return (left.astype(np.float32) * right.astype(np.float32)).sum(axis=1)


def test_vectors_are_finite_half_precision_and_of_unit_length(clip):
    vectors = clip.embed_images(pictures(9))
    assert vectors.dtype == np.float16 and vectors.shape == (9, clip.dim) == (9, 48)
    assert np.abs(np.linalg.norm(vectors.astype(np.float32), axis=1) - 1).max() < 1e-3


def test_a_square_picture_is_embedded_as_transformers_itself_would(clip, clip_folder):
    import torch
    from transformers import AutoImageProcessor, AutoModel

    images = pictures(6, 150, 150)
    model = AutoModel.from_pretrained(clip_folder)
    processor = AutoImageProcessor.from_pretrained(clip_folder)
    with torch.inference_mode():
        tensors = processor(images=[Image.fromarray(i) for i in images], return_tensors="pt")
        expected = torch.nn.functional.normalize(model.get_image_features(**tensors).pooler_output, dim=-1).numpy()
    assert cosines(clip.embed_images(images), expected).min() > 0.999


def test_a_vector_does_not_depend_on_its_company(clip):
    images = pictures(7)
    alone = np.concatenate([clip.embed_images([image]) for image in images])
    assert cosines(clip.embed_images(images), alone).min() > 0.999


def test_a_tall_figure_is_seen_whole(clip):
    tall = pictures(1, 240, 80)[0].copy()
    other_head = tall.copy()
    other_head[:60] = 255 - other_head[:60]
    vectors = clip.embed_images([tall, tall, other_head])
    # The middle square of a 240 x 80 picture leaves the upper third out: cut to it, the two would be equal.
    assert cosines(vectors[:1], vectors[1:2])[0] > 0.999 > cosines(vectors[:1], vectors[2:])[0]


def test_no_pictures_and_no_texts_give_no_vectors(clip):
    assert clip.embed_images([]).shape == (0, 48) and clip.embed_texts([]).shape == (0, 48)


def test_texts_share_the_space_and_long_ones_are_cut(clip):
    vectors = clip.embed_texts(["a girl with blonde hair", "a boy with black hair", "long " * 100])
    assert vectors.shape == (3, 48) and vectors.dtype == np.float16
    assert (vectors[0] != vectors[1]).any()
    assert clip.logit_scale == pytest.approx(np.exp(2.6592), rel=1e-3)


def test_a_picture_only_model_embeds_pictures_and_refuses_texts(tmp_path):
    dino = load_embedder(EmbedderSettings(path=str(small_models.save_dinov2(tmp_path))), "cpu")
    assert dino.embed_images(pictures(2)).shape == (2, 32) and not dino.reads_text and dino.logit_scale == 1
    with pytest.raises(UsageError, match="reads no text"):
        dino.embed_texts(["a girl"])


def test_code_that_comes_with_a_model_is_never_run(tmp_path):
    marker = tmp_path / "marker"
    folder = small_models.add_remote_code(small_models.save_clip(tmp_path / "clip"), marker)
    with pytest.raises(ModelMissingError, match="cannot be opened"):
        load_embedder(EmbedderSettings(path=str(folder)), "cpu")
    assert not marker.exists()


def test_pickled_weights_are_not_opened(tmp_path):
    folder = small_models.save_clip(tmp_path / "clip")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelMissingError, match="safetensors"):
        load_embedder(EmbedderSettings(path=str(folder)), "cpu")


def test_the_same_settings_load_the_model_once(clip_folder, clip):
    assert load_embedder(EmbedderSettings(path=str(clip_folder), batch=4), "cpu") is not None
    first = load_embedder(EmbedderSettings(path=str(clip_folder), batch=8), "cpu")
    assert load_embedder(EmbedderSettings(path=str(clip_folder), batch=8), "cpu") is first
