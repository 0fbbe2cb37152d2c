"""The epochs of a fine-tuning, by transformers' Trainer: warm-up and cosine, class weights, early stopping, checkpoints, processes.

What belongs here: its settings, being told of steps, going on from a checkpoint. Not here: what is trained on what (``tuning``).
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from charassets.classifiers.augmentation import Part
from charassets.classifiers.fits import Tell, loss
from charassets.classifiers.runs import StoppedError
from charassets.classifiers.spec import Spec, Tuning
from charassets.classifiers.team import Team
from charassets.classifiers.tuning_folder import TuningFolder
from charassets.errors import ModelMissingError

if TYPE_CHECKING:
    from torch import nn
    from transformers import TrainingArguments

_WARM_UP, _DECAY, _CLIP = 0.1, 0.05, 1.0
_RATE_WHOLE, _RATE_ATTENTION, _RATE_ADAPTERS = 3e-4, 5e-5, 5e-4
"""Peak rates: of convolutions, of a transformer (as ViT and Swin are fine-tuned), of LoRA's adapters (peft's examples)."""
_ASK_S = 2.0  # between two questions whether to go on
_WORKERS = 4  # beside a GPU, which one process could not feed; on CPUs they would only take its cores


@dataclass(frozen=True)
class Course:
    """How the epochs are run.

    Attributes:
        tuning: the request. seed: of batches. folder: of checkpoints. team: the processes.
        weights: (classes,) of the loss.
    """

    tuning: Tuning
    seed: int
    folder: TuningFolder
    team: Team
    weights: NDArray[np.float64]

    @classmethod
    def of(cls, spec: Spec, folder: TuningFolder, team: Team, weights: NDArray[np.float64]) -> "Course":
        """The course of a request."""
        return cls(spec.tuning, spec.seed, folder, team, weights)


def trained(
    network: "nn.Module", learnt: Part, held: Part, course: Course, tell: Tell
) -> Mapping[str, Mapping[str, float]]:
    """Run the epochs; the network is in the end that of the best one.

    A run that was broken off goes on from its last whole checkpoint, with the batches and variations it would have had.

    Args:
        network: changed in place.
        learnt: what it learns from.
        held: what epochs are compared on.
        course: how.
        tell: told of every epoch, by the leader; raises ``StoppedError`` to stop.

    Returns:
        Mean losses of train and validation by epoch, earlier runs included.

    Raises:
        StoppedError: somebody stopped it; what was learnt is in a checkpoint.
        ModelMissingError: accelerate is not installed.
    """
    try:
        import accelerate  # noqa: F401 - the Trainer needs it and would say so in a page
    except ImportError:
        raise ModelMissingError(
            "fine-tuning needs accelerate", where="accelerate", todo="pip install 'charassets[train]'"
        ) from None
    import transformers
    from transformers.trainer_callback import PrinterCallback

    watcher = _watcher(course.team, learnt, tell)
    trainer = transformers.Trainer(
        model=_answering(network),
        args=_arguments(network, course, len(learnt)),
        train_dataset=learnt,  # pyright: ignore[reportArgumentType] - a data set by its methods
        eval_dataset=held,  # pyright: ignore[reportArgumentType]
        compute_loss_func=_weighted(course.weights),
        compute_metrics=lambda answers: _scored(np.asarray(answers.predictions), np.asarray(answers.label_ids)),
        callbacks=[watcher, transformers.EarlyStoppingCallback(course.tuning.patience)],
    )
    trainer.remove_callback(PrinterCallback)
    last = course.team.told(str(course.folder.last_checkpoint() or "") if course.team.leads else None)
    trainer.train(resume_from_checkpoint=last or None)
    if watcher.stopped is not None:
        raise watcher.stopped
    return curve_of(trainer.state.log_history)


def curve_of(history: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Losses by epoch from what the Trainer wrote down."""
    curve: dict[str, dict[str, float]] = {}
    for line in history:
        step = curve.setdefault(f"epoch {math.ceil(line['epoch'])}", {})
        step |= {"train": float(line["loss"])} if "loss" in line else {}
        step |= {"validation": float(line["eval_log_loss"])} if "eval_log_loss" in line else {}
    return {step: losses for step, losses in curve.items() if "validation" in losses}


