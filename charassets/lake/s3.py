"""What ``pyarrow.fs`` does not offer of an S3-compatible store: conditional puts, tags, uploads in parts, bounded listings.

What belongs here: single requests. Not here: what they are for (``object_store``, ``lease``, ``remote``). boto3 finds endpoint,
region and credentials where every S3 client does: environment, profile, role.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from charassets.errors import StorageError, UsageError
from charassets.settings import refuse_credentials

_CONFLICT = {409, 412}  # two conditional puts at once are answered 409, one that came too late 412
_ABSENT = {404}
_PART_BYTES = 16 << 20
_PARTS_AT_ONCE = 4  # 64 MiB held of an upload, whatever its size


class ChangedError(Exception):
    """A conditional put met another version than it expected; nothing was written."""


@dataclass(frozen=True)
class Found:
    """An object: the tag of its version, size in bytes, and age in seconds by the store's own clock."""

    tag: str
    size: int
    age_s: float


@dataclass(frozen=True)
class Bucket:
    """A place in a store; names are relative to it."""

    uri: str
    name: str
    prefix: str
    client: Any

    def put(self, data: bytes, path: str, expected: str | None = None, *, conditional: bool = False) -> str:
        """Write an object; answers its tag.

        Args:
            data: the content.
            path: name.
            expected: tag of the version to be replaced; None: there must be none.
            conditional: whether ``expected`` is held to.

        Raises:
            ChangedError: there is another version.
            StorageError: the store refuses or cannot be reached.
        """
        demand = {} if not conditional else {"IfMatch": expected} if expected is not None else {"IfNoneMatch": "*"}
        with self._errors("write", path):
            answer = self.client.put_object(Bucket=self.name, Key=self._key(path), Body=data, **demand)
        return answer["ETag"]

    def get(self, path: str) -> tuple[bytes, str] | None:
        """Content and tag of an object, None where there is none."""
        with self._errors("read", path):
            try:
                answer = self.client.get_object(Bucket=self.name, Key=self._key(path))
                return answer["Body"].read(), answer["ETag"]
            except self.client.exceptions.ClientError as error:
                if _status(error) in _ABSENT:
                    return None
                raise

    def look(self, path: str) -> Found | None:
        """What lies under a name, None where nothing does."""
        with self._errors("read", path):
            try:
                answer = self.client.head_object(Bucket=self.name, Key=self._key(path))
            except self.client.exceptions.ClientError as error:
                if _status(error) in _ABSENT:
                    return None
                raise
        now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        return Found(answer["ETag"], answer["ContentLength"], (now - answer["LastModified"]).total_seconds())

    def upload(self, local: Path, path: str) -> None:
        """Write a file, in parts where it is large: visible once it is whole, with a bounded part of it in memory."""
        with self._errors("write", path):
            self.client.upload_file(str(local), self.name, self._key(path), Config=_transfers())

    def download(self, path: str, local: Path) -> None:
        """Read an object into a file.

        Raises:
            StorageError: there is none, or the store cannot be reached.
        """
        with self._errors("read", path):
            self.client.download_file(self.name, self._key(path), str(local), Config=_transfers())

    def names(self, prefix: str, after: str = "") -> Iterator[str]:
        """Names that begin with ``prefix`` and come after ``after``, in order."""
        first = {"StartAfter": self._key(after)} if after else {}
        with self._errors("list", prefix):
            pages = self.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.name, Prefix=self._key(prefix), **first):
                yield from (found["Key"].removeprefix(self._key("")) for found in page.get("Contents", ()))

    def delete(self, path: str) -> None:
        """Remove an object; nothing happens where there is none."""
        with self._errors("delete", path):
            self.client.delete_object(Bucket=self.name, Key=self._key(path))

    def unfinished(self) -> Iterator[tuple[str, str]]:
        """Names and ids of uploads in parts that were begun and neither finished nor given up."""
        with self._errors("list", "uploads"):
            pages = self.client.get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=self.name, Prefix=self._key("")):
                yield from ((u["Key"].removeprefix(self._key("")), u["UploadId"]) for u in page.get("Uploads", ()))

    def abort(self, path: str, upload: str) -> None:
        """Give up an upload in parts; its parts go."""
        with self._errors("delete", path):
            self.client.abort_multipart_upload(Bucket=self.name, Key=self._key(path), UploadId=upload)

    def _key(self, path: str) -> str:
        return f"{self.prefix}/{path}" if self.prefix else path

    @contextmanager
    def _errors(self, doing: str, path: str) -> Iterator[None]:
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            if _status(error) in _CONFLICT:
                raise ChangedError(path) from None
            raise self._failed(doing, path, error) from error
        except (BotoCoreError, Boto3Error, OSError) as error:
            raise self._failed(doing, path, error) from error

    def _failed(self, doing: str, path: str, error: Exception) -> StorageError:
        why = " ".join(str(error).split())
        return StorageError(
            f"cannot {doing}: {why}", where=f"{self.uri}/{path}", todo="check endpoint, credentials and network"
        )


@lru_cache(maxsize=64)
def bucket_of(uri: str) -> Bucket:
    """The place that an ``s3://`` URI names; options ``endpoint_override``, ``scheme`` and ``region`` as ``pyarrow.fs`` takes them.

    Raises:
        UsageError: boto3 is missing, or there are credentials in the URI.
    """
    refuse_credentials(uri)
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise UsageError("object stores need boto3", where=uri, todo="pip install 'charassets[s3]'") from None
    parts = urlsplit(uri)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    endpoint = options.get("endpoint_override")
    if endpoint and "://" not in endpoint:
        endpoint = f"{options.get('scheme', 'https')}://{endpoint}"
    # Without a region the client cannot sign, and most servers that are not AWS take any.
    session = boto3.Session()
    region = options.get("region") or session.region_name or "us-east-1"
    patient = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=10, read_timeout=60)
    client = session.client("s3", endpoint_url=endpoint, region_name=region, config=patient)
    return Bucket(uri.partition("?")[0].rstrip("/"), parts.netloc, unquote(parts.path).strip("/"), client)


def _transfers() -> Any:  # noqa: ANN401 - of a library that is imported late
    from boto3.s3.transfer import TransferConfig

    return TransferConfig(
        multipart_threshold=_PART_BYTES, multipart_chunksize=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE
    )


def _status(error: Any) -> int:  # noqa: ANN401 - of a library that is imported late
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
