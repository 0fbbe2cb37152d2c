"""How far a run is, for a person: bars on a terminal, a line now and then elsewhere.

What belongs here: hearing ``charassets.progress`` and drawing. Not here: what is counted.
"""

import time
from collections.abc import Callable, Iterable, Iterator
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
        tasks: dict[str, TaskID] = {}
        heard = time.monotonic()

        def report(stage: str, done: int, reused: bool) -> None:
            nonlocal heard
            if stage not in tasks:
                _complete(bars, tasks.values())
                tasks[stage] = bars.add_task(stage, total=max(records, done))
                bars.tasks[-1].start_time = heard  # the first report comes after the first batch, not before it
            bars.advance(tasks[stage], done)
            task = next(task for task in bars.tasks if task.id == tasks[stage])
            bars.update(task.id, total=max(task.total or 0, task.completed))  # a stage may see more than was expected
            heard = time.monotonic()

        yield report
        _complete(bars, tasks.values())


def _complete(bars: Progress, tasks: Iterable[TaskID]) -> None:
    """Fill the bars of stages that are over: a stage sees fewer records than the sources hold."""
    done = {task.id: task.completed for task in bars.tasks}
    for task in tasks:
        bars.update(task, total=done[task])


@contextmanager
def _lines(records: int, stream: TextIO) -> Iterator[Reporter]:
    say = _sayer(stream)
    current = _Stage("", time.monotonic())

    def report(stage: str, done: int, reused: bool) -> None:
        nonlocal current
        if stage != current.name:
            say(current.line())
            current = _Stage(stage, began=current.heard)  # the first report comes after the first batch, not before it
        current.add(0 if reused else done)  # what was there already is no work
        if current.heard - current.said > LINE_EVERY_S:
            current.said = current.heard
            of = (
                f", of about {records:,}" if records > current.records else ""
            )  # more than was expected, or nothing was
            say(f"{current.line()} so far{of}" if current.records else "")

    yield report
    say(current.line())


class _Stage:
    """A stage that is under way: when it began, when it was last heard of, when it was last spoken of."""

    def __init__(self, name: str, began: float) -> None:
        self.name, self.records = name, 0
        self.began = self.heard = self.said = began

    def add(self, records: int) -> None:
        """Hear that ``records`` more are done."""
        self.records += records
        self.heard = time.monotonic()

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
