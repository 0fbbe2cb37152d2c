"""Settings of where shards are worked on.

What belongs here: one machine or a Ray cluster, and how much of it. Not here: what a stage needs (its class says so).
"""

from typing import Any

from pydantic import Field, model_validator

from charassets.settings.section import Section


class RaySettings(Section):
    """The Ray cluster that ``runner: ray`` works on. Nothing here changes a result, so nothing is computed again for it."""

    address: str | None = Field(
        default=None,
        min_length=1,
        description="Cluster to join: `auto`, HOST:PORT or ray://HOST:10001. Without one, Ray is started on this machine for "
        "the run.",
    )
    kubernetes: dict[str, Any] | None = Field(
        default=None,
        description="Instead of an address: the fields of dagster-ray's KubeRayCluster, which is made for the run and deleted.",
    )
    workers: int | None = Field(
        default=None,
        ge=1,
        le=10_000,
        description="Most workers at a time; without it as many as the cluster has CPUs, or GPUs for a stage that uses one.",
    )
    gpu_share: float = Field(
        default=1.0,
        gt=0,
        le=16,
        description="GPUs a worker of a model stage takes; 0.5 puts two workers on one. Without effect where there is none.",
    )
    attempts: int = Field(
        default=3, ge=1, le=20, description="Workers that may die over one shard before that shard counts as failed."
    )

    @model_validator(mode="after")
    def _one_cluster(self) -> "RaySettings":
        if self.address is not None and self.kubernetes is not None:
            raise ValueError("give address or kubernetes, not both")
        return self
