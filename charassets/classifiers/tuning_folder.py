"""What a fine-tuning keeps beside its run until it is done, so that a run broken off goes on with the very same division.

What belongs here: ``division.parquet`` (which picture is learnt from, chosen by, measured on), ``tuning/frames.npy`` (the pictures
as the network wants them, read by every process without copying), the probe and the checkpoints. Not here: learning from them.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.lib.format import open_memmap

from charassets.classifiers.examples import Examples
from charassets.classifiers.fits import Fitted
from charassets.errors import Rejected, VerificationError
from charassets.images.decode import decode
from charassets.lake.fragments import Lake
from charassets.models.clip import Framing
from charassets.models.picture_networks import Frames
from charassets.models.tuned import header, looked_at
from charassets.schema import SINGLE_CHARACTER_IMAGES
from charassets.settings import ImageSettings

_CROP_LIMITS = ImageSettings(min_side=1, max_aspect=1e6)
_CROPS = ["record_id", "crop", "head_box"]
_BATCH = 256


@dataclass(frozen=True)
class TuningFolder:
    """The folder of a run, as fine-tuning uses it."""

    run: Path

    @property
    def _own(self) -> Path:
        return self.run / "tuning"

    @property
    def checkpoints(self) -> Path:
        """Where the Trainer writes."""
        return self._own / "checkpoints"

    @property
    def probe(self) -> Path:
        """The linear probe, a safetensors file; written once."""
        return self._own / "probe.safetensors"

    def keep_probe(self, fitted: Fitted) -> None:
        """Write the probe down."""
        from safetensors.numpy import save

        words = {"fitted": json.dumps({"best": fitted.best, "curve": fitted.curve})}
        content = save({name: np.ascontiguousarray(tensor) for name, tensor in fitted.tensors.items()}, words)
        (self._own / "probe.tmp").write_bytes(content)
        (self._own / "probe.tmp").replace(self.probe)

    def fitted_probe(self) -> Fitted:
        """The probe that was written down."""
        from safetensors.numpy import load

        content = self.probe.read_bytes()
        facts = json.loads(header(content)["fitted"])
        return Fitted(load(content), facts["best"], facts["curve"])

    def examples(self) -> Examples | None:
        """The division; None where it was not written yet."""
        path = self.run / "division.parquet"
        if not path.is_file():
            return None
        table = pq.read_table(path)
        facts = json.loads((table.schema.metadata or {})[b"division"])
        numbers = {name: table[name].to_numpy() for name in ("label", "part", "group")}
        return Examples(
            record_ids=tuple(table["record_id"].to_pylist()),
            labels=numbers["label"],
            values=tuple(facts["values"]),
            parts=numbers["part"],
            groups=numbers["group"],
            characters=tuple(table["character"].to_pylist()),
            left_out=facts["left_out"],
        )

    def keep(self, examples: Examples) -> None:
        """Write the division down."""
        columns = {
            "record_id": pa.array(examples.record_ids, pa.string()),
            "label": pa.array(examples.labels, pa.int64()),
            "part": pa.array(examples.parts, pa.int64()),
            "group": pa.array(examples.groups, pa.int64()),
            "character": pa.array(examples.characters, pa.string()),
        }
        facts = json.dumps({"values": examples.values, "left_out": examples.left_out})
        table = pa.table(columns).replace_schema_metadata({"division": facts})
        temporary = self.run / ".division.tmp"
        pq.write_table(table, temporary)
        temporary.replace(self.run / "division.parquet")

    def frame(self, lake: Lake, examples: Examples, framing: Framing, look: str) -> None:
        """Write the pictures as the network wants them; nothing to do where that was done."""
        if self._frames.is_file():
            return
        self._own.mkdir(exist_ok=True)
        write_frames(lake, examples.record_ids, framing, look, self._own / "frames.tmp")
        (self._own / "frames.tmp").replace(self._frames)

    def frames(self) -> Frames:
        """(n, side, side, 3) uint8 in order of the division, mapped and not read."""
        return np.load(self._frames, mmap_mode="r", allow_pickle=False)

    def last_checkpoint(self) -> Path | None:
        """The last whole one; what a killed process left half-written is taken away."""
        found = sorted(self.checkpoints.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
        while found:
            last = found.pop()
            if _is_whole(last):
                return last
            shutil.rmtree(last)
        return None

    def done(self) -> None:
        """Take everything away that only a run in progress needs."""
        shutil.rmtree(self._own, ignore_errors=True)

    @property
    def _frames(self) -> Path:
        return self._own / "frames.npy"


def write_frames(lake: Lake, record_ids: tuple[str, ...], framing: Framing, look: str, path: Path) -> None:
    """The crops of some records as ``(n, side, side, 3)`` uint8 in a file of numpy's, batch by batch.

    Raises:
        VerificationError: a crop is not there or cannot be decoded.
    """
    place = {record: k for k, record in enumerate(record_ids)}
    wanted = pa.array(record_ids, pa.string())
    shape = (len(record_ids), framing.side, framing.side, 3)
    out = open_memmap(path, "w+", np.uint8, shape)
    seen = np.zeros(len(record_ids), np.bool_)
    for fragment in lake.fragments(SINGLE_CHARACTER_IMAGES.name):
        for batch in fragment.batches(_CROPS, _BATCH):
            rows = batch.filter(pc.is_in(batch["record_id"], value_set=wanted))  # pyright: ignore[reportAttributeAccessIssue]
            for row in rows.to_pylist():
                at = place[row["record_id"]]
                out[at] = framing.frame(looked_at(_pixels(row["record_id"], row["crop"]), row["head_box"], look))
                seen[at] = True
    if not seen.all():
        missing = record_ids[int(np.flatnonzero(~seen)[0])]
        raise VerificationError("a labelled picture has no crop any more", where=missing, todo="run the pipeline again")
    out.flush()


def _pixels(record: str, crop: bytes | None) -> Frames:
    try:
        return decode(crop or b"", _CROP_LIMITS).pixels
    except Rejected as refusal:
        raise VerificationError(
            f"a crop cannot be decoded: {refusal.detail or refusal.code}", where=record, todo="run the pipeline again"
        ) from None


def _is_whole(checkpoint: Path) -> bool:
    """Whether the Trainer came to its end: the state is what it writes last."""
    try:
        json.loads((checkpoint / "trainer_state.json").read_bytes())
    except (OSError, ValueError):
        return False
    return True
