"""The processes that train one classifier together: one, or as many as torchrun started.

What belongs here: who leads, and agreeing on one thing. Not here: training. torchrun names rank and size in the environment
of every process; the first one does everything that is done once.
"""

import os
from dataclasses import dataclass

_LONGEST = 4096  # bytes of what is shared


@dataclass(frozen=True)
class Team:
    """The processes of one training.

    Attributes:
        rank: number of this one, from 0. size: how many there are.
    """

    rank: int = 0
    size: int = 1

    @classmethod
    def here(cls) -> "Team":
        """The team that this process belongs to, joined."""
        team = cls(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))
        if team.size > 1:
            import torch
            from torch import distributed

            if torch.cuda.is_available():
                torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
            if not distributed.is_initialized():
                distributed.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
        return team

    @property
    def leads(self) -> bool:
        """Whether this process does what is done once."""
        return self.rank == 0

    def told(self, words: str | None) -> str:
        """What the leader says; the others say None and wait for it.

        Raises:
            ValueError: it says more than ``_LONGEST`` bytes.
        """
        if self.size == 1:
            return words or ""
        import torch
        from torch import distributed

        said = (words or "").encode()
        if len(said) > _LONGEST:
            raise ValueError(f"{len(said)} bytes, at most {_LONGEST}")
        page = torch.zeros(_LONGEST, dtype=torch.uint8)
        page[: len(said)] = torch.frombuffer(bytearray(said), dtype=torch.uint8) if said else page[:0]
        distributed.broadcast(page, 0)
        return bytes(page.tolist()).rstrip(b"\0").decode()

    def agreed(self, yes: bool) -> bool:  # noqa: FBT001 - one question
        """The leader's yes or no."""
        if self.size == 1:
            return yes
        import torch
        from torch import distributed

        answer = torch.tensor([int(yes)])
        distributed.broadcast(answer, 0)
        return bool(answer.item())
