"""How sound the characters of a run are: a few numbers over ``character_clusters``, and what the settings' limits say of them.

What belongs here: measuring and comparing. Not here: who is told (checks in Dagster, the quality report of an export).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from charassets.lake.fragments import Fragment
from charassets.settings import CheckSettings

UNKEPT = "unkept"
"""Role of the table, kept beside the rows, of what people said and does not hold (``charassets.curation.unkept``)."""

CARRIED = "carried"
"""Role of the one-row table, kept beside the rows, of members that had a character before and how many kept its id.

Members whom people's decisions put into another character are not counted: that is no fault of the clustering."""

CARRIED_SCHEMA = pa.schema([pa.field("before", pa.int64(), False), pa.field("kept", pa.int64(), False)])

FEW = 20
"""Members below which a share says nothing: a demo with three characters has one of a third."""

QUANTILE = 0.05
"""Members whose likeness may be less than the limit: one in twenty is a drawing that nobody would recognise."""


@dataclass(frozen=True)
class ClusterHealth:
    """What a run's characters come to.

    Attributes:
        pictures: rows, noise included.
        sizes: int64, members of each character, largest first.
        likeness: float32, cosine of every member but the representatives with the representative of its character.
        before: of the members, those that had a character in the run before and were not put elsewhere by people.
        kept: of those, the ones whose character has the same id.
        unkept: sentences on what people said and does not hold.
    """

    pictures: int
    sizes: NDArray[np.int64]
    likeness: NDArray[np.float32]
    before: int
    kept: int
    unkept: tuple[str, ...]

    @property
    def clustered(self) -> int:
        """Members of all characters."""
        return int(self.sizes.sum())

    @property
    def noise(self) -> float:
        """Share of the pictures in no character."""
        return 1 - self.clustered / self.pictures if self.pictures else 0.0

    @property
    def largest(self) -> float:
        """Share of the clustered pictures in the largest character."""
        return int(self.sizes[0]) / self.clustered if len(self.sizes) else 0.0

    @property
    def least_alike(self) -> float | None:
        """The likeness that all but ``QUANTILE`` of the members have; None where there are none."""
        return round(float(np.quantile(self.likeness, QUANTILE)), 4) if len(self.likeness) else None

    @property
    def carried(self) -> float | None:
        """Share of the members with a character before whose id it still is; None in a first run."""
        return self.kept / self.before if self.before else None


@dataclass(frozen=True)
class Finding:
    """What a check says.

    Attributes:
        name: name of the check.
        passed: the value is within its limit, or there is too little to judge by.
        severity: what breaking it is called.
        value: what was measured; None where there was nothing to measure.
        limit: what it was held against.
        says: the sentence for people.
        setting: what holds the limit.
    """

    name: str
    passed: bool
    severity: Literal["warn", "error"]
    value: float | None
    limit: float
    says: str
    setting: str

    @property
    def told(self) -> str:
        """The sentence, and of a check that did not pass the limit and where it is set."""
        return self.says if self.passed else f"{self.says}; the limit is {self.limit:g}, `{self.setting}.limit`"


CHECKS = {
    "no_mega_cluster": "No character swallows more of the clustered pictures than `checks.mega_cluster` allows.",
    "members_alike": "Members are as like their representative as `checks.member_similarity` demands of 95 % of them.",
    "noise_within_bounds": "No more pictures belong to no character than `checks.noise` allows.",
    "ids_carried_over": "Members keep the id of their character from run to run, all but `checks.ids_carried` allows.",
}
"""The checks by name, with what each one promises."""


def measured(fragment: Fragment) -> ClusterHealth:
    """Measure the fragment of ``character_clusters``."""
    rows = fragment.read(["character_id", "similarity", "representative"])
    counts = rows["character_id"].drop_null().value_counts().field("counts")
    others = rows.filter(~pc.field("representative"))
    carried = fragment.read(role=CARRIED).to_pylist() if fragment.manifest.has(CARRIED) else []
    said = fragment.read(["what"], role=UNKEPT)["what"].to_pylist() if fragment.manifest.has(UNKEPT) else []
    return ClusterHealth(
        pictures=rows.num_rows,
        sizes=np.sort(counts.to_numpy(zero_copy_only=False).astype(np.int64))[::-1],
        likeness=others["similarity"].drop_null().to_numpy(),
        before=sum(line["before"] for line in carried),
        kept=sum(line["kept"] for line in carried),
        unkept=tuple(said),
    )


def findings(health: ClusterHealth, checks: CheckSettings) -> Iterator[Finding]:
    """What the settings' limits say of it, one finding a check of ``CHECKS``."""
    share, mega = health.largest, checks.mega_cluster
    says = f"the largest character holds {share:.0%} of {health.clustered:,} clustered pictures"
    yield Finding(
        "no_mega_cluster",
        health.clustered < FEW or share <= mega.limit,
        mega.severity,
        share,
        mega.limit,
        says,
        "checks.mega_cluster",
    )
    least, alike = health.least_alike, checks.member_similarity
    says = f"{QUANTILE:.0%} of the members are less like their representative than {least}"
    passed = least is None or len(health.likeness) < FEW or least >= alike.limit
    yield Finding("members_alike", passed, alike.severity, least, alike.limit, says, "checks.member_similarity")
    says = f"{health.noise:.0%} of {health.pictures:,} pictures belong to no character"
    passed = health.pictures < FEW or health.noise <= checks.noise.limit
    noise = checks.noise
    yield Finding("noise_within_bounds", passed, noise.severity, health.noise, noise.limit, says, "checks.noise")
    carried, ids = health.carried, checks.ids_carried
    says = f"{health.kept:,} of {health.before:,} members keep the id of their character"
    passed = carried is None or health.before < FEW or carried >= ids.limit
    yield Finding("ids_carried_over", passed, ids.severity, carried, ids.limit, says, "checks.ids_carried")
