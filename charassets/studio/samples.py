"""The demo's input: some seventy records in a folder, a WebDataset tar and a Parquet table, with planted trouble.

What belongs here: choosing, spoiling and placing the records, and the truth about each. Not here: drawing them, reading them.
"""

import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import md5
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from charassets.studio import spoiling
from charassets.studio.posing import sample_pose
from charassets.studio.scenes import draw_portrait, draw_scene
from charassets.studio.styles import sample_style
from charassets.studio.traits import sample_character
from charassets.studio.transforms import NEAR_COPIES
from charassets.studio.truth import Scene

TROUBLES = (
    "several_characters", "nobody", "exact_duplicate", "near_duplicate", "truncated", "decompression_bomb", "sixteen_bit",
    "exif_rotated", "transparent", "conflicting_tags", "noise_tags", "recurring_identity",
)  # fmt: skip
CONTAINERS = ("folder", "shards", "tables")
_NOISE = "highres, absurdres, commentary request, looking_at_viewer, bad id, smille, translated, x_x, 1990s (style)"


@dataclass(frozen=True)
class Sample:
    """One record before it is placed.

    Attributes:
        key: unique stem. extension: with its dot. content: the file's bytes. tags: its tag line.
        n_characters: the true count. identity: seed of the one character, if it is one. attributes: what can be seen of it.
        trouble: which of ``TROUBLES`` it carries. copy_of: key of the record it repeats.
    """

    key: str
    extension: str
    content: bytes
    tags: str
    n_characters: int
    identity: int | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    trouble: tuple[str, ...] = ()
    copy_of: str | None = None


@dataclass(frozen=True)
class SampleSet:
    """Where the sample input lies and how much of it there is.

    Attributes:
        folder: pictures with sidecars. shards: the tar. table: the Parquet file. truth: one JSON line a record.
        records: how many records in all.
    """

    folder: Path
    shards: Path
    table: Path
    truth: Path
    records: int

    @property
    def sources(self) -> tuple[Path, Path, Path]:
        """What to hand to the pipeline."""
        return self.folder, self.shards, self.table


