"""Trains a LightGBM direction model on a table of any one feature set, and writes its artefact with the set's frozen constants.

fusewire features export BARS --set bars --out first.parquet
python feature_constants.py --table first.parquet --out fitted.constants.json
fusewire features export BARS --set bars --constants fitted.constants.json --out bars.parquet
python train_table.py --table bars.parquet --name direction-1m --horizon-s 60 --out DIR
"""

import argparse
import pathlib

import lightgbm
import numpy as np
import pandas as pd

import artefact
import boosting
import feature_constants
import metrics
import tree_onnx
from boosting import Boosted, tensors
from feature_constants import SetConstants
from platt import fit_platt, log_odds, sigmoid

VERSION = "1"
SEED = 20261121
CONSTANTS_REL_MAX = 1e-9
HEAD = {"timeUs", "timeNs", "price", "bid", "ask", "isWarm"}
LABELS = ("midMove", "forwardReturn", "tripleBarrier")
PARAMETERS = {**boosting.PARAMETERS, "num_leaves": 15, "seed": SEED}


def features_of(table: pd.DataFrame) -> list[str]:
    return [name for name in table.columns if name not in HEAD and not name.startswith(LABELS)]


def one_set(path: pathlib.Path, table: pd.DataFrame) -> SetConstants:
    """The table's only set; its constants must be those of the training rows, or the test would have spoken in them."""
    sets = feature_constants.read(feature_constants.beside(path))
    if len(sets) != 1:
        raise ValueError(f"{path.name} has {len(sets)} sets: a model names one")
    (one,) = sets
    wanted = feature_constants.fitted(table, one).constants
    for name, value in one.constants.items():
        if abs(value - wanted[name]) > CONSTANTS_REL_MAX * abs(wanted[name]):
            raise ValueError(f"{name} is {value}, the training rows give {wanted[name]}: export with --constants of feature_constants.py")
    return one


def train(path: pathlib.Path, name: str, horizon_s: int, out: pathlib.Path) -> dict:
    table = pd.read_parquet(path)
    taken = one_set(path, table)
    names = features_of(table)
    parts = feature_constants.parts(table, horizon_s)
    move = table[f"midMove{horizon_s}S"].to_numpy()
    learn, check, test = (parts[part] & (np.abs(move) == 1) for part in ("train", "validation", "test"))
    up = (move > 0).astype(float)
    values = table[names].to_numpy(np.float32)
    learned, checked = (lightgbm.Dataset(values[rows].astype(np.float64), up[rows]) for rows in (learn, check))
    # What is measured from here on is the file.
    shipped = Boosted(PARAMETERS, learned, checked, len(names), out / "model.onnx")
    shipped.apart(values)
    raw = log_odds(shipped(values))
    a, b = fit_platt(raw[check], up[check], np.ones(int(check.sum())))
    probability = sigmoid(a * raw + b)
    found = {
        "trees": shipped.trees,
        "test": {
            "rows": int(test.sum()),
            "up": round(float(up[test].mean()), 4),
            "auc": round(metrics.auc(probability[test], up[test]), 4),
            "logLoss": round(metrics.log_loss(probability[test], up[test]), 4),
        },
    }
    return artefact.write_manifest(
        out,
        {
            "name": name,
            "family": "lightgbm",
            "version": VERSION,
            "file": "model.onnx",
            "input": taken.manifest_input(),
            **tensors(len(names)),
            "horizonMs": horizon_s * 1000,
            "ttlMs": horizon_s * 1000,
            "label": f"P(price higher {horizon_s} s later, given that it is not the same)",
            "golden": artefact.golden(shipped.session, {tree_onnx.INPUT: np.nan_to_num(values[test][:1])}, 1e-5),
            "calibration": {"method": "platt", "a": round(a, 6), "b": round(b, 6)},
        },
        {
            "data": [path.name],
            "split": f"by time: {feature_constants.SHARES}, {horizon_s} s embargo before each border; constants of the training rows",
            "rows": {part: int(rows.sum()) for part, rows in (("train", learn), ("validation", check), ("test", test))},
            "seed": SEED,
            "parameters": PARAMETERS,
        },
        found,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=pathlib.Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--horizon-s", type=int, default=60)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args()
    print(train(options.table, options.name, options.horizon_s, options.out / options.name / VERSION)["metrics"])


if __name__ == "__main__":
    main()