def _arguments(network: "nn.Module", course: Course, pictures: int) -> "TrainingArguments":
    import torch
    import transformers

    gpu, tuning, size = torch.cuda.is_available(), course.tuning, course.team.size
    batch = max(1, tuning.batch // size)
    steps = tuning.epochs * math.ceil(pictures / (batch * size))
    return transformers.TrainingArguments(
        output_dir=str(course.folder.checkpoints),
        num_train_epochs=tuning.epochs,
        per_device_train_batch_size=batch,
        per_device_eval_batch_size=64,
        learning_rate=tuning.rate or _rate(network, tuning),
        lr_scheduler_type="cosine",
        warmup_steps=round(_WARM_UP * steps),
        weight_decay=_DECAY,
        max_grad_norm=_CLIP,
        eval_strategy="epoch",
        save_strategy="epoch",
        logging_strategy="epoch",
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="log_loss",
        greater_is_better=False,
        restore_callback_states_from_checkpoint=True,
        remove_unused_columns=False,
        label_names=["labels"],
        average_tokens_across_devices=False,
        seed=course.seed,
        data_seed=course.seed,
        dataloader_num_workers=_WORKERS if gpu else 0,
        dataloader_pin_memory=gpu,
        use_cpu=not gpu,
        bf16=gpu and torch.cuda.is_bf16_supported(including_emulation=False),
        ddp_find_unused_parameters=False,
        disable_tqdm=True,
        log_level="error",
        report_to="none",
    )


def _answering(network: "nn.Module") -> "nn.Module":
    """The network inside a plain module, whose checkpoints are its numbers by their own names.

    Of its own classes transformers saves some numbers under older names, which its Trainer does not find again when it loads a
    checkpoint (5.23: the attention of ViT stays as it was), and says nothing.
    """
    from torch import nn

    class Answering(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, pixel_values: Any, labels: Any = None) -> Any:  # noqa: ANN401, ARG002 - the loss is the Trainer's
            return {"logits": self.network(pixel_values=pixel_values).logits}

    return Answering()


def _rate(network: "nn.Module", tuning: Tuning) -> float:
    if tuning.lora:
        return _RATE_ADAPTERS
    attentive = any(name.endswith("q_proj") for name, _ in network.named_modules())
    return _RATE_ATTENTION if attentive else _RATE_WHOLE


def _weighted(weights: NDArray[np.float64]) -> Any:  # noqa: ANN401 - as the Trainer calls it
    """Mean cross-entropy, a class counting by its weight."""
    import torch

    each = torch.from_numpy(weights.astype(np.float32))

    def computed(outputs: Any, labels: Any, **_: object) -> Any:  # noqa: ANN401 - tensors
        losses = torch.nn.functional.cross_entropy(outputs["logits"].float(), labels, reduction="none")
        return (losses * each.to(labels.device)[labels]).mean()

    return computed


def _scored(logits: NDArray[np.floating], labels: NDArray[np.int64]) -> dict[str, float]:
    answers = np.asarray(logits, np.float64)
    return {"log_loss": loss(answers, labels), "accuracy": float((answers.argmax(axis=1) == labels).mean())}


def _watcher(team: Team, learnt: Part, tell: Tell) -> Any:  # noqa: ANN401 - a class over transformers' own, known only inside
    from transformers import TrainerCallback

    class Watcher(TrainerCallback):
        """Tells of epochs, and lets every process stop after the same step."""

        stopped: StoppedError | None = None
        _asked = 0.0

        def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: object) -> None:  # noqa: ANN401, ARG002
            learnt.begin(int(state.epoch or 0))

        def on_step_end(self, args: Any, state: Any, control: Any, **_: object) -> None:  # noqa: ANN401, ARG002
            if team.leads and self.stopped is None and time.monotonic() - self._asked > _ASK_S:
                self._ask(f"step {state.global_step}", {})
            if team.agreed(self.stopped is not None):
                self.stopped = self.stopped or StoppedError("training was stopped", where="the leading process")
                control.should_save = control.should_training_stop = True

        def on_evaluate(self, args: Any, state: Any, control: Any, **_: object) -> None:  # noqa: ANN401, ARG002
            curve = curve_of(state.log_history)
            if team.leads and self.stopped is None and curve:
                name = list(curve)[-1]
                self._ask(name, curve[name])

        def _ask(self, step: str, losses: Mapping[str, float]) -> None:
            self._asked = time.monotonic()
            try:
                tell(step, losses)
            except StoppedError as stopped:
                self.stopped = stopped

    return Watcher()
