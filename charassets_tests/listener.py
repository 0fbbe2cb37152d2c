"""Who listens to progress in tests."""

from charassets import progress


class Listener(progress.Reporter):
    """Keeps what it hears: ``told`` of records as stage, number and whether they were reused; ``looked`` of pairs."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, bool]] = []
        self.looked: list[tuple[int, int]] = []

    def records(self, stage: str, done: int, *, reused: bool) -> None:
        self.told.append((stage, done, reused))

    def pairs(self, done: int, of: int) -> None:
        self.looked.append((done, of))
