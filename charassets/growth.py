"""The gallery learns from use: confirmed and corrected names become references; an older version can be put back.

What belongs here: what people's word does to the gallery, and how right it was before and is. Not here: other sources of references
(``charassets.enrolment``), galleries themselves (``charassets.identity``).
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from charassets.curation import Edit, EditLog, live
from charassets.curation.operations import NOBODY
from charassets.enrolment import from_records, in_force
from charassets.errors import UsageError
from charassets.identity import references as kept
from charassets.identity import shelf
from charassets.identity.gallery import Gallery, made
from charassets.identity.recognition import Recogniser, Shown
from charassets.identity.references import REFERENCES
from charassets.identity.shelf import Shelved
from charassets.lake.fragments import Lake
from charassets.settings import Settings

CONFIRMED, CORRECTED = "confirmed", "corrected"

_FEW = 4  # held-out pictures below which a share of right names means nothing


@dataclass(frozen=True)
class Grown:
    """What confirmed and corrected names did to the gallery.

    Attributes:
        shelved: the gallery in force; None where there is none.
        changed: a new version was made.
        added: references that are new.
        removed: references whose edit was undone.
        before: share of the new pictures that the gallery named rightly without them; None where they are too few.
        after: the same with one half of them, asked about the other half, both ways round.
        left_out: confirmed pictures that another embedder embedded than the gallery's references.
    """

    shelved: Shelved | None
    changed: bool
    added: int = 0
    removed: int = 0
    before: float | None = None
    after: float | None = None
    left_out: int = 0


def grow(lake: Lake, settings: Settings, log: EditLog) -> Grown:
    """Make references of the pictures whose character people confirmed or corrected, and let go of those they took back.

    A new version is made only if something changed. How right it was before and is now is measured on the new pictures
    themselves, each asked about by a gallery that does not hold it. Pictures that another embedder embedded than its references
    are left out and counted.
    """
    shelved = shelf.current(lake.store)
    passed = shelved.passed_over if shelved else frozenset()
    told = {record: said for record, said in _told(log).items() if said[2].id not in passed}
    old = shelved.gallery.references if shelved else REFERENCES.empty_table()
    learnt = [how in (CONFIRMED, CORRECTED) for how in old["how"].to_pylist()]
    names = dict(zip(old["record_id"].to_pylist(), old["name"].to_pylist(), strict=True))
    was = {r: names[r] for r, is_learnt in zip(old["record_id"].to_pylist(), learnt, strict=True) if is_learnt}
    wanted = {record: "" if name == NOBODY else name for record, (name, _, _) in told.items()}
    new = {record: name for record, name in wanted.items() if was.get(record) != name}
    gone = {record for record, name in was.items() if wanted.get(record) != name}
    rows, model = from_records(lake, settings, new, {record: told[record][1] for record in new})
    left_out = 0
    if shelved is not None and model != shelved.gallery.model:
        left_out, rows = rows.num_rows, rows.slice(0, 0)
    if not rows.num_rows and not gone:
        return Grown(shelved, False, left_out=left_out)
    again = gone | set(rows["record_id"].to_pylist())
    stay = old.filter(pa.array([record not in again for record in old["record_id"].to_pylist()], pa.bool_()))
    together = pa.concat_tables([stay, rows])
    if not any(together["name"].to_pylist()):
        return Grown(shelved, False, left_out=left_out)
    model = shelved.gallery.model if shelved else model
    before, after = _measured(shelved.gallery if shelved else None, stay, rows, model, settings)
    figures = {"before": before, "after": after, "added": rows.num_rows, "removed": len(gone)}
    why = f"people's word: {rows.num_rows} references added, {len(gone)} taken back"
    put = shelf.put(lake.store, made(together, model, settings.identity), why, figures, passed)
    return Grown(put, True, rows.num_rows, len(gone), before, after, left_out)


def rollback(lake: Lake, log: EditLog, digest: str | None) -> Shelved:
    """Put a version in force again, by default the one before.

    What people confirmed since is passed over from now on, until a later version is put back: it would otherwise return with
    the next run.

    Raises:
        UsageError: there is no such version.
    """
    versions = shelf.versions(lake.store)
    in_force(lake)
    now = versions[-1].digest
    before = [version.digest for version in versions if version.digest != now]
    if digest is None and not before:
        raise UsageError("there is no version before this one", where="gallery", todo="nothing was changed")
    chosen = digest or before[-1]
    target = shelf.put_back(lake.store, chosen, frozenset(), f"put back {chosen[:12]} instead of {now[:12]}")
    held = {cell for cell in target.gallery.references["record_id"].to_pylist() if cell}
    standing = _told(log)
    passed = frozenset(edit.id for record, (_, _, edit) in standing.items() if record not in held)
    return shelf.put(lake.store, target.gallery, str(target.notes["why"]), passed_over=passed) if passed else target


def _told(log: EditLog) -> dict[str, tuple[str, str, Edit]]:
    """Record to the last name that stands, how it was said, and in which edit."""
    found: dict[str, tuple[str, str, Edit]] = {}
    for edit in live(log.edits()):
        if edit.op in ("identity.confirm", "identity.correct"):
            how = CONFIRMED if edit.op == "identity.confirm" else CORRECTED
            found |= {record: (edit.args["name"], how, edit) for record in edit.args["record_ids"]}
    return found


def _measured(
    old: Gallery | None, stay: pa.Table, new: pa.Table, model: str, settings: Settings
) -> tuple[float | None, float | None]:
    """Share of the new pictures named rightly before, and with one half of them asked about the other."""
    named = new.filter(pc.field("name") != "")
    if old is None or named.num_rows < _FEW:
        return None, None
    places = np.arange(named.num_rows)
    right = 0.0
    for half in (0, 1):
        taught = pa.concat_tables([stay, named.take(pa.array(places[places % 2 == half]))])
        held = named.take(pa.array(places[places % 2 != half]))
        right += _right(made(taught, model, settings.identity), held, settings)
    return _right(old, named, settings) / named.num_rows, right / named.num_rows


def _right(gallery: Gallery, pictures: pa.Table, settings: Settings) -> int:
    dim = gallery.dim
    figure, head = (kept.vectors(pictures, column, dim) for column in ("figure", "head"))
    shown = Shown(figure, head, kept.answers(pictures), [None] * len(figure))
    found = Recogniser(gallery, settings.identity).identify(shown)
    return sum(one.name == name for one, name in zip(found, pictures["name"].to_pylist(), strict=True))
