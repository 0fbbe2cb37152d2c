"""Fine-tuning: a linear probe on the frozen backbone, then the whole network (or adapters) from there, by transformers' Trainer.

What belongs here: the two steps and what is kept of them. Not here: pictures (``tuning_folder``), variations (``augmentation``),
who asks for it (``training``).

The probe is fitted on stored features and fills the last layer before anything else moves, so that the first steps do not spoil
what the backbone knows (Kumar et al., 2022). It is kept where no epoch is better on the validation part.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charassets.classifiers.augmentation import Part
from charassets.classifiers.division import TEST, TRAIN, VALIDATION
from charassets.classifiers.examples import Examples
from charassets.classifiers.fits import Fitted, Parts, Tell, class_weights, logistic, temperature
from charassets.classifiers.spec import Spec
from charassets.classifiers.team import Team
from charassets.classifiers.trainer import Course, trained
from charassets.classifiers.tuning_folder import TuningFolder
from charassets.models.backbones import Backbone, adapted, last_layer, open_backbone
from charassets.models.classifier import softmax
from charassets.models.clip import Framing
from charassets.models.picture_networks import Frames, OnnxVectors, tensor_of
from charassets.models.registry import resolve_device
from charassets.models.tuned import TunedClassifier

PROBE = "probe"
_BATCH = 64


@dataclass(frozen=True, eq=False)
class Tuned:
    """A fine-tuned classifier, how it went, and its probabilities of all n examples."""

    classifier: TunedClassifier
    fitted: Fitted
    chances: NDArray[np.float64]


def framing_of(backbone: Backbone) -> Framing:
    """How pictures become its input."""
    if backbone.framing is not None:
        return backbone.framing
    return OnnxVectors(backbone.onnx or b"", backbone.name).framing


def opened(spec: Spec, values: tuple[str, ...]) -> Backbone:
    """The backbone of a request, under a last layer for these labels."""
    return open_backbone(spec.tuning.backbone, spec.tuning.revision, len(values), spec.seed)


def tune(
    folder: TuningFolder, examples: Examples, spec: Spec, backbone: Backbone, team: Team, tell: Tell
) -> Tuned | None:
    """Probe and fine-tune; called by every process of the team, with the same arguments.

    Args:
        folder: with frames.
        examples: their labels and parts.
        spec: the request.
        backbone: as ``opened`` made it; its network is changed.
        team: the processes.
        tell: told of every step, by the leader; raises to stop.

    Returns:
        What came of it; None for those who do not lead.
    """
    frames, framing = folder.frames(), framing_of(backbone)
    probed = _probed(folder, examples, spec, backbone, team, tell)
    if backbone.network is None or spec.tuning.epochs == 0:
        return _only_probed(examples, spec, backbone, framing, probed, frames) if team.leads else None
    curve: dict[str, Mapping[str, float]] = {PROBE: probed.curve[probed.best]}
    course = Course.of(spec, folder, team, class_weights_of(examples, spec))
    network = backbone.network if not spec.tuning.lora else adapted(backbone.network, spec.tuning.lora)
    parts = [
        Part(frames, examples.of(part), examples.labels, framing, seed, batch)
        for part, seed, batch in ((TRAIN, spec.seed, spec.tuning.batch), (VALIDATION, None, 1))
    ]
    steps = trained(network, parts[0], parts[1], course, tell)
    if not team.leads:
        return None
    curve.update(steps)
    best = min(curve, key=lambda step: curve[step]["validation"])
    if best == PROBE:
        backbone = opened(spec, examples.values)  # as it was before the epochs that made it worse
        fill(backbone, probed)
        network = backbone.network
    elif spec.tuning.lora:
        network = network.merge_and_unload()  # pyright: ignore[reportCallIssue, reportAttributeAccessIssue]
    made = _file_of(spec, examples, backbone, framing, network)
    return _measured(made, examples, frames, Fitted({}, best, curve))


def class_weights_of(examples: Examples, spec: Spec) -> NDArray[np.float64]:
    """(classes,) weights of the training part; ones where the request does not balance."""
    k = len(examples.values)
    return class_weights(examples.labels[examples.of(TRAIN)], k) if spec.balance else np.ones(k)


def fill(backbone: Backbone, probed: Fitted) -> None:
    """Let the last layer answer as the probe does: its scaling goes into weights and offsets."""
    import torch

    if backbone.network is None:
        return
    weights, offsets = _unscaled(probed.tensors)
    layer = last_layer(backbone.network)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weights))
        layer.bias.copy_(torch.from_numpy(offsets))


def _probed(folder: TuningFolder, examples: Examples, spec: Spec, backbone: Backbone, team: Team, tell: Tell) -> Fitted:
    """The probe, fitted by the leader or found where it was fitted before, and filled into the network."""
    if team.leads and not folder.probe.is_file():
        used = np.flatnonzero(examples.parts != TEST)
        seen = features(backbone, folder.frames()[used])
        parts = Parts.of(seen, examples.labels[used], examples.parts[used], len(examples.values), spec)
        folder.keep_probe(logistic(parts, lambda step, losses: tell(f"{PROBE} {step}", losses)))
    team.agreed(True)  # the others wait until it is there
    probed = folder.fitted_probe()
    fill(backbone, probed)
    return probed


def features(backbone: Backbone, frames: Frames) -> NDArray[np.float32]:
    """(n, dim) float32: what the last layer of the frozen backbone is given, or the vectors of an ONNX file."""
    if backbone.network is None:
        return OnnxVectors(backbone.onnx or b"", backbone.name).of(frames)
    import torch

    device, network, framing = resolve_device("auto"), backbone.network, framing_of(backbone)
    network.eval().to(device)
    found: list[NDArray[np.float32]] = []
    hook = last_layer(network).register_forward_pre_hook(lambda _, given: found.append(given[0].float().cpu().numpy()))
    with torch.inference_mode():
        for k in range(0, len(frames), _BATCH):
            network(pixel_values=tensor_of(frames[k : k + _BATCH], framing).to(device))
    hook.remove()
    return np.concatenate(found).astype(np.float32)


def _unscaled(tensors: Mapping[str, NDArray[Any]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights and offsets that take unscaled features."""
    weights = tensors["weights"].astype(np.float64) / tensors["scale"]
    offsets = tensors["offsets"].astype(np.float64) - weights @ tensors["mean"].astype(np.float64)
    return weights.astype(np.float32), offsets.astype(np.float32)


