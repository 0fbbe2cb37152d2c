"""A finding of ``charassets doctor``.

What belongs here: its shape. Not here: looking.
"""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be.

    Attributes:
        what: in words.
        where: file, folder, object or run.
        todo: what to do about it.
        mend: does it, where that can lose nothing anybody needs.
    """

    what: str
    where: str
    todo: str
    mend: Callable[[], None] | None = field(default=None, compare=False, repr=False)

    def told(self) -> str:
        """One line."""
        return f"{self.what} [{self.where}]; {self.todo}"
