"""Small real pictures, archives and tables for the tests of this room."""

import io
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from PIL import Image

from charassets.settings import SourceSettings
from charassets.sources import Refused, Source, SourceRecord, open_source

DATA = Path(__file__).parents[2].parent / "shared" / "data"
"""Real art and tags, where this machine has them."""


def picture(colour: int = 0, size: tuple[int, int] = (24, 32), kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (colour % 256, colour // 256 % 256, 90)).save(out, kind)
    return out.getvalue()


def tree(root: Path, files: Mapping[str, bytes | str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def tar_bytes(members: Iterable[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def source(path: Path | str, span: int = 500, **columns: str) -> Source:
    return open_source(SourceSettings(name="s", path=str(path), columns=columns), span=span)


def records(of: Source) -> dict[str, SourceRecord | Refused]:
    found = [record for item in of.list_items() for record in of.read(item)]
    assert len({record.locator for record in found}) == len(found)
    return {record.locator: record for record in found}


def record(of: Source, locator: str) -> SourceRecord:
    found = records(of)[locator]
    assert isinstance(found, SourceRecord), found
    return found


def refusals(of: Source) -> dict[str, str]:
    return {locator: r.code for locator, r in records(of).items() if isinstance(r, Refused)}
