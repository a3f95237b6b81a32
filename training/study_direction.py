"""Do the order-book features know more of the next seconds than the imbalance at the best prices alone?

The model is a ridge logistic regression over the features that know a side and turn within seconds: recordings of minutes carry no more. Up and
down are the same to it and to the baseline (neither has an intercept), so neither learns which way those minutes went. Its penalty is chosen
on minutes between those it learns from and those it is judged by.

Reads tables of `fusewire features export … --set market,microstructure --out NAME.parquet`, trains on the first part of the training tapes, and
prints a Markdown table for docs/features.md: AUC and log-loss on their later minutes, and on a symbol that was never trained on, with intervals
from resampled blocks of time.
"""

from __future__ import annotations

import argparse
import pathlib
from collections.abc import Callable

import numpy as np
import pandas as pd

import mirror

HORIZONS = (1, 5, 10)
TRAIN, VALIDATE = 0.5, 0.65
SETTLE_NS = 10_000_000_000
BLOCK_NS = 10_000_000_000
BOOTSTRAPS = 1000
PENALTIES = (1.0, 10.0, 100.0, 1000.0, 10_000.0)
CLIP = 5.0
# Of the microstructure set: a side, and a memory of seconds. Those of the market set stand in mirror.py.
SIDED = (
    *(f"ofiLevel{level}" for level in range(1, 11)),
    *("ofi10Over100Ms", "ofi10Over1S", "ofi10Over5S", "queueImbalance", "queueImbalance1S", "queueImbalance5S"),
    *("depthImbalance", "microprice", "micropriceMove", "depthSlopeAsymmetry", "tradeFlow1S", "tradeFlow5S"),
    *("intensityImbalance100Ms", "intensityImbalance1S", "intensityImbalance5S", "moveImbalance1S", "moveImbalance5S"),
)
FEATURES = sorted(mirror.ODD - mirror.SLOW) + list(SIDED)


