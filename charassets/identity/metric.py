"""How alike two vectors are: by cosine, or as a learnt difference head sees it.

What belongs here: the measures. Not here: whose vectors they are, and which are compared.

References:
    The difference head is that of CCIP (deepghs): ``model_metrics.onnx`` takes (n, d) features of n pictures and answers their
    (n, n) differences, 0 for one character; candidates are found by cosine and only these are shown to the head.
"""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from charassets.errors import ModelMissingError


class Metric(Protocol):
    """Likeness of a picture and some references."""

    def __call__(self, query: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
        """Likeness, 1 for one and the same, of n pictures (n, d) and j references of each (n, j, d); shape (n, j)."""
        ...


def cosine(query: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """The inner product of unit vectors."""
    return np.einsum("nd,njd->nj", query, others)


class DifferenceHead:
    """A learnt difference, run by onnxruntime.

    Args:
        path: the ONNX file: one input (n, d) float32, one output (n, n) float32.

    Raises:
        ModelMissingError: the file is not there, cannot be read, or is not of this shape.
    """

    def __init__(self, path: Path) -> None:
        try:
            import onnxruntime
        except ImportError:
            raise ModelMissingError(
                "onnxruntime is not installed", where=str(path), todo="pip install 'charassets[onnx]'"
            ) from None
        try:
            self._session: Any = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises classes of its own, without a common base
            problem = " ".join(str(error).split())[:160]
            raise ModelMissingError(
                f"the difference head cannot be opened: {problem}", where=str(path), todo="restore it, or use cosine"
            ) from error
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if [len(i.shape) for i in inputs] != [2] or [len(o.shape) for o in outputs] != [2]:
            raise ModelMissingError(
                "the difference head does not map (n, d) to (n, n)",
                where=str(path),
                todo="name another identity.metric",
            )
        self._input = inputs[0].name

    def __call__(self, query: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
        """One minus the difference; a picture and its references are shown together."""
        likeness = np.empty(others.shape[:2], np.float32)
        for row, (one, many) in enumerate(zip(query, others, strict=True)):
            shown = np.concatenate([one[None], many]).astype(np.float32)
            (difference,) = self._session.run(None, {self._input: shown})
            likeness[row] = 1 - np.asarray(difference, np.float32)[0, 1:]
        return likeness