def write_samples(out: Path, seed: int = 0) -> SampleSet:
    """Draw the sample input into ``out``; the same seed gives the same bytes.

    Args:
        out: folder to fill with ``folder/``, ``shards/``, ``tables/`` and ``truth.jsonl``; made if need be.
        seed: of everything drawn.
    """
    samples = _samples(seed)
    placed: dict[str, list[Sample]] = {name: [] for name in CONTAINERS}
    for number, sample in enumerate(samples):
        placed[_container(sample, number)].append(sample)
    truth = [
        *_write_folder(out / "folder", placed["folder"]),
        *_write_tar(out / "shards" / "sample-000000.tar", placed["shards"]),
        *_write_table(out / "tables" / "sample-000000.parquet", placed["tables"]),
    ]
    lines = [json.dumps(row, sort_keys=True) for row in truth]
    (out / "truth.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    tables = out / "tables" / "sample-000000.parquet"
    return SampleSet(out / "folder", out / "shards" / "sample-000000.tar", tables, out / "truth.jsonl", len(samples))


def _container(sample: Sample, number: int) -> str:
    """Half in the folder; copies go elsewhere than what they repeat, so that duplicates cross containers."""
    if sample.copy_of is not None:
        return CONTAINERS[(number + 1) % 3]
    if set(sample.trouble) & {"exif_rotated", "transparent", "sixteen_bit", "decompression_bomb"}:
        return "folder"
    return ("folder", "shards", "folder", "tables")[number % 4]


def _samples(seed: int) -> list[Sample]:
    rng = np.random.default_rng([seed, 0x5A])
    base = 1000 + 10_000 * seed
    plain = [_single(base + k, rng) for k in range(21)]
    recurring = [picture for k in range(4) for picture in _recurring(base + 500 + k, rng)]
    groups = [_scene(base + 700 + k, "group" if k < 6 else "sheet", rng) for k in range(8)]
    nobody = [_scene(base + 800 + k, "nobody", rng) for k in range(7)]
    drawn = [*plain, *recurring, *groups, *nobody]
    sketches = [sample for sample, _ in drawn]
    pictures = dict((sample.key, scene) for sample, scene in drawn)
    copies = [
        replace(sketches[k], key=f"again-{k:02d}", copy_of=sketches[k].key, trouble=("exact_duplicate",))
        for k in (0, 1, 4, 9, 23)
    ]
    near = [_near_copy(sketches[2 + 3 * k], pictures, name) for k, name in enumerate(NEAR_COPIES)]
    return [*_with_wild_tags(sketches), *copies, *near, *_spoiled(base + 900, rng)]


def _single(seed: int, rng: np.random.Generator) -> tuple[Sample, Scene]:
    size = int(rng.integers(256, 513))
    framing = str(rng.choice(["bust", "upper", "full", "head"], p=(0.35, 0.25, 0.3, 0.1)))
    scene = draw_portrait(sample_character(seed), seed, size, framing=framing)
    return _sample(f"pic-{seed}", scene, rng), scene


def _recurring(identity: int, rng: np.random.Generator) -> list[tuple[Sample, Scene]]:
    """One character in four pictures: always the same hand, another pose, framing and ground each time."""
    who, style = (
        sample_character(identity),
        sample_style(rng, str(rng.choice(["cel", "soft", "painterly", "outlined"]))),
    )
    found = []
    for k in range(4):
        pose = sample_pose(rng, ("front", "three-quarter", "front", "three-quarter")[k])
        framing = ("bust", "upper", "full", "bust")[k]
        scene = draw_portrait(
            who, identity * 10 + k, int(rng.integers(288, 420)), framing=framing, style=style, pose=pose
        )
        sample = _sample(f"star-{identity}-{k}", scene, rng)
        found.append((replace(sample, trouble=("recurring_identity",)), scene))
    return found


def _scene(seed: int, kind: str, rng: np.random.Generator) -> tuple[Sample, Scene]:
    size = ((512, 384), (640, 400), (448, 448), (384, 512))[int(rng.integers(4))]
    scene = draw_scene(seed, size, kind=kind)
    sample = _sample(f"{kind}-{seed}", scene, rng)
    trouble = () if scene.n_characters == 1 else ("several_characters",) if scene.n_characters else ("nobody",)
    return replace(sample, trouble=trouble), scene


def _sample(key: str, scene: Scene, rng: np.random.Generator) -> Sample:
    extension = str(rng.choice([".png", ".jpg", ".webp"], p=(0.4, 0.45, 0.15)))
    one = scene.n_characters == 1
    return Sample(
        key=key,
        extension=extension,
        content=spoiling.encoded(scene.pixels, extension),
        tags=scene.tags,
        n_characters=scene.n_characters,
        identity=scene.identities[0] if one else None,
        attributes=scene.attributes[0] if one else {},
    )


def _near_copy(original: Sample, pictures: dict[str, Scene], name: str) -> Sample:
    changed = NEAR_COPIES[name](pictures[original.key].pixels)
    content = spoiling.encoded(changed, ".jpg")
    return replace(
        original,
        key=f"near-{name}",
        extension=".jpg",
        content=content,
        copy_of=original.key,
        trouble=("near_duplicate",),
    )


def _with_wild_tags(sketches: list[Sample]) -> list[Sample]:
    """Conflicting hair tags on two records, noise on three, underscores on every second."""
    out = []
    for k, sample in enumerate(sketches):
        line = sample.tags.replace(", ", ",").replace(" ", "_").replace(",", ", ") if k % 2 else sample.tags
        trouble = sample.trouble
        if k in {3, 7}:
            line += ", blue hair, green hair, very long hair, bald"
            trouble += ("conflicting_tags",)
        if k in {5, 11, 25}:
            line += f", {_NOISE}"
            trouble += ("noise_tags",)
        out.append(replace(sample, tags=line, trouble=trouble))
    return out


_SPOILERS: dict[str, tuple[str, Callable[[Scene], bytes]]] = {
    "truncated": (".jpg", lambda scene: spoiling.truncated(scene.pixels)),
    "sixteen_bit": (".png", lambda scene: spoiling.sixteen_bit(scene.pixels)),
    "exif_rotated": (".jpg", lambda scene: spoiling.exif_rotated(scene.pixels)),
    "transparent": (".png", lambda scene: spoiling.transparent(scene.pixels, scene.owners)),
}


def _spoiled(base: int, rng: np.random.Generator) -> list[Sample]:
    """One record for each way a file can be difficult, and a bomb."""
    found = []
    for k, (trouble, (extension, spoil)) in enumerate(_SPOILERS.items()):
        scene = draw_portrait(sample_character(base + k), base + k, 384, framing="upper")
        sample = _sample(f"{trouble}-{base + k}", scene, rng)
        found.append(replace(sample, extension=extension, content=spoil(scene), trouble=(trouble,)))
    bomb = Sample(f"bomb-{base}", ".png", spoiling.bomb(), "1girl, solo", 0, trouble=("decompression_bomb",))
    return [*found, bomb]


def _truth(sample: Sample, container: str, path: str, **place: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    return {
        "container": container,
        "path": path,
        "member": place.get("member"),
        "row": place.get("row"),
        "key": sample.key,
        "n_characters": sample.n_characters,
        "identity": sample.identity,
        "attributes": sample.attributes,
        "trouble": list(sample.trouble),
        "copy_of": sample.copy_of,
    }


_SHELVES = ("portraits", "portraits/evening", "portraits/evening/sketchbook", "general/continued", "pages")


def _write_folder(folder: Path, samples: list[Sample]) -> list[dict[str, Any]]:
    """Nested folders; sidecars are ``.txt`` but for two ``.json`` and a ``.caption``; one file named as danbooru names them."""
    rows = []
    for k, sample in enumerate(samples):
        shelf = folder / _SHELVES[k % len(_SHELVES)]
        shelf.mkdir(parents=True, exist_ok=True)
        stem = f"danbooru_1380555_{md5(sample.content, usedforsecurity=False).hexdigest()}" if k == 3 else sample.key
        (shelf / f"{stem}{sample.extension}").write_bytes(sample.content)
        if k in {8, 17}:
            sidecar = json.dumps({"tags": sample.tags.split(", "), "rating": "general"})
            (shelf / f"{stem}.json").write_text(sidecar, encoding="utf-8")
        else:
            (shelf / f"{stem}{'.caption' if k == 12 else '.txt'}").write_text(sample.tags + "\n", encoding="utf-8")
        rows.append(_truth(sample, "folder", f"folder/{_SHELVES[k % len(_SHELVES)]}/{stem}{sample.extension}"))
    return rows


def _write_tar(path: Path, samples: list[Sample]) -> list[dict[str, Any]]:
    """WebDataset: members of one record share a key and follow each other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for k, sample in enumerate(samples):
            if k % 4 == 1:
                words = (".json", json.dumps({"tags": sample.tags, "id": sample.key}).encode())
            else:
                words = (".txt", sample.tags.encode())
            for extension, content in ((sample.extension, sample.content), words):
                member = tarfile.TarInfo(f"{sample.key}{extension}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
            rows.append(_truth(sample, "shards", f"shards/{path.name}", member=f"{sample.key}{sample.extension}"))
    return rows


def _write_table(path: Path, samples: list[Sample]) -> list[dict[str, Any]]:
    """A table as Hugging Face datasets write it: ``image`` is a struct of bytes and path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    images = [{"bytes": s.content, "path": f"{s.key}{s.extension}"} for s in samples]
    table = pa.table(
        {
            "image": pa.array(images, pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
            "tags": pa.array([s.tags for s in samples], pa.string()),
            "rating": pa.array(["general"] * len(samples), pa.string()),
        }
    )
    pq.write_table(table, path)
    return [_truth(sample, "tables", f"tables/{path.name}", row=k) for k, sample in enumerate(samples)]
