"""``eval`` and ``bench``: measurements, run as the modules that make them.

What belongs here: starting them with the arguments given. Not here: measuring.
"""

import os
import sys
from importlib.util import find_spec
from typing import Annotated, Literal

import typer

from charassets.errors import UsageError

PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Context settings of a command that hands its arguments on."""


def evaluate(context: typer.Context) -> None:
    """Print what the mini models reach beside their aims; arguments as `python -m charassets.training.scorecard`."""
    _become("charassets.training.scorecard", context.args)


def bench(
    context: typer.Context,
    what: Annotated[Literal["pipeline", "exports"], typer.Argument(help="What is measured.")] = "pipeline",
) -> None:
    """Measure against the naive way, in ratios; arguments as `python -m bench.WHAT`. Needs a clone of the repository."""
    if find_spec("bench") is None:
        raise UsageError("the benchmarks are not installed", where="bench", todo="run it in a clone of the repository")
    _become(f"bench.{what}", context.args)


def _become(module: str, arguments: list[str]) -> None:
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606 - our own module, and no shell
