"""A lake of small pictures with a rule that pixels tell and embeddings do not, and backbones small enough for a test.

What belongs here: what the tests of fine-tuning share. Not here: tests.
"""

import io

import numpy as np
from PIL import Image

from charassets_tests.warehouse.small_lake import Drawn

SIDE = 32


def painted(seed, bright):
    """A disc on a ground of any colour, bright or dark, with noise."""
    rng = np.random.default_rng(seed)
    ground = rng.uniform(100, 155, 3)
    page = np.tile(ground, (SIDE, SIDE, 1)) + rng.normal(0, 12, (SIDE, SIDE, 3))
    y, x = np.mgrid[:SIDE, :SIDE]
    at = rng.uniform(10, SIDE - 10, 2)
    disc = (x - at[0]) ** 2 + (y - at[1]) ** 2 < rng.uniform(6, 9) ** 2
    page[disc] += 90 if bright else -90
    data = io.BytesIO()
    Image.fromarray(np.clip(page, 0, 255).astype(np.uint8)).save(data, "WEBP", lossless=True)
    return data.getvalue()


def paintings(count=100):
    """Heroes are bright and villains dark, one in twenty the other way round; every fifth picture has an exact copy."""
    for k in range(count):
        side, bright = ("hero", "villain")[k % 2], (k % 2 == 0) != (k % 20 == 3)
        drawn = {"degrees": 360.0 * k / count, "phash": k * 0x9E3779B97F4A7C15 % 2**63, "image": f"painting {k}"}
        yield Drawn(f"{side}/{k}", picture=painted(k, bright), **drawn)
        if k % 5 == 0:
            yield Drawn(f"{side}/{k}-again", picture=painted(k, bright), **drawn)


def backbone(folder, kind):
    """A backbone with random weights, as ``save_pretrained`` writes one: resnet, efficientnet, vit, swin or clip."""
    import torch
    import transformers

    torch.manual_seed(0)
    made = _KINDS[kind](transformers)
    made.save_pretrained(folder)
    size = {"height": SIDE, "width": SIDE}
    processor = transformers.CLIPImageProcessor if kind == "clip" else transformers.ViTImageProcessor
    more = {"do_center_crop": False} if kind == "clip" else {}
    processor(size=size, image_mean=[0.5] * 3, image_std=[0.5] * 3, **more).save_pretrained(folder)
    return str(folder)


_SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
_LOOKS = {"image_size": SIDE, "patch_size": 8}
_KINDS = {
    "resnet": lambda transformers: transformers.ResNetForImageClassification(
        transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic")
    ),
    "efficientnet": lambda transformers: transformers.EfficientNetForImageClassification(
        transformers.EfficientNetConfig(
            image_size=SIDE,
            width_coefficient=1.0,
            depth_coefficient=1.0,
            in_channels=[32, 8],
            out_channels=[8, 16],
            kernel_sizes=[3, 3],
            strides=[1, 2],
            num_block_repeats=[1, 1],
            expand_ratios=[1, 2],
            hidden_dim=1280,
        )
    ),
    "vit": lambda transformers: transformers.ViTForImageClassification(transformers.ViTConfig(**_SMALL, **_LOOKS)),
    "swin": lambda transformers: transformers.SwinForImageClassification(
        transformers.SwinConfig(
            image_size=SIDE, patch_size=4, embed_dim=8, depths=[1, 1], num_heads=[1, 2], window_size=4
        )
    ),
    "clip": lambda transformers: transformers.CLIPModel(
        transformers.CLIPConfig(
            text_config={**_SMALL, "vocab_size": 30}, vision_config={**_SMALL, **_LOOKS}, projection_dim=8
        )
    ),
}
