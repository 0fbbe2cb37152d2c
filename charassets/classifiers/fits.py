"""The fits: logistic regression, gradient boosting and a small network, each with its curve over the validation part.

What belongs here: arrays in, a classifier and a curve out. Not here: which pictures (``examples``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charassets.classifiers.spec import Spec
from charassets.errors import ModelMissingError
from charassets.models.classifier import Classifier, softmax
from charassets.models.feature_sets import FeaturePlan

Features = NDArray[np.float32]
Labels = NDArray[np.int64]
Tell = Callable[[str, Mapping[str, float]], None]
"""Called after every step of a fit with its name and losses; raises to stop it."""

TEMPERATURES = np.geomspace(0.3, 8.0, 60)

_STRENGTHS = (0.001, 0.01, 0.1, 1.0, 10.0)  # inverse regularisation of logistic regression
_ROUNDS, _PATIENCE = 400, 30
_TREES = {
    "learning_rate": 0.06,
    "num_leaves": 15,
    "min_data_in_leaf": 8,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "verbosity": -1,
    "num_threads": 1,  # with one thread a seed gives the same trees everywhere
    "deterministic": True,
    "force_row_wise": True,
}
_HIDDEN, _DROPOUT, _EPOCHS, _BATCH, _RATE, _DECAY = 64, 0.3, 120, 64, 2e-3, 1e-2


@dataclass(frozen=True)
class Fitted:
    """A fit.

    Attributes:
        tensors: its numbers. best: the step that was kept.
        curve: loss of train and validation by step: step name to losses.
    """

    tensors: Mapping[str, NDArray[Any]]
    best: str
    curve: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Parts:
    """The parts a fit sees: it never sees the test."""

    train: Features
    train_labels: Labels
    validation: Features
    validation_labels: Labels
    classes: int
    seed: int
    weights: NDArray[np.float64]

    @classmethod
    def of(cls, values: Features, labels: Labels, parts: NDArray[np.int64], classes: int, spec: Spec) -> "Parts":
        """The parts of n examples, weighted by class if the spec says so."""
        seen, held = parts == 0, parts == 1
        weights = class_weights(labels[seen], classes) if spec.balance else np.ones(classes)
        return cls(values[seen], labels[seen], values[held], labels[held], classes, spec.seed, weights[labels[seen]])


def class_weights(labels: Labels, classes: int) -> NDArray[np.float64]:
    """(classes,) weights under which every class counts the same and the mean weight of a picture is 1."""
    counts = np.bincount(labels, minlength=classes)
    return len(labels) / (classes * np.maximum(counts, 1))


def fit(
    parts: Parts, columns: FeaturePlan, spec: Spec, values: tuple[str, ...], tell: Tell
) -> tuple[Classifier, Fitted]:
    """Train by the spec's method; the temperature is fitted on the validation part."""
    fitted = {"logistic": logistic, "boosting": _boosting, "mlp": _mlp}[spec.method](parts, tell)
    made = Classifier(spec.name, spec.label, values, spec.method, columns, fitted.tensors, attribute=spec.attribute)
    return made.cooled(temperature(made.logits(parts.validation), parts.validation_labels)), fitted


def temperature(logits: NDArray[np.float64], labels: Labels) -> float:
    """The temperature under which the labels are likeliest (Guo et al., 2017)."""
    losses = [loss(logits / t, labels) for t in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def loss(logits: NDArray[np.float64], labels: Labels) -> float:
    """Mean negative log likelihood."""
    chances = softmax(logits)[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(chances, 1e-12, 1)).mean())


def _scale(values: Features) -> dict[str, NDArray[np.float32]]:
    spread = values.std(axis=0)
    return {"mean": values.mean(axis=0), "scale": np.where(spread > 1e-6, spread, 1.0).astype(np.float32)}


def logistic(parts: Parts, tell: Tell) -> Fitted:
    """Logistic regression on scaled columns; of ``_STRENGTHS`` the one with the least loss on the validation part."""
    from sklearn.linear_model import LogisticRegression

    scale = _scale(parts.train)
    train, held = ((x - scale["mean"]) / scale["scale"] for x in (parts.train, parts.validation))
    curve: dict[str, dict[str, float]] = {}
    tensors: dict[str, dict[str, NDArray[Any]]] = {}
    for strength in _STRENGTHS:
        # Many columns on few pictures: the strength is chosen, never assumed.
        model = LogisticRegression(C=strength, max_iter=500).fit(train, parts.train_labels, sample_weight=parts.weights)
        weights, offsets = _all_classes(model.coef_, model.intercept_)
        name = f"C={strength:g}"
        tensors[name] = {"weights": weights.astype(np.float32), "offsets": offsets.astype(np.float32)}
        curve[name] = {
            "train": loss(train @ weights.T + offsets, parts.train_labels),
            "validation": loss(held @ weights.T + offsets, parts.validation_labels),
        }
        tell(name, curve[name])
    best = min(curve, key=lambda name: curve[name]["validation"])
    return Fitted({**scale, **tensors[best]}, best, curve)


