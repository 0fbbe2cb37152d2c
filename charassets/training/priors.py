"""How common the values of an attribute are where people draw, which is not how often the studio draws them.

What belongs here: shares of values that nobody on this project chose, and the shift of answers that follows. Not here: training.
The studio draws every hair colour and length about equally often, so that each is learnt; a network that has only seen those
takes a crop that shows little for bald as readily as for long-haired. Bayes' rule puts that right: answers are multiplied by how
much commoner a value is in the world than it was in training (Saerens et al., 2002).
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from charassets.models.heads import NOT_VISIBLE, HeadQuestion

# Posts in thousands that Danbooru tags so (public tag counts, 2025). Only attributes that nearly every post is tagged with: how
# many glasses or beards are left untagged nobody knows.
_POSTS: Mapping[str, Mapping[str, float]] = {
    "Hair Length": {"Bald": 16, "Very Short": 21, "Short": 2262, "Medium": 377, "Long": 4351, "Very Long": 973},
    "Hair Color": {
        "Black": 1505, "Brown": 1487, "Blonde": 1538, "Red": 520, "Orange": 238, "Pink": 691, "Purple": 646, "Blue": 856,
        "Aqua": 120, "Green": 417, "White": 703, "Grey": 681, "Multicolor": 690,
    },
}  # fmt: skip
_FAITH = 0.75  # in those shares: other places draw other people, and tags are forgotten


def shift(question: HeadQuestion, trained: NDArray[np.float64]) -> NDArray[np.float32]:
    """What to add to the logarithms of a question's answers.

    Args:
        question: whose options.
        trained: (options,) share of each option in what was learnt, class weights included.

    Returns:
        (options,) float32; zeros where nothing is known, and for "cannot be seen".
    """
    moved = np.zeros(len(question.options), np.float32)
    posts = _POSTS.get(question.name)
    if posts is None:
        return moved
    known = [k for k, option in enumerate(question.options) if option != NOT_VISIBLE]
    world = np.array([posts[question.options[k]] for k in known])
    here = np.maximum(trained[known], 1e-6)
    # Both over the same options, so that "cannot be seen" stays as likely as the picture makes it.
    moved[known] = _FAITH * (np.log(world / world.sum()) - np.log(here / here.sum()))
    return moved