def load(path: pathlib.Path) -> pd.DataFrame:
    table = pd.read_parquet(path)
    table = table[table.timeNs >= table.timeNs.iloc[0] + SETTLE_NS]
    # A burst of changes would count many times over.
    return table[(table.timeNs // 100_000_000).diff() != 0].reset_index(drop=True)


def moved(table: pd.DataFrame, horizon: int) -> pd.DataFrame:
    return table[table[f"midMove{horizon}S"].abs() == 1]


def span(table: pd.DataFrame, start: float, end: float, embargo_ns: float) -> pd.DataFrame:
    """By time; the last `embargo_ns` before the end belong to nobody, for their labels reach over it."""
    first, length = table.timeNs.iloc[0], table.timeNs.iloc[-1] - table.timeNs.iloc[0]
    last = first + end * length - (embargo_ns if end < 1 else 0)
    return table[(table.timeNs >= first + start * length) & (table.timeNs < last)]


def auc(y: np.ndarray, p: np.ndarray) -> float:
    ranks = pd.Series(p).rank().to_numpy()
    ups = y.sum()
    return (ranks[y == 1].sum() - ups * (ups + 1) / 2) / (ups * (len(y) - ups))


def log_loss(y: np.ndarray, p: np.ndarray) -> float:
    q = np.clip(p, 1e-6, 1 - 1e-6)
    return float(-(y * np.log(q) + (1 - y) * np.log(1 - q)).mean())


def chance(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x @ weights))


def logistic(x: np.ndarray, y: np.ndarray, penalty: float) -> np.ndarray:
    """Ridge, no intercept, by Newton's steps."""
    weights = np.zeros(x.shape[1])
    for _ in range(30):
        p = chance(x, weights)
        hessian = (x * (p * (1 - p))[:, None]).T @ x + penalty * np.eye(x.shape[1])
        weights = weights + np.linalg.solve(hessian, x.T @ (y - p) - penalty * weights)
    return weights


class Scale:
    """Features in their own sizes, a missing one as none."""

    def __init__(self, table: pd.DataFrame, names: list[str]) -> None:
        self.names = names
        self.size = np.sqrt((table[names] ** 2).mean()).replace(0, 1).fillna(1).to_numpy()

    def __call__(self, table: pd.DataFrame) -> np.ndarray:
        return np.clip(table[self.names].fillna(0).to_numpy() / self.size, -CLIP, CLIP)


def up(table: pd.DataFrame, horizon: int) -> np.ndarray:
    return (table[f"midMove{horizon}S"] > 0).to_numpy(float)


def learn(fit: pd.DataFrame, check: pd.DataFrame, names: list[str], horizon: int) -> Callable[[pd.DataFrame], np.ndarray]:
    """The penalty that is best on `check`, then both parts."""
    scale = Scale(fit, names)
    losses = [log_loss(up(check, horizon), chance(scale(check), logistic(scale(fit), up(fit, horizon), penalty))) for penalty in PENALTIES]
    both = pd.concat([fit, check])
    weights = logistic(scale(both), up(both, horizon), PENALTIES[int(np.argmin(losses))])
    return lambda table: chance(scale(table), weights)


def intervals(y: np.ndarray, p: np.ndarray, base: np.ndarray, time_ns: np.ndarray, tape: np.ndarray) -> dict[str, tuple[float, float]]:
    """95 % of resampled blocks: AUC and log-loss of both, and the model's gains."""
    blocks = pd.Series(list(zip(tape, time_ns // BLOCK_NS))).groupby(lambda i: (tape[i], time_ns[i] // BLOCK_NS)).indices
    members = list(blocks.values())
    random = np.random.default_rng(7)
    draws: dict[str, list[float]] = {name: [] for name in ("auc", "base auc", "loss", "base loss", "auc gain", "loss gain")}
    for _ in range(BOOTSTRAPS):
        at = np.concatenate([members[i] for i in random.integers(len(members), size=len(members))])
        if y[at].min() == y[at].max():
            continue
        a, b = auc(y[at], p[at]), auc(y[at], base[at])
        c, d = log_loss(y[at], p[at]), log_loss(y[at], base[at])
        for name, value in zip(draws, (a, b, c, d, a - b, d - c)):
            draws[name].append(value)
    return {name: tuple(np.percentile(values, (2.5, 97.5))) for name, values in draws.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", nargs="+", required=True, type=pathlib.Path)
    parser.add_argument("--other", nargs="+", required=True, type=pathlib.Path)
    options = parser.parse_args()
    trained, others = [load(path) for path in options.train], [load(path) for path in options.other]
    print("| horizon | held out | moves | AUC, imbalance | AUC, features | gain | log-loss, imbalance | log-loss, features | gain |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for horizon in HORIZONS:
        embargo = (horizon + 1) * 1e9

        def part(start: float, end: float) -> pd.DataFrame:
            return pd.concat([moved(span(table, start, end, embargo), horizon) for table in trained])

        fit, check = part(0, TRAIN), part(TRAIN, VALIDATE)
        model, baseline = learn(fit, check, FEATURES, horizon), learn(fit, check, ["imbalance1"], horizon)
        later = [moved(span(table, VALIDATE, 1, embargo), horizon) for table in trained]
        for name, tables in (("later minutes", later), ("other symbol", [moved(table, horizon) for table in others])):
            rows = pd.concat(tables)
            tape = np.concatenate([np.full(len(table), i) for i, table in enumerate(tables)])
            y, p, base = up(rows, horizon), model(rows), baseline(rows)
            low_high = intervals(y, p, base, rows.timeNs.to_numpy(), tape)

            def cell(value: float, key: str) -> str:
                low, high = low_high[key]
                return f"{value:.3f} ({low:.3f} to {high:.3f})"

            a, b, c, d = auc(y, base), auc(y, p), log_loss(y, base), log_loss(y, p)
            print(
                f"| {horizon} s | {name} | {len(y)} | {cell(a, 'base auc')} | {cell(b, 'auc')} | {cell(b - a, 'auc gain')} "
                f"| {cell(c, 'base loss')} | {cell(d, 'loss')} | {cell(c - d, 'loss gain')} |"
            )


if __name__ == "__main__":
    main()
