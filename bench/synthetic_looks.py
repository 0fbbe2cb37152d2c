"""Close looks at synthetic pictures, which have no pixels: the truth of the generator answers.

What belongs here: the answers. Not here: what a close look at real previews costs (``scale_sample`` times it a pair).
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.settings import Settings
from charassets.similarity.candidates import Pairs
from charassets.similarity.looked import DETAILS, IS_DIFFERENT, IS_DUPLICATE, Look, Looked
from charassets.similarity.places import Places
from charassets.stages.contract import Collection
from charassets.stages.near_duplicates import NearDuplicates
from charassets.stages.picture_facts import PictureFacts
from charassets.studio.load import records

_SMALL = 64  # dimensions: the vectors are not needed here


class FedDuplicates(NearDuplicates):
    """The stage with answers from the truth: copies of one picture are duplicates, all other pairs are different.

    Args:
        settings: the settings.
        n: records of the synthetic collection.
    """

    def __init__(self, settings: Settings, n: int) -> None:
        super().__init__(settings)
        self._contents, self._picture = _truth(n)
        self.asked = 0
        """Pairs that would have been looked at."""

    def look_at(self, images: Collection, facts: PictureFacts) -> Look:
        """What answers about pairs that nobody looked at before."""

        def look(contents: pa.Array, pairs: Pairs, bits: NDArray[np.int32], mirrored: NDArray[np.int32]) -> Looked:
            self.asked += len(pairs)
            picture = self._picture[self._contents.of(contents)]
            same = picture[pairs[:, 0]] == picture[pairs[:, 1]]
            alike, n = int(same.sum()), len(DETAILS)
            line = (False, False, None, 20, 0.99, 0.0, 0.0, [0.0, 0.0, 1.0, 1.0])
            columns = [pa.array([line[i]] * alike, DETAILS[i].type) for i in range(n)]
            return Looked(np.where(same, IS_DUPLICATE, IS_DIFFERENT).astype(np.int8), pa.table(columns, schema=DETAILS))

        return look


def _truth(n: int) -> tuple[Places, NDArray[np.int64]]:
    """The contents of the collection, and the number of the picture that each shows."""
    told = pa.Table.from_batches(
        [batch.select(["record_id", "image_id", "copy_of"]) for batch in records(n, dim=_SMALL)]
    )
    shown = Places(told["record_id"]).of(told["copy_of"])
    shown = np.where(shown < 0, np.arange(n), shown)
    contents = told["image_id"].unique()
    picture = np.empty(len(contents), np.int64)
    picture[Places(contents).of(told["image_id"])] = shown
    return Places(contents), picture