def _all_classes(
    weights: NDArray[np.float64], offsets: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A row a class also where there are two, of which scikit-learn keeps one."""
    if len(weights) > 1:
        return weights, offsets
    return np.vstack([-weights / 2, weights / 2]), np.concatenate([-offsets / 2, offsets / 2])


def _boosting(parts: Parts, tell: Tell) -> Fitted:
    try:
        import lightgbm
    except ImportError:
        raise ModelMissingError(
            "gradient boosting needs LightGBM", where="lightgbm", todo="pip install 'charassets[train]'"
        ) from None
    many = {"objective": "multiclass", "num_class": parts.classes, "metric": "multi_logloss"}
    goal = many if parts.classes > 2 else {"objective": "binary", "metric": "binary_logloss"}  # noqa: PLR2004
    seen = lightgbm.Dataset(parts.train.astype(np.float64), parts.train_labels, weight=parts.weights)
    held = lightgbm.Dataset(parts.validation.astype(np.float64), parts.validation_labels, reference=seen)
    history: dict[str, dict[str, list[float]]] = {}

    def told(env: Any) -> None:  # noqa: ANN401 - lightgbm.callback.CallbackEnv
        tell(
            f"round {env.iteration + 1}", {str(name): float(value) for name, _, value, *_ in env.evaluation_result_list}
        )

    booster = lightgbm.train(
        {**_TREES, **goal, "seed": parts.seed},
        seen,
        _ROUNDS,
        valid_sets=[seen, held],
        valid_names=["train", "validation"],
        callbacks=[lightgbm.early_stopping(_PATIENCE, verbose=False), lightgbm.record_evaluation(history), told],
    )
    trees = booster.model_to_string(num_iteration=booster.best_iteration).encode()
    measure = goal["metric"]
    curve = {
        f"round {k + 1}": {side: history[side][measure][k] for side in history}
        for k in range(len(history["train"][measure]))
    }
    return Fitted({"trees": np.frombuffer(trees, np.uint8)}, f"round {booster.best_iteration}", curve)


def _mlp(parts: Parts, tell: Tell) -> Fitted:
    import torch
    from torch import nn

    scale = _scale(parts.train)
    train, held = (torch.from_numpy((x - scale["mean"]) / scale["scale"]) for x in (parts.train, parts.validation))
    labels, weights = torch.from_numpy(parts.train_labels), torch.from_numpy(parts.weights.astype(np.float32))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(parts.seed)
        network = nn.Sequential(
            nn.Linear(train.shape[1], _HIDDEN), nn.ReLU(), nn.Dropout(_DROPOUT), nn.Linear(_HIDDEN, parts.classes)
        )
        optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
        curve: dict[str, dict[str, float]] = {}
        best, kept = "", {}
        for epoch in range(_EPOCHS):
            network.train()
            order = torch.randperm(len(train))
            for chosen in order.split(_BATCH):
                losses = nn.functional.cross_entropy(network(train[chosen]), labels[chosen], reduction="none")
                optimizer.zero_grad()
                (losses * weights[chosen]).mean().backward()
                optimizer.step()
            name = f"epoch {epoch + 1}"
            curve[name] = {
                "train": _network_loss(network, train, parts.train_labels),
                "validation": _network_loss(network, held, parts.validation_labels),
            }
            tell(name, curve[name])
            if not best or curve[name]["validation"] < curve[best]["validation"]:
                best, kept = name, {k: v.detach().clone().numpy() for k, v in network.state_dict().items()}
            elif epoch + 1 - int(best.split()[1]) >= _PATIENCE // 2:
                break
    tensors = {"hidden": kept["0.weight"], "hidden_offset": kept["0.bias"], "out": kept["3.weight"]}
    return Fitted({**scale, **tensors, "out_offset": kept["3.bias"]}, best, curve)


def _network_loss(network: Any, values: Any, labels: Labels) -> float:  # noqa: ANN401 - torch module and tensor
    import torch

    network.eval()
    with torch.inference_mode():
        return loss(network(values).double().numpy(), labels)
