"""The tree writer says what LightGBM says."""

import lightgbm
import numpy as np
import onnxruntime
import pytest

import tree_onnx


def small_model(features: int, missing: bool = False):
    random = np.random.default_rng(7)
    values = random.normal(size=(3_000, features)).astype(np.float32)
    # Many equal values: thresholds then lie right beside them.
    values[:, 1] = np.round(values[:, 1])
    values[:, 2] = np.round(values[:, 2] * 10) / np.float32(10)
    if missing:
        values[::5, 0] = np.nan
    up = values[:, 1] + np.nan_to_num(values[:, 0]) * values[:, 2] + random.normal(size=len(values)) > 0
    parameters = {"objective": "binary", "num_leaves": 31, "verbose": -1, "num_threads": 1, "seed": 7}
    return lightgbm.train(parameters, lightgbm.Dataset(values.astype(np.float64), up), 60), values


def test_probabilities_are_lightgbms_within_a_millionth():
    booster, values = small_model(8)
    model = tree_onnx.to_onnx(booster.dump_model(), 8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    said = session.run([tree_onnx.OUTPUT], {tree_onnx.INPUT: values})[0]
    assert said.shape == (len(values), 1)
    assert np.abs(said[:, 0] - booster.predict(values.astype(np.float64))).max() < 1e-6


def test_a_stopped_model_ships_only_its_best_trees():
    booster, values = small_model(8)
    model = tree_onnx.to_onnx(booster.dump_model(num_iteration=20), 8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    said = session.run([tree_onnx.OUTPUT], {tree_onnx.INPUT: values[:200]})[0][:, 0]
    assert np.abs(said - booster.predict(values[:200].astype(np.float64), num_iteration=20)).max() < 1e-6


@pytest.mark.parametrize("threshold", [0.1, -0.1, 1.0, 1e-30, 3.3333333333, -7.7])
def test_threshold_is_rounded_down_and_no_further(threshold):
    rounded = np.float32(tree_onnx.round_down(threshold))
    assert float(rounded) <= threshold < float(np.nextafter(rounded, np.float32(np.inf)))


def test_missing_values_go_where_training_sent_them():
    booster, values = small_model(8, missing=True)
    model = tree_onnx.to_onnx(booster.dump_model(), 8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    said = session.run([tree_onnx.OUTPUT], {tree_onnx.INPUT: values})[0][:, 0]
    assert np.isnan(values[:, 0]).any()
    assert np.abs(said - booster.predict(values.astype(np.float64))).max() < 1e-6


def test_other_splits_are_refused():
    booster, _ = small_model(8)
    dump = booster.dump_model()
    dump["tree_info"][0]["tree_structure"]["decision_type"] = "=="
    with pytest.raises(ValueError, match="unsupported split"):
        tree_onnx.to_onnx(dump, 8)
