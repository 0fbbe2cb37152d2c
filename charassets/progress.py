"""Who hears of progress: a listener in a context variable, so that stages need no handle on a terminal or on Dagster."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Reporter:
    """Hears of progress, and does nothing about it: a listener overrides what it is interested in."""

    def records(self, stage: str, done: int, *, reused: bool) -> None:
        """So many records more of a stage are done, and whether they were there already; none of them where it begins."""

    def pairs(self, done: int, of: int) -> None:
        """The stage under way has looked at ``done`` of so many pairs of pictures. There may be several rounds, each by itself."""


_reporter: ContextVar[Reporter] = ContextVar("charassets_progress", default=Reporter())  # noqa: B039 - it has no state


def advance(stage: str, records: int, *, reused: bool = False) -> None:
    """Say that ``records`` more are done."""
    _reporter.get().records(stage, records, reused=reused)


def begin(stage: str) -> None:
    """Say that a stage begins; what was under way before is over."""
    _reporter.get().records(stage, 0, reused=False)


def looked(done: int, of: int) -> None:
    """Say how many pairs of pictures were looked at in this round, of how many."""
    _reporter.get().pairs(done, of)


@contextmanager
def reported_to(reporter: Reporter) -> Iterator[None]:
    """Send reports of this context to ``reporter``."""
    token = _reporter.set(reporter)
    try:
        yield
    finally:
        _reporter.reset(token)
