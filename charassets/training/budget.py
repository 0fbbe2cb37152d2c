"""A training run measured in minutes: how much of it is spent, when to save, what to tell the terminal.

What belongs here: the clock that all trainers share. Not here: what is trained.
"""

import sys
import time
from dataclasses import dataclass, field


@dataclass
class Budget:
    """Wall-clock time that a training run may take, continued over interruptions.

    Attributes:
        seconds: the whole budget.
        spent: seconds used by earlier runs that this one resumes.
        save_every: seconds between checkpoints.
        tell_every: seconds between progress lines.
    """

    seconds: float
    spent: float = 0.0
    save_every: float = 60.0
    tell_every: float = 15.0
    _start: float = field(default_factory=time.monotonic)
    _saved: float = 0.0
    _told: float = 0.0

    @property
    def elapsed(self) -> float:
        """Seconds used so far, earlier runs included."""
        return self.spent + time.monotonic() - self._start

    @property
    def share(self) -> float:
        """Part of the budget used, 0..1; learning rates follow it."""
        return min(1.0, self.elapsed / self.seconds)

    def start(self) -> None:
        """Begin counting now: preparations do not cost training time."""
        self._start = time.monotonic()

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