def _only_probed(
    examples: Examples, spec: Spec, backbone: Backbone, framing: Framing, probed: Fitted, frames: Frames
) -> Tuned:
    curve = {f"{PROBE} {step}": losses for step, losses in probed.curve.items()}
    fitted = Fitted({}, f"{PROBE} {probed.best}", curve)
    if backbone.network is not None:
        return _measured(_file_of(spec, examples, backbone, framing, backbone.network), examples, frames, fitted)
    weights, offsets = _unscaled(probed.tensors)
    content = np.frombuffer(backbone.onnx or b"", np.uint8)
    made = _classifier(
        spec, examples, backbone, framing, None, {"weights": weights, "offsets": offsets, "onnx": content}
    )
    return _measured(made, examples, frames, fitted)


def _file_of(spec: Spec, examples: Examples, backbone: Backbone, framing: Framing, network: Any) -> TunedClassifier:  # noqa: ANN401
    config = network.config.to_dict()
    names = dict(enumerate(examples.values))
    config |= {"id2label": names, "label2id": {value: k for k, value in names.items()}}
    tensors = {name: value.detach().cpu().numpy() for name, value in network.state_dict().items()}
    return _classifier(spec, examples, backbone, framing, config, tensors)


def _classifier(
    spec: Spec,
    examples: Examples,
    backbone: Backbone,
    framing: Framing,
    config: Mapping[str, Any] | None,
    tensors: Mapping[str, NDArray[Any]],
) -> TunedClassifier:
    return TunedClassifier(
        name=spec.name,
        label=spec.label,
        values=examples.values,
        backbone=f"{backbone.name}@{backbone.digest[:12]}" if backbone.digest else backbone.name,
        framing=framing,
        config=config,
        tensors=tensors,
        look=spec.tuning.look,
        attribute=spec.attribute,
        notes={"lora": spec.tuning.lora} if spec.tuning.lora else {},
    )


def _measured(made: TunedClassifier, examples: Examples, frames: Frames, fitted: Fitted) -> Tuned:
    logits = made.logits(frames, resolve_device("auto"))
    held = examples.of(VALIDATION)
    made = made.cooled(temperature(logits[held], examples.labels[held]))
    return Tuned(made, fitted, softmax(logits / made.temperature))
