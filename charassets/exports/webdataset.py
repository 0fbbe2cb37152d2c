"""WebDataset tars: sorted members, no times and no owners, so that equal records give equal bytes.

What belongs here: tars and their index. Not here: reading such tars as a source (``charassets.sources.webdataset``).
"""

import hashlib
import io
import tarfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson

from charassets.exports.job import Format, Job
from charassets.exports.jsonl import line

_TAR_BYTES = 1 << 30
_TAR_SAMPLES = 10_000


def _write(job: Job) -> None:
    written: list[dict[str, Any]] = []
    with ExitStack() as stack:
        tars: dict[str, _Tars] = {}
        for row, picture in job.pictures():
            if row.split not in tars:
                tars[row.split] = stack.enter_context(_Tars(job.folder, row.split, written))
            members = {
                "json": orjson.dumps({**line(row), "split": row.split}),
                "txt": row.caption.encode(),
                picture.suffix: picture.data,
            }
            tar, key = tars[row.split].add(row.record_id, members)
            job.index.add(row, f"{tar}/{key}.{picture.suffix}", picture.data)
    (job.folder / "index.json").write_bytes(orjson.dumps({"tars": written}, option=orjson.OPT_INDENT_2) + b"\n")


class _Tars:
    """The tars of one split."""

    def __init__(self, folder: Path, split: str, written: list[dict[str, Any]]) -> None:
        self._folder, self._split, self._written = folder, split, written
        self._samples = self._bytes = 0
        self._number = self._key = -1
        self._tar: tarfile.TarFile | None = None

    def __enter__(self) -> "_Tars":
        return self

    def __exit__(self, *error: object) -> None:
        self._close()

    def add(self, record_id: str, members: dict[str, bytes]) -> tuple[str, str]:
        """Append a sample; answers the tar's name and the key (numbered, so that members are in sorted order)."""
        size = sum(map(len, members.values()))
        if self._tar is None or self._samples == _TAR_SAMPLES or self._bytes + size > _TAR_BYTES:
            self._close()
            self._number += 1
            self._tar = tarfile.open(self._folder / self._name, "w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115
        self._key += 1
        key = f"{self._key:09d}-{record_id.replace('.', '-')}"
        for suffix, data in sorted(members.items()):
            member = tarfile.TarInfo(f"{key}.{suffix}")  # times and owners are 0 unless told otherwise
            member.size, member.mode = len(data), 0o644
            self._tar.addfile(member, io.BytesIO(data))
        self._samples += 1
        self._bytes += size
        return self._name, key

    @property
    def _name(self) -> str:
        return f"{self._split}-{self._number:06d}.tar"

    def _close(self) -> None:
        if self._tar is None:
            return
        self._tar.close()
        with (self._folder / self._name).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = (self._folder / self._name).stat().st_size
        self._written.append({"tar": self._name, "samples": self._samples, "bytes": size, "sha256": digest})
        self._tar, self._samples, self._bytes = None, 0, 0


WEBDATASET = Format("webdataset", "tars of picture, caption and JSON", "1", _write, "{split}-*.tar", True)
