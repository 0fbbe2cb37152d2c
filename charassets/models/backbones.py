"""Image backbones that may be fine-tuned: where they are, and a network with a new last layer made of each.

What belongs here: opening them safely, and what of a network is its last layer. Not here: training (``charassets.classifiers``),
and what comes out (``charassets.models.tuned``).

A backbone is named as ``mini:embedder`` (shipped), a folder that ``save_pretrained`` wrote, a hub id with its commit,
``scratch:NAME`` (an architecture with random weights), or an .onnx file, whose vectors are looked at as they are: a face
network, for example.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charassets.errors import ModelMissingError, UsageError
from charassets.models.clip import Framing, framing_of, know
from charassets.models.weights import find_embedder, find_folder
from charassets.settings import EmbedderSettings

if TYPE_CHECKING:
    from torch import nn

MINI = "mini:embedder"
_SCRATCH = "scratch:"
_IMAGENET = Framing(224, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Of pictures for a network that has seen none: mean and deviation of ImageNet, as torchvision states them."""

SCRATCH: dict[str, tuple[str, dict[str, Any]]] = {
    "resnet-18": (
        "resnet",
        {"layer_type": "basic", "depths": [2, 2, 2, 2], "hidden_sizes": [64, 128, 256, 512], "embedding_size": 64},
    ),
    "efficientnet-b0": (
        "efficientnet",
        {
            "width_coefficient": 1.0,
            "depth_coefficient": 1.0,
            "hidden_dim": 1280,
            "image_size": 224,
            "dropout_rate": 0.2,
        },
    ),
    "vit-small": (
        "vit",
        {"hidden_size": 384, "num_hidden_layers": 12, "num_attention_heads": 6, "intermediate_size": 1536},
    ),
    "swin-tiny": ("swin", {"depths": [2, 2, 6, 2], "num_heads": [3, 6, 12, 24], "embed_dim": 96, "window_size": 7}),
}
"""Architectures by name: model type of transformers and what differs from its defaults (sizes of the papers)."""

_SAFE = {"trust_remote_code": False, "local_files_only": True}
_LAST = "classifier"
"""What transformers calls the new layer."""

_ATTENTION = ("q_proj", "v_proj")
"""Projections that LoRA adapts (Hu et al., 2022, section 4.2); transformers names them so in every model since version 5."""


@dataclass(frozen=True, eq=False)
class Backbone:
    """An opened backbone.

    Attributes:
        name: for people. digest: sha256 of its tensors; empty for random ones.
        network: a transformers classifier of pictures with a last layer of the asked width; None for ONNX.
        framing: how it wants its input; None where the ONNX file says it.
        onnx: content of an ONNX file; None otherwise.
    """

    name: str
    digest: str
    network: "nn.Module | None"
    framing: Framing | None
    onnx: bytes | None = None


def open_backbone(given: str, revision: str | None, labels: int, seed: int = 0) -> Backbone:
    """A backbone under a new last layer.

    Args:
        given: see the module.
        revision: commit of a hub id.
        labels: width of the last layer.
        seed: of the random weights, of all layers for ``scratch:`` and of the last one otherwise.

    Raises:
        ModelMissingError: it is not there, or cannot be opened without running code that came with it.
        UsageError: there is no such architecture.
    """
    import torch
    import transformers

    if given.endswith(".onnx"):
        return _from_onnx(Path(given).expanduser())
    transformers.utils.logging.disable_progress_bar()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if given.startswith(_SCRATCH):
            return _from_scratch(given, labels)
        return _from_folder(given, revision, labels)


def last_layer(network: "nn.Module") -> "nn.Linear":
    """The linear layer that answers.

    Raises:
        UsageError: there is none; a network that answers otherwise cannot be probed.
    """
    from torch import nn

    layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    if not layers:
        raise UsageError("this network ends in no linear layer", where="backbone", todo="choose another backbone")
    return layers[-1]


def adapted(network: "nn.Module", rank: int) -> "nn.Module":
    """The network under low-rank adapters of its attention; the last layer is trained whole.

    Raises:
        UsageError: it has no attention. ModelMissingError: peft is not installed.
    """
    names = {name.rpartition(".")[2] for name, _ in network.named_modules()}
    if not set(_ATTENTION) <= names:
        raise UsageError("LoRA adapts attention, and this backbone has none", where="lora", todo="leave --lora out")
    try:
        import peft
    except ImportError:
        raise ModelMissingError("LoRA needs peft", where="peft", todo="pip install 'charassets[train]'") from None
    settings = peft.LoraConfig(
        r=rank,
        lora_alpha=2 * rank,  # the usual scale of 2, whatever the rank
        lora_dropout=0.05,
        target_modules=list(_ATTENTION),
        modules_to_save=[_LAST],
    )
    return peft.get_peft_model(network, settings)  # pyright: ignore[reportArgumentType]


def _from_scratch(given: str, labels: int) -> Backbone:
    import transformers

    name = given.removeprefix(_SCRATCH)
    if name not in SCRATCH:
        raise UsageError(
            f"there is no architecture {name!r}",
            where="backbone",
            todo=f"of {', '.join(_SCRATCH + n for n in SCRATCH)}",
        )
    kind, sizes = SCRATCH[name]
    config = transformers.AutoConfig.for_model(kind, **sizes, num_labels=labels)
    return Backbone(given, "", transformers.AutoModelForImageClassification.from_config(config), _IMAGENET)


def _from_folder(given: str, revision: str | None, labels: int) -> Backbone:
    import transformers

    if given.startswith("mini:"):
        found = find_embedder(EmbedderSettings(path=given))
    else:
        found = find_folder("backbone", given, revision, None, ("config.json", "*.safetensors"))
    know(found.path)
    transformers.utils.logging.set_verbosity_error()  # its report of layers that a classifier does not use
    try:
        network, told = transformers.AutoModelForImageClassification.from_pretrained(
            found.path,
            num_labels=labels,
            ignore_mismatched_sizes=True,
            use_safetensors=True,
            output_loading_info=True,
            **_SAFE,
        )
        if missing := [name for name in told["missing_keys"] if not name.startswith(_LAST)]:
            raise ValueError(f"its file has no {sorted(missing)[0]}")  # random weights would pass for trained ones
        framing = framing_of(transformers.AutoImageProcessor.from_pretrained(found.path, **_SAFE))
    except (OSError, ValueError, KeyError, RuntimeError, AttributeError, ImportError) as error:
        raise ModelMissingError(
            f"the backbone cannot be opened: {' '.join(str(error).split())[:160]}",
            where=str(found.path),
            todo="give a folder written by save_pretrained: an image model and its image processor",
        ) from error
    return Backbone(found.name, found.sha256, network.float(), framing)


def _from_onnx(path: Path) -> Backbone:
    import hashlib

    if not path.is_file():
        raise ModelMissingError("the backbone is not there", where=str(path), todo="check the path")
    content = path.read_bytes()
    return Backbone(path.name, hashlib.sha256(content).hexdigest(), None, None, content)
