"""``charassets studio``: draw pictures with their tags, their truth and a contact sheet, for people to look at.

What belongs here: the command and the files it writes. Not here: drawing.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charassets.errors import UsageError

if TYPE_CHECKING:
    from charassets.studio.truth import Scene

BESIDE = ".beside"
"""Folder of the masks and the sheet."""

_SHEET_PICTURES, _SHEET_COLUMNS, _TILE = 96, 10, 144  # what a screen shows at once
_SHEET_BYTES = 400_000


def studio(
    out: Annotated[Path, typer.Option(help="New or empty folder to draw into.")],
    n: Annotated[int, typer.Option("--n", min=1, help="How many pictures.")] = 64,
    seed: Annotated[int, typer.Option(min=0, help="Which drawings are made.")] = 0,
    size: Annotated[int, typer.Option(min=48, max=2048, help="Side of a picture in pixels.")] = 256,
) -> None:
    """Draw characters and scenes with exact truth: pictures, tags, truth.jsonl and a contact sheet."""
    draw_studio(out, n, seed, size)
    print(f"{n} pictures in {out}; look at {out / BESIDE / 'sheet.webp'}", file=sys.stderr)


def draw_studio(out: Path, n: int = 64, seed: int = 0, size: int = 256) -> None:
    """Draw ``n`` scenes into ``out``; the same seed and size give the same bytes.

    Writes ``NNNNNN.png`` with a ``NNNNNN.txt`` tag line each, and ``truth.jsonl`` with one line a picture. What is no picture of
    its own lies in the folder ``.beside``, which is no part of a source as its name begins with a dot: masks as
    ``NNNNNN.mask.png`` (grey 0 is the ground, k the k-th character) where there are characters, and ``sheet.webp`` of the first 96.

    Args:
        out: folder to make; it must not hold anything yet.
        n: how many pictures.
        seed: of the first; the k-th picture is that of scene ``1,000,000 * seed + k``.
        size: side in pixels.

    Raises:
        UsageError: ``out`` is a file or holds something.
    """
    from charassets.images.contact_sheet import sheet
    from charassets.studio.scenes import draw_scene
    from charassets.studio.transforms import resized

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError("the folder is not empty", where=str(out), todo="name a new one with --out")
    (out / BESIDE).mkdir(parents=True, exist_ok=True)
    small, labels = [], []
    with (out / "truth.jsonl").open("w", encoding="utf-8") as truth:
        for k in range(n):
            scene, name = draw_scene(1_000_000 * seed + k, size), f"{k:06d}"
            _write(out, name, scene)
            truth.write(json.dumps(_truth(name, scene), sort_keys=True) + "\n")
            if k < _SHEET_PICTURES:
                small.append(resized(scene.pixels, min(1.0, _TILE / size)))
                labels.append(f"{scene.kind}, {scene.style}")
    page = sheet(small, labels, columns=_SHEET_COLUMNS, tile=_TILE, max_bytes=_SHEET_BYTES)
    (out / BESIDE / "sheet.webp").write_bytes(page)


def _write(out: Path, name: str, scene: "Scene") -> None:
    from PIL import Image

    Image.fromarray(scene.pixels).save(out / f"{name}.png")
    (out / f"{name}.txt").write_text(scene.tags + "\n", encoding="utf-8")
    if scene.n_characters:
        Image.fromarray(scene.owners).save(out / BESIDE / f"{name}.mask.png")


def _truth(name: str, scene: "Scene") -> dict[str, Any]:
    return {
        "file": f"{name}.png",
        "kind": scene.kind,
        "style": scene.style,
        "light": scene.light,
        "n_characters": scene.n_characters,
        "identities": scene.identities,
        "attributes": scene.attributes,
        "boxes": [asdict(box) for box in (*scene.boxes, *scene.eyes, *scene.likenesses)],
        "tags": scene.tags,
        "caption": scene.caption,
    }
