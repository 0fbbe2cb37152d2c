"""Taking reference pictures into the gallery, from folders and from records of the workspace, and taking characters out.

What belongs here: where references come from. Not here: galleries themselves (``charassets.identity``), what people confirmed and
going back (``charassets.growth``). Every change makes a new version; the ones before stay and can be put back.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from charassets.errors import SourceError, UsageError
from charassets.extraction import Extraction, extract
from charassets.identity import references as kept
from charassets.identity import shelf
from charassets.identity.gallery import made
from charassets.identity.listing import empty_folders, pictures_of, rows_of_table, words_beside
from charassets.identity.recognition import Shown
from charassets.identity.references import checked_name
from charassets.identity.shelf import Shelved
from charassets.identity.traits import to_mapping
from charassets.lake.fragments import Lake
from charassets.schema import CHARACTER_ATTRIBUTES, CLIP_EMBEDDINGS, SINGLE_CHARACTER_IMAGES
from charassets.settings import Settings
from charassets.stages.character_identities import CharacterIdentities
from charassets.stages.contract import Batch, Reads


@dataclass(frozen=True)
class Taken:
    """What became of an addition.

    Attributes:
        shelved: the gallery now in force.
        added: reference pictures taken in.
        refused: pictures that could not be used, with the reason.
    """

    shelved: Shelved
    added: int
    refused: tuple[str, ...]


def add_folder(lake: Lake, settings: Settings, folder: Path, *, anew: bool = False) -> Taken:
    """Take in a folder: a folder below it is a character; a picture directly in it is one by its own name.

    Args:
        lake: the lake.
        settings: bounds and models.
        folder: the folder.
        anew: the gallery in force is left aside; it stays a version.

    Raises:
        UsageError: the folder is not there.
        SourceError: it holds no picture that can be used.
    """
    if not folder.is_dir():
        raise UsageError("the folder is not there", where=str(folder), todo="name a folder of folders, one a character")
    bare = [f"{name}: no picture in this folder" for name in empty_folders(folder)]
    return _add_files(lake, settings, folder, pictures_of(folder), "folder", anew, bare)


def add_table(lake: Lake, settings: Settings, table: Path, *, anew: bool = False) -> Taken:
    """Take in the pictures that a .csv or .parquet names: columns ``name`` and ``path``, paths beside the table unless absolute.

    Raises:
        UsageError: the table cannot be read.
        SourceError: it names no picture that can be used.
    """
    return _add_files(lake, settings, table.parent, rows_of_table(table), "table", anew)


def _add_files(
    lake: Lake,
    settings: Settings,
    root: Path,
    listed: Iterable[tuple[str, Path]],
    how: str,
    anew: bool,
    bare: Sequence[str] = (),
) -> Taken:
    rows: list[dict[str, Any]] = []
    refused = list(bare)
    models: set[str] = set()
    for name, path in listed:
        try:
            found = extract(path.read_bytes(), words_beside(path), settings)
        except OSError as error:
            refused.append(f"{path.name}: {error.strerror}")
            continue
        if found.embedding is None or found.embedder is None:
            refused.append(f"{path.name}: {found.verdict}, {found.reason}")
            continue
        models.add(found.embedder)
        origin = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
        rows.append(_row(found, settings, checked_name(name), origin, how))
    if not rows:
        raise SourceError("no picture could be used", where=str(root), todo=refused[0] if refused else "add some")
    return _taken(lake, settings, kept.rows(rows), models.pop(), f"added {root.name}", refused, anew)


def add_picture(lake: Lake, settings: Settings, found: Extraction, name: str, origin: str) -> Taken:
    """Take in one picture that was extracted.

    Raises:
        UsageError: no figure was found in it, or a name that cannot be one.
    """
    if found.embedding is None or found.embedder is None:
        raise UsageError(f"the picture cannot be a reference: {found.reason}", where=origin, todo="choose another")
    row = _row(found, settings, checked_name(name), origin, "folder")
    return _taken(lake, settings, kept.rows([row]), found.embedder, f"added a picture of {name}", (), False)


def add_records(lake: Lake, settings: Settings, names: Mapping[str, str], how: str, *, anew: bool = False) -> Taken:
    """Take in records of the workspace.

    Args:
        lake: the lake.
        settings: bounds and models.
        names: record to character.
        how: cluster, tags or table.
        anew: as for ``add_folder``.

    Raises:
        UsageError: none of the records was embedded.
    """
    rows, model = from_records(lake, settings, names, dict.fromkeys(names, how))
    if not rows.num_rows:
        raise UsageError("none of these records has an embedding", where="gallery", todo="`charassets run` comes first")
    return _taken(lake, settings, rows, model, f"added {len(names)} records by {how}", (), anew)


def replace_characters(lake: Lake, settings: Settings, names: Mapping[str, str], why: str) -> Taken:
    """Make the records the only references of their characters; other characters stay, unless another embedder embedded them.

    What a reference of another name shows of these very pictures goes too: a gallery that is to be measured must not hold what it
    is asked about under any name.

    Args:
        lake: the lake.
        settings: bounds and models.
        names: record to character.
        why: for the history.

    Raises:
        UsageError: none of the records was embedded.
    """
    rows, model = from_records(lake, settings, names, dict.fromkeys(names, "table"))
    if not rows.num_rows:
        raise UsageError("none of these records has an embedding", where="gallery", todo="`charassets run` comes first")
    shelved = shelf.current(lake.store)
    passed: frozenset[str] = frozenset()
    if shelved is not None and shelved.gallery.model == model:
        passed = shelved.passed_over
        old = shelved.gallery.references
        ours, pictures = (set(rows[column].drop_null().to_pylist()) for column in ("name", "image_id"))
        gone = [
            name in ours or image in pictures
            for name, image in zip(old["name"].to_pylist(), old["image_id"].to_pylist(), strict=True)
        ]
        rows = pa.concat_tables([old.filter(pa.array([not one for one in gone], pa.bool_())), rows])
    return Taken(shelf.put(lake.store, made(rows, model, settings.identity), why, passed_over=passed), len(names), ())


def remove(lake: Lake, settings: Settings, names: Sequence[str]) -> Shelved:
    """Take characters out.

    Raises:
        UsageError: one is not in the gallery, or nobody would be left.
    """
    shelved = in_force(lake)
    if absent := sorted(set(names) - set(shelved.gallery.names)):
        raise UsageError(
            f"{absent[0]!r} is not in the gallery", where="gallery", todo="`charassets gallery list` shows them"
        )
    rows = shelved.gallery.references
    left = rows.filter(~pc.field("name").isin(pa.array(list(names), pa.string())))
    if not any(left["name"].to_pylist()):
        raise UsageError(
            "nobody would be left", where="gallery", todo="`charassets gallery rollback`, or keep a character"
        )
    gallery = made(left, shelved.gallery.model, settings.identity)
    return shelf.put(lake.store, gallery, f"removed {', '.join(names)}", passed_over=shelved.passed_over)


def in_force(lake: Lake) -> Shelved:
    """The gallery in force.

    Raises:
        UsageError: there is none.
    """
    found = shelf.current(lake.store)
    if found is None:
        raise UsageError("there is no gallery yet", where="gallery", todo="`charassets gallery add FOLDER` makes one")
    return found


def from_records(
    lake: Lake, settings: Settings, names: Mapping[str, str], how: Mapping[str, str]
) -> tuple[pa.Table, str]:
    """References of records of the lake, shard by shard, and the embedder of their vectors."""
    stage = CharacterIdentities(settings)
    found: list[dict[str, Any]] = []
    models: set[str] = set()
    for batch in embedded(lake, stage.reads, names):
        shown, side = stage.shown(batch), batch.sides[SINGLE_CHARACTER_IMAGES.name]
        pictures = {row["record_id"]: row for row in side.to_pylist()}
        models.update(batch.records["model"].to_pylist())
        for i, (record, traits) in enumerate(zip(batch.record_ids, to_mapping(shown.answers), strict=True)):
            facts = {key: pictures[record][key] for key in ("image_id", "phash", "signatures", "preview")}
            head = shown.head[i]
            found.append(
                {
                    **facts,
                    "name": names[record] and checked_name(names[record]),
                    "origin": f"record {record}",
                    "how": how[record],
                    "record_id": record,
                    "figure": shown.figure[i].astype("<f2").tobytes(),
                    "head": head.astype("<f2").tobytes() if head.any() else None,
                    "traits": orjson.dumps(traits),
                }
            )
    if len(models) > 1:
        raise UsageError(
            "the records were embedded by different models", where="gallery", todo="`charassets run` first"
        )
    return kept.rows(found), next(iter(models), "")


def shown_of(found: Extraction, settings: Settings) -> Shown:
    """What is known of an extracted picture, for a recogniser; it has an embedding."""
    stage = CharacterIdentities(settings)
    return stage.shown(_batch_of(found, stage.reads))


def _row(found: Extraction, settings: Settings, name: str, origin: str, how: str) -> dict[str, Any]:
    shown = shown_of(found, settings)
    image = found.tables[SINGLE_CHARACTER_IMAGES.name].to_pylist()[0]
    return {
        **{key: image[key] for key in ("image_id", "phash", "signatures", "preview")},
        "name": name,
        "origin": origin,
        "how": how,
        "figure": shown.figure[0].astype("<f2").tobytes(),
        "head": shown.head[0].astype("<f2").tobytes() if shown.head[0].any() else None,
        "traits": orjson.dumps(to_mapping(shown.answers)[0]),
    }


def _batch_of(found: Extraction, reads: Mapping[str, Reads]) -> Batch:
    driver, *sides = reads
    tables = {name: found.tables[name].select(["record_id", *read.columns]) for name, read in reads.items()}
    return Batch(tables[driver], {name: tables[name] for name in sides})


def embedded(lake: Lake, reads: Mapping[str, Reads], names: Mapping[str, str]) -> Iterator[Batch]:
    """What a stage that reads so is handed of some records (the keys of ``names``), a batch a shard; others are passed over."""
    wanted = pa.array(list(names), pa.string())
    for shard in lake.shards(CLIP_EMBEDDINGS.name):
        pieces: dict[str, pa.Table] = {}
        for table, read in reads.items():
            fragment = lake.fragment(table, shard)
            if fragment is None:
                break
            columns = ["record_id", *read.columns]
            parts = [b.filter(pc.is_in(b["record_id"], value_set=wanted)) for b in fragment.batches(columns, 1024)]  # pyright: ignore[reportAttributeAccessIssue]
            pieces[table] = pa.concat_tables([p.select(columns) for p in parts]) if parts else pa.table({})
        driver = pieces.get(CLIP_EMBEDDINGS.name)
        if len(pieces) == len(reads) and driver is not None and driver.num_rows:
            yield Batch(driver, {t: pieces[t] for t in (SINGLE_CHARACTER_IMAGES.name, CHARACTER_ATTRIBUTES.name)})


def _taken(
    lake: Lake, settings: Settings, rows: pa.Table, model: str, why: str, refused: Iterable[str], anew: bool
) -> Taken:
    shelved = None if anew else shelf.current(lake.store)
    passed: frozenset[str] = frozenset()
    added = rows.num_rows
    if shelved is not None:
        if shelved.gallery.model != model:
            raise UsageError(
                f"the gallery was made with {shelved.gallery.model}, these pictures with {model}",
                where="gallery",
                todo="use the profile it was made with, or begin with --anew",
            )
        old, passed = shelved.gallery.references, shelved.passed_over
        known = set(zip(old["name"].to_pylist(), old["image_id"].to_pylist(), strict=True))
        pairs = zip(rows["name"].to_pylist(), rows["image_id"].to_pylist(), strict=True)
        rows = rows.filter(pa.array([pair not in known for pair in pairs], pa.bool_()))
        added = rows.num_rows
        rows = pa.concat_tables([old, rows])
    if shelved is not None and not added:
        return Taken(shelved, 0, tuple(refused))
    return Taken(
        shelf.put(lake.store, made(rows, model, settings.identity), why, passed_over=passed), added, tuple(refused)
    )
