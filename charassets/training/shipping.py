"""Puts finished models on the shelf: copies, the OpenVINO export for fast CPUs, and the manifest of digests.

What belongs here: the way from a training folder into ``charassets/weights/mini``. Not here: training, and the cards, which are
written by people who have read the figures.

    python -m charassets.training.shipping --detector build/detector/detector.pt --heads build/heads/heads
"""

import argparse
import hashlib
import json
import shutil
import sys
from pathlib import Path

from charassets.training.detector import EXPORT_SIZE

SHELF = Path(__file__).parent.parent / "weights" / "mini"


def ship_detector(weights: Path, shelf: Path = SHELF) -> Path:
    """Copy a ``detector.pt`` and export it for OpenVINO beside itself, with a free batch size and half precision.

    Returns:
        The copy.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # pyright: ignore[reportArgumentType] - it would report to its maker
    from ultralytics import YOLO

    shelf.mkdir(parents=True, exist_ok=True)
    copy = Path(shutil.copyfile(weights, shelf / "detector.pt"))
    YOLO(copy).export(format="openvino", dynamic=True, half=True, imgsz=EXPORT_SIZE)
    return copy


def ship_embedder(folder: Path, shelf: Path = SHELF) -> Path:
    """Copy what ``save_pretrained`` wrote; the card that lies there stays.

    Returns:
        The folder on the shelf.
    """
    return _copied(folder, shelf / "embedder")


def ship_heads(folder: Path, shelf: Path = SHELF) -> Path:
    """Copy weights and questions of the attribute heads; the card that lies there stays.

    Returns:
        The folder on the shelf.
    """
    return _copied(folder, shelf / "heads")


def _copied(folder: Path, target: Path) -> Path:
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted(folder.iterdir()):
        shutil.copyfile(file, target / file.name)
    return target


def write_manifest(shelf: Path = SHELF) -> Path:
    """Write ``manifest.json``: sha256 and size of every file of the shelf that a loader reads."""
    files = {}
    for file in sorted(shelf.rglob("*")):
        if file.is_file() and file.suffix != ".md" and file.name != "manifest.json":
            content = file.read_bytes()
            files[file.relative_to(shelf).as_posix()] = {
                "sha256": hashlib.sha256(content).hexdigest(),
                "bytes": len(content),
            }
    path = shelf / "manifest.json"
    path.write_text(json.dumps({"license": "AGPL-3.0-or-later", "files": files}, indent=2) + "\n", encoding="utf-8")
    return path


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Put finished models on the shelf.")
    parser.add_argument("--detector", type=Path)
    parser.add_argument("--embedder", type=Path)
    parser.add_argument("--heads", type=Path)
    given = parser.parse_args()
    if given.detector:
        ship_detector(given.detector)
    if given.embedder:
        ship_embedder(given.embedder)
    if given.heads:
        ship_heads(given.heads)
    write_manifest()


if __name__ == "__main__":
    main()
