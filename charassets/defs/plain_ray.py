"""A Ray cluster as dagster-ray's resource, joined and left and no more.

What belongs here: what differs from dagster-ray's own. It derives from its class, so nothing may import this module but a run that
works on Ray (``charassets.defs.ray_cluster``).
"""

from pathlib import Path
from typing import Any

from dagster_ray import LocalRay
from dagster_ray.types import AnyDagsterContext


class PlainRay(LocalRay):
    """A cluster of this machine, or one that is there and stays there.

    dagster-ray would set up Ray Data as well, which nothing here uses: importing it, here and in a worker, takes longer than
    starting Ray.
    """

    address: str | None = None

    @property
    def ray_address(self) -> str | None:
        """Where the cluster is; None starts one on this machine."""
        return self.address

    @property
    def session(self) -> Path | None:
        """The folder of a cluster that was started here."""
        if self.address is not None or self._context is None:
            return None
        found = dict(getattr(self._context, "address_info", {})).get("session_dir")
        return Path(found) if found else None

    def connect(self, context: AnyDagsterContext) -> Any:  # noqa: ANN401, ARG002 - ray's context; dagster-ray's signature
        """Start or join it."""
        import ray

        self._context = ray.init(address=self.address, **self.ray_init_options)
        return self._context
