"""Where a workspace lies: in a folder, or in an object store with a folder here that holds copies of it.

What belongs here: from the name people give to the folder. Not here: what is copied (``charassets.lake.remote``).
"""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from charassets.errors import UsageError

COPIES = "CHARASSETS_CACHE"
"""Environment variable that names the folder of the copies of workspaces in object stores."""

_SCHEMES = ("s3",)


def is_uri(place: object) -> bool:
    """Whether a workspace, lake or source lies in an object store."""
    return "://" in str(place)


def copy_of(uri: str) -> Path:
    """The folder on this machine that belongs to a workspace in an object store: one a workspace, always the same.

    Raises:
        UsageError: a store that cannot hold a workspace, or a URI with credentials in it.
    """
    parts = urlsplit(uri)
    if parts.scheme not in _SCHEMES or not parts.netloc:
        raise UsageError(
            "a workspace lies in a folder or in an S3-compatible store", where=uri, todo="give s3://BUCKET/PREFIX"
        )
    refuse_credentials(uri)
    home = os.environ.get(COPIES) or os.path.join(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "charassets")  # noqa: PTH118
    name = parts.path.rstrip("/").rpartition("/")[2] or parts.netloc
    digest = hashlib.sha256(f"{parts.netloc}{parts.path.rstrip('/')}".encode()).hexdigest()[:12]
    return Path(home).expanduser().absolute() / f"{name}-{digest}"


def refuse_credentials(uri: str) -> None:
    """Keys in a URI would end in settings files, the ledger and logs.

    Raises:
        UsageError: there are some.
    """
    parts = urlsplit(uri)
    if "@" in parts.netloc or "secret" in parts.query.lower() or "access_key" in parts.query.lower():
        raise UsageError(
            "credentials do not belong into a URI",
            where=f"{parts.scheme}://…{parts.path}",
            todo="give them by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile or a role",
        )


def below(uri: str, name: str) -> str:
    """The URI of a name below another; options after ``?`` stay at the end."""
    plain, mark, options = uri.partition("?")
    return f"{plain.rstrip('/')}/{name}{mark}{options}"


def placed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings in which a workspace given as a URI is split into ``remote`` and the folder of its copies."""
    workspace = values.get("workspace")
    if workspace is None or not is_uri(workspace):
        return dict(values)
    return {**values, "workspace": str(copy_of(str(workspace))), "remote": str(workspace)}
