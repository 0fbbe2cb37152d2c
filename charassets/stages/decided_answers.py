"""The decided answers on some attributes, read in portions that are worth a look-up.

What belongs here: the reading. Not here: what is made of the answers (``known_traits``, ``cluster_consensus``).
"""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from charassets.similarity.batches import among, gathered, spelled
from charassets.stages.contract import Collection

_READ_AT_ONCE = 65_536
_DECIDED = pa.array(["decided"])
_LOOKED_UP_AT_ONCE = 1 << 20  # answers, of which a look-up of their records reads the names of all


def decided_answers(answers: Collection, columns: Sequence[str], attributes: Sequence[str]) -> Iterator[pa.Table]:
    """Rows of ``character_attributes``, or of ``merged_attributes``, a million at a time; records are numbers into dictionaries.

    Args:
        answers: the table.
        columns: those that are wanted, ``attribute`` and ``status`` among them.
        attributes: what the answers are about.
    """
    wanted = pa.array(attributes, pa.string())

    def told(batch: pa.Table) -> pa.Table:
        found = pc.and_(among(batch["status"], _DECIDED), among(batch["attribute"], wanted))  # pyright: ignore[reportAttributeAccessIssue]
        return spelled(batch.filter(found), but=("record_id",))

    return gathered(map(told, answers.coded(columns, _READ_AT_ONCE)), _LOOKED_UP_AT_ONCE)


def decided(answers: pa.Table, attributes: Sequence[str]) -> pa.Table:
    """Those of some answers that are decided and about one of the attributes."""
    wanted = pa.array(attributes, pa.string())
    about = pc.is_in(answers["attribute"], value_set=wanted)  # pyright: ignore[reportAttributeAccessIssue]
    return answers.filter(pc.and_(pc.equal(answers["status"], "decided"), about))  # pyright: ignore[reportAttributeAccessIssue]
