"""Who hears of progress: a function in a context variable, so that stages need no handle on a terminal or on Dagster."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Reporter = Callable[[str, int, bool], None]
"""Called with the stage's name, records done since the last call, and whether they were reused rather than computed."""


def _nobody(stage: str, records: int, reused: bool) -> None:  # noqa: FBT001
    """Drop the report."""


_reporter: ContextVar[Reporter] = ContextVar("charassets_progress", default=_nobody)


def advance(stage: str, records: int, *, reused: bool = False) -> None:
    """Say that ``records`` more are done."""
    _reporter.get()(stage, records, reused)


def begin(stage: str) -> None:
    """Say that a stage begins; what was under way before is over."""
    _reporter.get()(stage, 0, False)  # noqa: FBT003 - a Reporter


@contextmanager
def reported_to(reporter: Reporter) -> Iterator[None]:
    """Send reports of this context to ``reporter``."""
    token = _reporter.set(reporter)
    try:
        yield
    finally:
        _reporter.reset(token)
