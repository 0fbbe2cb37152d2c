"""``charassets train mini``: remake the shipped models from a seed, in slices that stop and go on.

What belongs here: the command. Not here: training (``charassets.training``), and putting models on the shelf.
"""

import sys
from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from charassets.errors import UsageError

train = typer.Typer(help="Train the models that are shipped with the package.", no_args_is_help=True)


@train.callback()
def _train() -> None:
    """Train the models that are shipped with the package."""


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
