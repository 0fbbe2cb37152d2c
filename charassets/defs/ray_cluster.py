"""The Ray cluster of a run, as dagster-ray's resource: one of this machine, one that is there, or one made on Kubernetes.

What belongs here: which of them the settings mean, and joining it. Not here: what its workers do (``stages.ray_runner``).
dagster-ray and Ray come with the extra ``ray``; nothing here imports them before a run wants them.
"""

import importlib.util
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import ValidationError

from charassets.errors import CharassetsError, UsageError
from charassets.lake.fragments import Lake
from charassets.settings import RaySettings, Settings
from charassets.stages.ray_runner import RayRunner

if TYPE_CHECKING:
    from dagster_ray import RayResource


def ray_runner(settings: Settings, lake: Lake, context: dg.InitResourceContext) -> RayRunner:
    """A runner over the cluster of the settings, joined through dagster-ray when it is first needed.

    Raises:
        UsageError: Ray is not installed.
    """
    if importlib.util.find_spec("ray") is None or importlib.util.find_spec("dagster_ray") is None:
        raise UsageError("Ray is not installed", where="runner: ray", todo="pip install 'charassets[ray]'")
    return RayRunner(settings, lake, lambda: joined(settings.ray, context))


@contextmanager
def joined(settings: RaySettings, context: dg.InitResourceContext) -> Iterator[None]:
    """Start or join the cluster of the settings, and leave it at the end; what was started for the run ends with it.

    Raises:
        UsageError: it cannot be joined.
        CharassetsError: it does not start here.
    """
    if settings.address is None and settings.kubernetes is None:
        ready_environment()
    from ray.exceptions import AuthenticationError

    resource = cluster_of(settings)
    cluster = resource.yield_for_execution(context)
    try:
        cluster.__enter__()
    except ImportError as error:
        raise UsageError(
            f"a cluster on Kubernetes needs more than Ray: {error}",
            where="ray.kubernetes",
            todo="pip install 'dagster-ray[kuberay]'",
        ) from error
    except (AuthenticationError, ConnectionError, TimeoutError) as error:
        raise UsageError(
            f"the Ray cluster cannot be joined: {' '.join(str(error).split())[:200]}",
            where=settings.address or "ray",
            todo="check the address, that it runs the same Ray, and RAY_AUTH_TOKEN",
        ) from error
    except Exception as error:
        if settings.address is not None or settings.kubernetes is not None:
            raise
        raise CharassetsError(  # Ray raises bare exceptions; the commonest says that it waited 30 s for itself
            f"Ray does not start on this machine: {' '.join(str(error).split())[:200]}",
            where="runner: ray",
            todo="run again when the machine is less busy, or with --set runner=local",
        ) from error
    session = getattr(resource, "session", None)
    try:
        yield
    finally:
        cluster.__exit__(None, None, None)
        if session is not None:
            _remove(session)


def _remove(session: Path) -> None:
    """Remove what a Ray that was started for a run leaves: logs, sockets, and the link to the latest session."""
    shutil.rmtree(session, ignore_errors=True)
    latest = session.parent / "session_latest"
    if latest.is_symlink() and not latest.exists():
        latest.unlink(missing_ok=True)


def cluster_of(settings: RaySettings) -> "RayResource":
    """The resource that the settings mean.

    Raises:
        UsageError: dagster-ray does not take the settings for Kubernetes.
    """
    if settings.kubernetes is not None:
        from dagster_ray.kuberay import KubeRayCluster

        try:
            return KubeRayCluster(**settings.kubernetes)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(["ray", "kubernetes", *(str(part) for part in first["loc"])])
            raise UsageError(
                " ".join(first["msg"].split()), where=place, todo="see dagster-ray's KubeRayCluster"
            ) from None
    from charassets.defs.plain_ray import PlainRay

    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if settings.address is None:
        options["include_dashboard"] = False
    return PlainRay(address=settings.address, ray_init_options=options)


def ready_environment() -> None:
    """What a Ray that is started here finds in the environment: a secret for its time, unless the user has one, and no niceness."""
    os.environ.setdefault(
        "RAY_worker_niceness", "0"
    )  # 15 by itself: workers would wait for everything else on the machine
    kept = Path("~/.ray/auth_token").expanduser()
    if not (os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH") or kept.is_file()):
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
