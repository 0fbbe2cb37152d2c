"""``charassets train``: a classifier on your own labels, and the shipped models from a seed.

What belongs here: the commands. Not here: training (``charassets.classifiers``, ``charassets.training``), and putting models on
the shelf.
"""

import sys
from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from charassets.cli.options import Json, Workspace
from charassets.errors import UsageError

train = typer.Typer(help="Train a classifier on your own labels, or the models that are shipped.", no_args_is_help=True)


@train.callback()
def _train() -> None:
    """Train a classifier on your own labels, or the models that are shipped."""


@train.command()
def classifier(
    name: Annotated[str, typer.Argument(help="Its name: lower-case letters, digits and _; it becomes a column.")],
    label: Annotated[
        str,
        typer.Option(help="`folder`, a column of records (gender, ...), or FILE.csv:COLUMN with record_id or file."),
    ] = "folder",
    method: Annotated[
        str, typer.Option(help="logistic, boosting or mlp over features; finetune over pixels.")
    ] = "boosting",
    features: Annotated[str, typer.Option(help="Of design, clip, heads, identity; joined by commas.")] = "design,clip",
    together: Annotated[
        str, typer.Option(help="What stays on one side of the split: duplicates, or duplicates,character.")
    ] = "duplicates,character",
    attribute: Annotated[str | None, typer.Option(help="Attribute of the vocabulary it is to be evidence of.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the split and the fit.")] = 0,
    balance: Annotated[bool, typer.Option(help="Count every label the same, however rare.")] = True,
    shuffle_labels: Annotated[
        bool, typer.Option(help="A control: deal the labels out anew; it has to score at chance.")
    ] = False,
    backbone: Annotated[
        str,
        typer.Option(
            help="What is fine-tuned: mini:embedder, a folder, a hub id, scratch:resnet-18, or an .onnx file."
        ),
    ] = "mini:embedder",
    revision: Annotated[str | None, typer.Option(help="Full commit of a hub id.")] = None,
    look: Annotated[str, typer.Option(help="What of a crop is fine-tuned on: figure or head.")] = "figure",
    epochs: Annotated[int, typer.Option(min=0, help="Of fine-tuning, at most; 0 stops after the linear probe.")] = 20,
    patience: Annotated[int, typer.Option(min=1, help="Epochs of fine-tuning without a better one.")] = 5,
    batch: Annotated[int, typer.Option(min=1, help="Pictures a step of fine-tuning, over all processes.")] = 32,
    rate: Annotated[
        float | None, typer.Option(help="Peak learning rate of fine-tuning; chosen by the backbone.")
    ] = None,
    lora: Annotated[int, typer.Option(min=0, help="Rank of LoRA adapters (attention only); 0 trains the network.")] = 0,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Train on a label, measure on pictures never seen, write a report; the first version is in force at once."""
    from charassets.classifiers.spec import Spec, Tuning
    from charassets.cli.classifiers import carried_out

    spec = Spec(
        name=name,
        label=label,
        method=method,
        features=tuple(part.strip() for part in features.split(",") if part.strip()),
        together=tuple(part.strip() for part in together.split(",") if part.strip()),
        seed=seed,
        balance=balance,
        shuffle_labels=shuffle_labels,
        attribute=attribute,
        tuning=Tuning(backbone, revision, look, epochs, patience, batch, rate, lora),
    )
    carried_out(spec, workspace, json=json)


@train.command()
def cast(
    path: Annotated[
        Path,
        typer.Argument(
            help="A folder with a sub-folder a character, or a .jsonl, .csv or .parquet of file names and character."
        ),
    ],
    name: Annotated[str, typer.Option(help="Name of the classifier and of WORKSPACE/courses/NAME.")] = "cast",
    source: Annotated[str, typer.Option(help="Name of the source that the pictures become.")] = "cast",
    method: Annotated[str, typer.Option(help="Of the classifier, as for `train classifier`.")] = "logistic",
    features: Annotated[str, typer.Option(help="Of design, clip, heads, identity; joined by commas.")] = "clip,heads",
    seed: Annotated[int, typer.Option(min=0, help="Of the division and the fit.")] = 0,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """A folder of characters, or a search's export, to gallery, classifier, and figures of both on pictures held out."""
    from charassets.cli.cast import learnt

    chosen = [part.strip() for part in features.split(",") if part.strip()]
    asked = {"path": str(path), "name": name, "source": source, "method": method, "features": chosen, "seed": seed}
    learnt(asked, workspace, json=json)


@train.command()
def mini(
    out: Annotated[Path, typer.Option(help="Folder of checkpoints and results; a stopped run goes on there.")],
    minutes: Annotated[float, typer.Option(min=0.01, help="Processor minutes in all, earlier runs included.")] = 480.0,
    seed: Annotated[int, typer.Option(min=0, help="Of drawings, augmentation and first weights.")] = 0,
    data: Annotated[Path | None, typer.Option(help="Labelled real art to choose the heads' thresholds on.")] = None,
    share: Annotated[float, typer.Option(min=0.0, max=1.0, help="Drawings to learn from, of the usual number.")] = 1.0,
) -> None:
    """Draw what the mini models learn from and train detector, embedder and heads on it.

    A night on a processor, under an hour on a GPU. Progress goes to the terminal, a checkpoint is written every minute, and the
    same command goes on where it was stopped.
    """
    from charassets.training import mini as training
    from charassets.training import thresholds

    if data is not None and not data.is_dir():
        raise UsageError(
            "the folder of labelled art is not there", where=str(data), todo="leave --data out, or correct it"
        )
    made = training.train(out, minutes, seed, pools=training.Pools().scaled(share))
    if data is None:
        print("without --data no threshold is chosen: the heads give hints and decide nothing", file=sys.stderr)
    else:
        print(thresholds.settle(made.heads, data, detector=made.detector), file=sys.stderr)
    for field in fields(made):
        print(f"{field.name}\t{getattr(made, field.name)}")
