"""Trains the LightGBM direction models on exported features and writes their artefacts.

python train_lightgbm.py --features DIR [--out DIR] [--plot FILE]
"""

import argparse
import pathlib

import lightgbm
import numpy as np

import artefact
import boosting
import market_features
import metrics
import mirror
import time_split
import tree_onnx
from boosting import Boosted, tensors
from feature_constants import SetConstants
from market_features import FeatureTable
from platt import fit_platt, log_odds, sigmoid

SEED = 20261123
VERSION = "1"
HORIZONS_MS = {"lightgbm-1s": 1_000, "lightgbm-5s": 5_000}
# Held at 0 in training, so that no tree splits on them.
UNUSED = {"lightgbm-1s": frozenset(), "lightgbm-5s": mirror.SLOW}
SHARES = {"train": 0.6, "validation": 0.15, "test": 0.25}
EMBARGO_MS = 10_000
SPACING_MS = 50
# Features are not themselves before their slow windows have filled.
WARM_UP_MS = 30_000
BASELINE = "imbalance1"
PARAMETERS = {**boosting.PARAMETERS, "seed": SEED}


def role_of(table: FeatureTable) -> str:
    """Simulated tapes are named so; COIN-M ETHUSD stays wholly unseen; all other recordings train and test."""
    if table.source.startswith("simulat"):
        return "simulated"
    return "unseen" if "ethusd" in table.source else "recorded"


