"""LightGBM from two datasets to an ONNX file that says the same."""

import pathlib

import lightgbm
import numpy as np
import onnx
import onnxruntime

import tree_onnx

TREES_MAX, STOP_AFTER = 200, 25
APART_MAX = 1e-6
PARAMETERS = {
    "objective": "binary",
    "num_leaves": 31,
    "learning_rate": 0.04,
    "min_data_in_leaf": 120,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "max_bin": 127,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}


class Boosted:
    """Stopped early on the second dataset; what it says is what the shipped file says."""

    def __init__(self, parameters: dict, learn: lightgbm.Dataset, check: lightgbm.Dataset, width: int, path: pathlib.Path):
        stop = lightgbm.early_stopping(STOP_AFTER, verbose=False)
        self.booster = lightgbm.train(parameters, learn, TREES_MAX, valid_sets=[check], callbacks=[stop])
        self.trees = self.booster.best_iteration or self.booster.num_trees()
        path.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(tree_onnx.to_onnx(self.booster.dump_model(num_iteration=self.trees), width), path)
        self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def __call__(self, values: np.ndarray) -> np.ndarray:
        return self.session.run([tree_onnx.OUTPUT], {tree_onnx.INPUT: values})[0][:, 0].astype(np.float64)

    def apart(self, values: np.ndarray) -> float:
        """Greatest difference of the file from LightGBM itself."""
        found = float(np.abs(self(values) - self.booster.predict(values.astype(np.float64), num_iteration=self.trees)).max())
        if found > APART_MAX:
            raise ValueError(f"ONNX and LightGBM are {found} apart")
        return found


def tensors(width: int) -> dict:
    """What a manifest says of the file's inputs and outputs."""
    return {
        "inputs": [{"name": tree_onnx.INPUT, "dtype": "float32", "shape": ["batch", width]}],
        "outputs": [{"name": tree_onnx.OUTPUT, "dtype": "float32", "shape": ["batch", 1]}],
    }
