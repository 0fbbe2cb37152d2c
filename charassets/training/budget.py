"""A training run measured in minutes: how much of it is spent, when to save, what to tell the terminal.

What belongs here: the clock that all trainers share. Not here: what is trained.
"""

import sys
import time
from dataclasses import dataclass, field


def _processor_seconds() -> float:
    return time.process_time()


@dataclass
class Budget:
    """Processor time that a training run may take, continued over interruptions.

    Processor time, not the clock on the wall: on a machine shared with others a run takes longer and comes out the same.

    Attributes:
        seconds: the whole budget, summed over threads: 24 minutes are 12 on two idle cores.
        spent: seconds used by earlier runs that this one resumes.
        save_every: seconds between checkpoints.
        tell_every: seconds between progress lines.
    """

    seconds: float
    spent: float = 0.0
    save_every: float = 60.0
    tell_every: float = 20.0
    _start: float = field(default_factory=_processor_seconds)
    _saved: float = 0.0
    _told: float = 0.0

    @property
    def elapsed(self) -> float:
        """Seconds used so far, earlier runs included."""
        return self.spent + _processor_seconds() - self._start

    @property
    def share(self) -> float:
        """Part of the budget used, 0..1; learning rates follow it."""
        return min(1.0, self.elapsed / self.seconds)

    def start(self) -> None:
        """Begin counting now: preparations do not cost training time."""
        self._start = _processor_seconds()
        self._saved = self._told = self.elapsed

    def save_due(self) -> bool:
        """Whether a checkpoint should be written now."""
        if self.elapsed - self._saved < self.save_every:
            return False
        self._saved = self.elapsed
        return True

    def tell(self, line: str) -> None:
        """Print a progress line, if the last one is long enough ago."""
        if self.elapsed - self._told >= self.tell_every:
            self._told = self.elapsed
            sys.stderr.write(f"{self.share:4.0%} {self.elapsed:6.0f} s  {line}\n")
            sys.stderr.flush()
