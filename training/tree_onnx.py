"""LightGBM trees as an ONNX TreeEnsembleRegressor with a Sigmoid behind it: P(class 1), as LightGBM computes it."""

import numpy as np
import onnx
from onnx import TensorProto, helper

from onnx_graph import IR_VERSION, OPSET

ML_OPSET = 3
INPUT, OUTPUT = "features", "probability"


def round_down(threshold: float) -> float:
    """The greatest float32 not above `threshold`: for a float32 x, x <= threshold and x <= the result say the same."""
    rounded = np.float32(threshold)
    if float(rounded) > threshold:
        rounded = np.nextafter(rounded, np.float32(-np.inf), dtype=np.float32)
    return float(rounded)


class _Nodes:
    def __init__(self) -> None:
        self.columns: dict[str, list] = {
            name: []
            for name in (
                "treeids nodeids featureids values modes truenodeids falsenodeids hitrates missing_value_tracks_true"
            ).split()
        }
        self.leaves: dict[str, list] = {name: [] for name in "treeids nodeids ids weights".split()}
        self._next = 0

    def add_tree(self, tree: int, root: dict) -> None:
        self._next = 0
        self._add(tree, root)

    def _add(self, tree: int, node: dict) -> int:
        number = self._next
        self._next += 1
        place = len(self.columns["nodeids"])
        is_leaf = "leaf_value" in node
        if not is_leaf and (node["decision_type"] != "<=" or node["missing_type"] not in ("None", "NaN")):
            raise ValueError(f"unsupported split {node['decision_type']} with missing {node['missing_type']}")
        for name, value in {
            "treeids": tree,
            "nodeids": number,
            "featureids": 0 if is_leaf else node["split_feature"],
            "values": 0.0 if is_leaf else round_down(node["threshold"]),
            "modes": "LEAF" if is_leaf else "BRANCH_LEQ",
            "truenodeids": 0,
            "falsenodeids": 0,
            "hitrates": 1.0,
            "missing_value_tracks_true": 0 if is_leaf else int(node["missing_type"] == "NaN" and node["default_left"]),
        }.items():
            self.columns[name].append(value)
        if is_leaf:
            for name, value in {"treeids": tree, "nodeids": number, "ids": 0, "weights": node["leaf_value"]}.items():
                self.leaves[name].append(value)
        else:
            self.columns["truenodeids"][place] = self._add(tree, node["left_child"])
            self.columns["falsenodeids"][place] = self._add(tree, node["right_child"])
        return number


def to_onnx(dump: dict, features: int) -> onnx.ModelProto:
    """`dump` is Booster.dump_model() of a binary classifier; a missing value goes where training sent it. Categorical splits, and zeros that stand
    for missing values, are refused."""
    nodes = _Nodes()
    for index, tree in enumerate(dump["tree_info"]):
        nodes.add_tree(index, tree["tree_structure"])
    node = helper.make_node(
        "TreeEnsembleRegressor",
        [INPUT],
        ["log_odds"],
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function="SUM",
        post_transform="NONE",
        **{f"nodes_{name}": column for name, column in nodes.columns.items()},
        **{f"target_{name}": column for name, column in nodes.leaves.items()},
    )
    graph = helper.make_graph(
        # Regressors ignore LOGISTIC as a post transform in onnxruntime, hence a node of its own.
        [node, helper.make_node("Sigmoid", ["log_odds"], [OUTPUT])],
        "lightgbm",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["batch", features])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", 1])],
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)],
        producer_name="fusewire-training",
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(model)
    return model
