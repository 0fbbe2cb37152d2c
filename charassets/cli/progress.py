"""How far a run is, for a person: bars on a terminal, a line now and then elsewhere.

What belongs here: hearing ``charassets.progress`` and drawing. Not here: what is counted.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from charassets.progress import Reporter

LINE_EVERY_S = 30.0
"""Seconds between lines about a stage that takes long, where there is no terminal."""

_PAIRS = "  pairs of pictures"  # the name of their bar
_LEAST_S = 0.1  # a rate over less time is noise


class _Rate(ProgressColumn):
    """Records a second of the task since it began."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.1f}/s" if speed else "", style="progress.data.speed")


@contextmanager
def shown(records: int, stream: TextIO) -> Iterator[Reporter]:
    """A reporter that shows progress on ``stream``.

    Args:
        records: records the sources are expected to hold, the length of a bar; 0 where that is not known.
        stream: where to write. Dagster redirects the process's own stderr while a step runs, so this is a copy of it.
    """
    with (_bars if stream.isatty() else _lines)(records, stream) as reporter:
        yield reporter


@contextmanager
def _bars(records: int, stream: TextIO) -> Iterator[Reporter]:
    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=stream, stderr=False)) as bars:
        reporter = _Bars(bars, records)
        yield reporter
        reporter.over()


class _Bars(Reporter):
    """A bar for each stage, and one below for the pairs of pictures that it looks at."""

    def __init__(self, bars: Progress, expected: int) -> None:
        self._bars, self._expected = bars, expected
        self._tasks: dict[str, TaskID] = {}
        self._heard = time.monotonic()

    def records(self, stage: str, done: int, *, reused: bool) -> None:  # noqa: ARG002 - a bar shows both
        if stage not in self._tasks:
            self.over()
        task = self._task(stage, max(self._expected, done))
        self._bars.advance(task.id, done)
        self._bars.update(task.id, total=max(task.total or 0, task.completed))  # a stage may see more than was expected
        self._heard = time.monotonic()

    def pairs(self, done: int, of: int) -> None:
        self._bars.update(self._task(_PAIRS, of).id, total=of, completed=done)
        self._heard = time.monotonic()

    def over(self) -> None:
        """Fill the bars of stages that are over: a stage sees fewer records than the sources hold."""
        done = {task.id: task.completed for task in self._bars.tasks}
        for task in self._tasks.values():
            self._bars.update(task, total=done[task])

    def _task(self, name: str, total: int) -> Task:
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=total)
            self._bars.tasks[-1].start_time = self._heard  # the first report comes after the first batch, not before it
        return next(task for task in self._bars.tasks if task.id == self._tasks[name])


@contextmanager
def _lines(records: int, stream: TextIO) -> Iterator[Reporter]:
    reporter = _Lines(records, _sayer(stream))
    yield reporter
    reporter.over()


class _Lines(Reporter):
    """A line about each stage that computed something, and one now and then about what takes long."""

    def __init__(self, expected: int, say: Callable[[str], None]) -> None:
        self._expected, self._say = expected, say
        self._current = _Stage("", time.monotonic())

    def records(self, stage: str, done: int, *, reused: bool) -> None:
        if stage != self._current.name:
            self.over()
            # The first report comes after the first batch, not before it.
            self._current = _Stage(stage, began=self._current.heard)
        current = self._current
        current.add(0 if reused else done)  # what was there already is no work
        if current.due() and current.records:
            more = self._expected > current.records  # else there are more than was expected, or nothing was
            self._say(f"{current.line()} so far{f', of about {self._expected:,}' if more else ''}")

    def pairs(self, done: int, of: int) -> None:
        self._current.add(0)
        if done < of and self._current.due():
            self._say(f"{self._current.name}: {done:,} of {of:,} pairs of pictures looked at")

    def over(self) -> None:
        """Tell of the stage under way."""
        self._say(self._current.line())


class _Stage:
    """A stage that is under way: when it began, when it was last heard of, when it was last spoken of."""

    def __init__(self, name: str, began: float) -> None:
        self.name, self.records = name, 0
        self.began = self.heard = self.said = began

    def add(self, records: int) -> None:
        """Hear that ``records`` more are done."""
        self.records += records
        self.heard = time.monotonic()

    def due(self) -> bool:
        """Whether it was not spoken of for long, which the caller does now."""
        due = self.heard - self.said > LINE_EVERY_S
        if due:
            self.said = self.heard
        return due

    def line(self) -> str:
        """Records computed and rate so far; empty before the first stage and where nothing was computed."""
        seconds = self.heard - self.began
        rate = f", {self.records / seconds:,.1f}/s" if seconds >= _LEAST_S else ""
        return f"{self.name}: {self.records:,} records in {seconds:.1f} s{rate}" if self.records else ""


def _sayer(stream: TextIO) -> Callable[[str], None]:
    def say(line: str) -> None:
        if line:
            print(line, file=stream, flush=True)

    return say
