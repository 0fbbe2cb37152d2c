import pyarrow as pa
import pytest

from charassets.attributes.fusion import FusionModel, fuse_table
from charassets.attributes.pooling import pooled
from charassets.attributes.vocabulary import load
from charassets.schema import VISUAL_EVIDENCE
from charassets.settings import AttributeSettings


def evidence(*rows):
    names = ("record_id", "attribute", "value", "score", "source", "detail")
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], schema=VISUAL_EVIDENCE.arrow)


def test_the_mean_is_over_the_pictures_in_which_the_source_speaks():
    rows = evidence(
        ("a", "Hair Color", "Red", 0.9, "head", "clear"),
        ("b", "Hair Color", "Red", 0.7, "head", "less so"),
        ("c", "Hair Color", "Blue", 0.8, "head", "another"),
        ("c", "Eye Color", "Green", 0.6, "head", "eyes"),
        ("d", "Hair Color", "Red", 0.5, "colour", "pixels"),
        ("e", "Hair Color", "Red", 1.0, "head", "of another track"),
    )
    found = pooled(rows, pa.array(["t"] * 5 + ["u"])).to_pylist()
    told = {
        (r["record_id"], r["attribute"], r["value"], r["source"]): (round(r["score"], 4), r["detail"]) for r in found
    }
    assert told == {
        ("t", "Hair Color", "Red", "head"): (round(1.6 / 3, 4), "clear"),
        ("t", "Hair Color", "Blue", "head"): (round(0.8 / 3, 4), "another"),
        ("t", "Eye Color", "Green", "head"): (0.6, "eyes"),
        ("t", "Hair Color", "Red", "colour"): (0.5, "pixels"),
        ("u", "Hair Color", "Red", "head"): (1.0, "of another track"),
    }


@pytest.mark.parametrize("times", [1, 7])
def test_copies_of_a_frame_are_believed_no_more_than_the_frame(times):
    one = ("Hair Color", "Red", 0.8, "head", "seen")
    rows = evidence(*((f"frame{k}", *one) for k in range(times)))
    fused = fuse_table(pooled(rows, pa.array(["t"] * times)), ["t"], AttributeSettings(), load(), FusionModel())
    alone = fuse_table(evidence(("t", *one)), ["t"], AttributeSettings(), load(), FusionModel())
    assert fused.equals(alone)


def test_nothing_said_is_nothing_pooled():
    assert pooled(evidence(), pa.array([], pa.string())).num_rows == 0
