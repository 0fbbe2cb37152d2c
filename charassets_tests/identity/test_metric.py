import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from charassets.errors import ModelMissingError
from charassets.identity.metric import DifferenceHead, cosine


def _head(path):
    """The shape of CCIP's: (n, d) features to (n, n) differences; here one minus the cosine."""
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0]),
        helper.make_node("MatMul", ["x", "t"], ["s"]),
        helper.make_node("Sub", ["one", "s"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "difference",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "m"])],
        [helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def test_a_difference_head_is_asked_about_each_picture_and_its_references(tmp_path):
    _head(tmp_path / "model_metrics.onnx")
    rng = np.random.default_rng(0)
    query, others = rng.normal(size=(3, 8)).astype(np.float32), rng.normal(size=(3, 5, 8)).astype(np.float32)
    found = DifferenceHead(tmp_path / "model_metrics.onnx")(query, others)
    np.testing.assert_allclose(found, cosine(query, others), atol=1e-5)


def test_a_file_that_is_no_model_is_refused(tmp_path):
    (tmp_path / "m.onnx").write_bytes(b"nothing")
    with pytest.raises(ModelMissingError):
        DifferenceHead(tmp_path / "m.onnx")