class Rows:
    """The rows of one horizon, from all tables, with where each comes from."""

    def __init__(self, tables: list[FeatureTable], horizon_ms: int):
        columns: dict[str, list] = {name: [] for name in ("values", "up", "source", "role", "part", "time_ns")}
        self.ties: dict[str, float] = {}
        for table in tables:
            role = role_of(table)
            sign, known = market_features.label_up(table, horizon_ms)
            usable = known & (table.time_ns >= table.time_ns[0] + WARM_UP_MS * 1_000_000)
            usable &= market_features.thin(table.time_ns, SPACING_MS * 1_000_000)
            self.ties[table.source] = round(float((sign[usable] == 0).mean()), 4)
            kept = np.flatnonzero(usable & (sign != 0))
            part = np.full(len(kept), "none", dtype=object)
            if role == "unseen":
                part[:] = "test"
            else:
                masks = time_split.split_by_time(
                    table.time_ns[kept],
                    SHARES,
                    EMBARGO_MS * 1_000_000,
                    int(table.time_ns[0]) + WARM_UP_MS * 1_000_000,
                    int(table.time_ns[-1]),
                )
                for name, mask in masks.items():
                    part[mask] = name
            columns["values"].append(table.values[kept])
            columns["up"].append((sign[kept] > 0).astype(float))
            columns["source"].append(np.full(len(kept), table.source, dtype=object))
            columns["role"].append(np.full(len(kept), role, dtype=object))
            columns["part"].append(part)
            columns["time_ns"].append(table.time_ns[kept])
        self.values, self.up, self.source, self.role, self.part, self.time_ns = (
            np.concatenate(columns[name]) for name in ("values", "up", "source", "role", "part", "time_ns")
        )

    def weights(self, mask: np.ndarray) -> np.ndarray:
        """Recorded and simulated rows weigh the same in total, and so do the sources of a kind; the mean is 1."""
        weight = np.zeros(len(self.up))
        for role in np.unique(self.role[mask]):
            sources = np.unique(self.source[mask & (self.role == role)])
            for source in sources:
                inside = mask & (self.source == source)
                weight[inside] = 1.0 / len(sources) / inside.sum()
        return weight[mask] / weight[mask].mean()


    def both_ways(self, mask: np.ndarray, names: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows and their mirror images: a market that happened to rise teaches no drift."""
        values, up, weight = self.values[mask], self.up[mask], self.weights(mask)
        return (
            np.concatenate([values, mirror.mirrored(values, names)]),
            np.concatenate([up, 1 - up]),
            np.concatenate([weight, weight]),
        )


def auc_interval(score: np.ndarray, up: np.ndarray, time_ns: np.ndarray, source: np.ndarray) -> list[float]:
    """90 % of bootstrap AUCs over 5 s blocks: neighbouring rows share most of their future."""
    blocks: dict[tuple, list[int]] = {}
    for row, key in enumerate(zip(source, time_ns // 5_000_000_000)):
        blocks.setdefault(key, []).append(row)
    lists = [np.array(rows) for rows in blocks.values()]
    random = np.random.default_rng(SEED)
    scores = []
    for _ in range(200):
        rows = np.concatenate([lists[index] for index in random.integers(0, len(lists), len(lists))])
        scores.append(metrics.auc(score[rows], up[rows]))
    low, high = np.nanquantile(scores, [0.05, 0.95])
    return [round(float(low), 4), round(float(high), 4)]


def report(probability, baseline_score, baseline_probability, up, time_ns, source) -> dict:
    return {
        "rows": int(len(up)),
        "up": round(float(up.mean()), 4),
        "auc": round(metrics.auc(probability, up), 4),
        "auc90": auc_interval(probability, up, time_ns, source),
        "logLoss": round(metrics.log_loss(probability, up), 4),
        "brier": round(metrics.brier(probability, up), 4),
        "ece": round(metrics.ece(probability, up), 4),
        "accuracy": round(float(((probability > 0.5) == (up > 0.5)).mean()), 4),
        "imbalanceAuc": round(metrics.auc(baseline_score, up), 4),
        "imbalanceAuc90": auc_interval(baseline_score, up, time_ns, source),
        "imbalanceLogLoss": round(metrics.log_loss(baseline_probability, up), 4),
        "calibration": metrics.calibration_table(probability, up),
    }


def train(name: str, tables: list[FeatureTable], out: pathlib.Path) -> dict:
    horizon_ms, unused = HORIZONS_MS[name], UNUSED[name]
    rows = Rows(tables, horizon_ms)
    names = tables[0].names
    learn, check, test = ((rows.part == part) for part in ("train", "validation", "test"))

    def dataset(mask: np.ndarray) -> lightgbm.Dataset:
        values, up, weight = rows.both_ways(mask, names)
        values[:, [name in unused for name in names]] = 0
        return lightgbm.Dataset(values.astype(np.float64), up, weight=weight)

    # What is measured from here on is the shipped file.
    shipped = Boosted({**PARAMETERS, "monotone_constraints": mirror.monotone(names)}, dataset(learn), dataset(check), len(names), out / "model.onnx")
    raw, apart = shipped(rows.values), shipped.apart(rows.values)
    check_values, check_up, check_weight = rows.both_ways(check, names)
    a, b = fit_platt(log_odds(shipped(check_values)), check_up, check_weight)
    probability = sigmoid(a * log_odds(raw) + b)

    baseline = rows.values[:, names.index(BASELINE)].astype(np.float64)
    slope, offset = fit_platt(baseline[learn], rows.up[learn], rows.weights(learn))
    baseline_probability = sigmoid(slope * baseline + offset)

    def measured(mask: np.ndarray) -> dict:
        return report(
            probability[mask], baseline[mask], baseline_probability[mask], rows.up[mask], rows.time_ns[mask], rows.source[mask]
        )

    found = {"trees": shipped.trees, "onnxAgainstLightGbmMaxAbs": float(f"{apart:.2e}"), "ties": rows.ties}
    for role in ("recorded", "unseen", "simulated"):
        mask = test & (rows.role == role)
        if mask.any():
            found[role] = measured(mask)
    found["bySource"] = {
        source: {key: value for key, value in measured(test & (rows.source == source)).items() if key != "calibration"}
        for source in sorted(set(rows.source[test]))
    }
    gain = shipped.booster.feature_importance("gain", iteration=shipped.trees)
    found["gain"] = {names[i]: round(float(gain[i] / gain.sum()), 4) for i in np.argsort(-gain)[:10]}
    artefact.write_manifest(
        out,
        {
            "name": name,
            "family": "lightgbm",
            "version": VERSION,
            "file": "model.onnx",
            "input": SetConstants("market", 1, tables[0].schema_hash, {}).manifest_input(),
            **tensors(len(names)),
            "horizonMs": horizon_ms,
            "ttlMs": horizon_ms,
            "label": f"P(mid higher {horizon_ms} ms later, given that it is not the same): the later mid is the last one at or before "
            "that time; rows with an equal mid are left out of training and of the metrics; the raw output is a probability, the calibration is for its log-odds",
            "golden": artefact.golden(shipped.session, {tree_onnx.INPUT: rows.values[test][:1]}, 1e-5),
            "calibration": {"method": "platt", "a": round(a, 6), "b": round(b, 6)},
        },
        {
            "data": sorted(table.source for table in tables),
            "split": "by time in each source: first 60 % train, next 15 % validation (early stopping, calibration), last 25 % test, "
            f"{EMBARGO_MS / 1000:.0f} s embargo before each border; COIN-M ETHUSD is test only",
            "rows": {part: int((rows.part == part).sum()) for part in ("train", "validation", "test")},
            "weighting": "recorded and simulated rows weigh the same in total, and so do the sources of a kind; each row also stands mirrored",
            "unused": sorted(unused),
            "seed": SEED,
            "parameters": PARAMETERS,
        },
        found,
    )
    return found


def plot(found: dict[str, dict], path: pathlib.Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(found), figsize=(4.2 * len(found), 4), dpi=90)
    for axis, (name, numbers) in zip(axes, found.items()):
        axis.plot([0, 1], [0, 1], color="0.7", linewidth=1)
        for role, label in (("recorded", "recorded, later minutes"), ("unseen", "unseen venue and symbol"), ("simulated", "simulated")):
            if role in numbers:
                table = [row for row in numbers[role]["calibration"] if row["rows"] >= 30]
                said, happened = [row["said"] for row in table], [row["happened"] for row in table]
                axis.plot(said, happened, marker="o", markersize=4, label=f"{label}, ECE {numbers[role]['ece']:.3f}")
        axis.set(title=name, xlabel="said P(up)", ylabel="share that went up", xlim=(0, 1), ylim=(0, 1))
        axis.legend(fontsize=7)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--features", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, default=artefact.MODELS / "lightgbm")
    parser.add_argument("--plot", type=pathlib.Path)
    options = parser.parse_args()
    tables = market_features.load_all(options.features)
    found = {name: train(name, tables, options.out / name / VERSION) for name in HORIZONS_MS}
    for name, numbers in found.items():
        print(name, {key: value for key, value in numbers.items() if key not in ("recorded", "unseen", "simulated")})
        for role in ("recorded", "unseen", "simulated"):
            if role in numbers:
                print(" ", role, {key: value for key, value in numbers[role].items() if key != "calibration"})
    if options.plot:
        plot(found, options.plot)


if __name__ == "__main__":
    main()
