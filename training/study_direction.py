"""Do the order-book features know more of the next seconds than the imbalance at the best prices alone?

Reads tables of `fusewire features export … --set market,microstructure --out NAME.parquet`. Everything is chosen on the first minutes of the
training tapes, by cross-validation in blocks of time; then the chosen model and the baseline learn from all of these minutes, and are judged
once on what came later and on a symbol that was never learned from. Prints two Markdown tables for docs/features.md.

Up and down are the same to every candidate and to the baseline (none has an intercept, all features change sign with the sides), so none
learns which way those minutes went.
"""

from __future__ import annotations

import argparse
import pathlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import lightgbm
import numpy as np
import pandas as pd

import metrics
import mirror
from platt import sigmoid

HORIZONS_S = (1, 5, 10)
FOLDS = 6
SETTLE_NS = 10_000_000_000
SPACING_NS = 100_000_000
# Beyond the horizon: recordings did not begin in the same second, and features remember some.
EMBARGO_S = 5
# At least two horizons: what neighbouring rows share stays in one block.
BLOCK_S = {1: 10, 5: 10, 10: 20}
BOOTSTRAPS = 2000
CLIP = 4.0
BASELINE = ("imbalance1",)
PENALTIES = (10.0, 100.0, 1000.0)
# Of the microstructure set: a side, and a memory of seconds. Those of the market set stand in mirror.py.
SIDED = (
    *(f"ofiLevel{level}" for level in range(1, 11)),
    *("ofi10Over100Ms", "ofi10Over1S", "ofi10Over5S", "queueImbalance", "queueImbalance1S", "queueImbalance5S"),
    *("depthImbalance", "microprice", "micropriceMove", "depthSlopeAsymmetry", "tradeFlow1S", "tradeFlow5S"),
    *("intensityImbalance100Ms", "intensityImbalance1S", "intensityImbalance5S", "moveImbalance1S", "moveImbalance5S"),
)
ALL = (*sorted(mirror.ODD - mirror.SLOW), *SIDED)
# Sizes on both sides now, at three depths and as the quote has them.
BOOK = ("imbalance1", "imbalance5", "quoteImbalance")
DEPTH = ("imbalance5", "quoteImbalance")
# Quotes and trades come before the book that they will change.
FRESH = ("quoteMicropriceBps", "lastTradeBps")
FLOW = ("ofi1Over100Ms", "ofi1Over1S", "ofi10Over1S", "quoteOfiOver1S", "moveImbalance1S", "intensityImbalance100Ms")

# Says the log-odds of a rise for each row of a table.
Model = Callable[[pd.DataFrame], np.ndarray]
Learner = Callable[[pd.DataFrame, np.ndarray], Model]


def load(path: pathlib.Path) -> pd.DataFrame:
    table = pd.read_parquet(path)
    table = table[table.timeNs >= table.timeNs.iloc[0] + SETTLE_NS]
    # A burst of changes would count many times over.
    return table[(table.timeNs // SPACING_NS).diff() != 0].assign(tape=path.stem).reset_index(drop=True)


def moved(table: pd.DataFrame, horizon_s: int) -> pd.DataFrame:
    """Rows whose mid is another at the horizon; the same rows for every candidate and the baseline."""
    return table[table[f"midMove{horizon_s}S"].abs() == 1].reset_index(drop=True)


def ups(table: pd.DataFrame, horizon_s: int) -> np.ndarray:
    return (table[f"midMove{horizon_s}S"] > 0).to_numpy(float)


def before(table: pd.DataFrame, end_ns: float, horizon_s: int) -> pd.DataFrame:
    """Rows whose labels are known well before the end."""
    return table[table.timeNs < end_ns - (horizon_s + EMBARGO_S) * 1e9].reset_index(drop=True)


def folds(time_ns: np.ndarray, horizon_s: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Blocks of time, the same for all tapes; rows to learn from keep their distance from the block on both sides."""
    borders = np.linspace(time_ns.min(), time_ns.max() + 1, FOLDS + 1)
    apart = (horizon_s + EMBARGO_S) * 1e9
    for begin, end in zip(borders, borders[1:]):
        yield (
            np.flatnonzero((time_ns < begin - apart) | (time_ns >= end + apart)),
            np.flatnonzero((time_ns >= begin) & (time_ns < end)),
        )


def ridge(x: np.ndarray, y: np.ndarray, penalty: np.ndarray, is_rising: bool) -> np.ndarray:
    """Ridge logistic weights by Newton's steps; where rising, features that would get a negative weight are dropped, the worst first."""
    kept = np.arange(x.shape[1])
    while True:
        z, shrink = x[:, kept], np.diag(penalty[kept] + 1e-9)
        weights = np.zeros(len(kept))
        for _ in range(30):
            p = sigmoid(z @ weights)
            hessian = (z * (p * (1 - p))[:, None]).T @ z + shrink
            weights = weights + np.linalg.solve(hessian, z.T @ (y - p) - shrink @ weights)
        if not is_rising or len(kept) == 0 or weights.min() >= 0:
            break
        kept = np.delete(kept, weights.argmin())
    out = np.zeros(x.shape[1])
    out[kept] = weights
    return out


class Scale:
    """Features in their own sizes, a missing one as none."""

    def __init__(self, table: pd.DataFrame, names: tuple[str, ...]) -> None:
        self.names = list(names)
        self.size = np.sqrt((table[self.names] ** 2).mean()).replace(0, 1).fillna(1).to_numpy()

    def __call__(self, table: pd.DataFrame) -> np.ndarray:
        return np.clip(table[self.names].fillna(0).to_numpy() / self.size, -CLIP, CLIP)


def linear(core: tuple[str, ...], extra: tuple[str, ...] = (), penalty: float = 0.0, is_rising: bool = True) -> Learner:
    """The mean of the core features with a weight of its own, and a shrunk weight for each of the others."""

    def learn(table: pd.DataFrame, y: np.ndarray) -> Model:
        middle, others = Scale(table, core), Scale(table, extra)

        def columns(rows: pd.DataFrame) -> np.ndarray:
            return np.c_[middle(rows).mean(axis=1), others(rows)]

        weights = ridge(columns(table), y, np.r_[0.0, np.full(len(extra), penalty)], is_rising)
        return lambda rows: columns(rows) @ weights

    return learn


def boosted(core: tuple[str, ...], extra: tuple[str, ...], trees: int) -> Learner:
    """Small rising trees on top of the mean of the core features; rows stand mirrored too."""

    def learn(table: pd.DataFrame, y: np.ndarray) -> Model:
        start, names = linear(core)(table, y), list(core + extra)
        values, offset = table[names].to_numpy(), start(table)
        data = lightgbm.Dataset(np.r_[values, -values], np.r_[y, 1 - y], init_score=np.r_[offset, -offset])
        parameters = {
            **{"objective": "binary", "num_leaves": 4, "learning_rate": 0.05, "min_data_in_leaf": 300, "lambda_l2": 100.0},
            **{"monotone_constraints": [1] * len(names), "seed": 1, "deterministic": True, "num_threads": 1, "verbose": -1},
        }
        booster = lightgbm.train(parameters, data, trees)

        def model(rows: pd.DataFrame) -> np.ndarray:
            x = rows[names].to_numpy()
            return start(rows) + (booster.predict(x, raw_score=True) - booster.predict(-x, raw_score=True)) / 2

        return model

    return learn


CANDIDATES: dict[str, Learner] = {
    "imbalance": linear(BASELINE),
    **{f"all sided features, ridge {penalty:g}": linear(BASELINE, tuple(n for n in ALL if n not in BASELINE), penalty, False) for penalty in PENALTIES},
    "book: mean of three imbalances": linear(BOOK),
    **{f"book, flow, ridge {penalty:g}": linear(BOOK, FLOW, penalty) for penalty in PENALTIES},
    **{f"book, trees {trees}": boosted(BOOK, FRESH + FLOW, trees) for trees in (20, 60)},
    **{f"book, fresh, ridge {penalty:g}": linear(BOOK, FRESH, penalty) for penalty in PENALTIES},
    "depth: mean of two imbalances": linear(DEPTH),
    **{f"depth, fresh, ridge {penalty:g}": linear(DEPTH, FRESH, penalty) for penalty in PENALTIES},
}


def cross_validate(tables: list[pd.DataFrame], cut_ns: float) -> pd.DataFrame:
    """Log-loss of each candidate at each horizon, over all blocks."""
    losses = pd.DataFrame(index=list(CANDIDATES), columns=list(HORIZONS_S), dtype=float)
    for horizon_s in HORIZONS_S:
        rows = moved(before(pd.concat(tables), cut_ns, horizon_s), horizon_s)
        y = ups(rows, horizon_s)
        for name, learner in CANDIDATES.items():
            chance = np.empty(len(rows))
            for learn, check in folds(rows.timeNs.to_numpy(), horizon_s):
                chance[check] = sigmoid(learner(rows.iloc[learn], y[learn])(rows.iloc[check]))
            losses.loc[name, horizon_s] = metrics.log_loss(chance, y)
    return losses


@dataclass(frozen=True)
class Judged:
    """What a model and the baseline gave on the same rows: value, and 95 % of resampled blocks."""

    rows: int
    blocks: int
    cells: dict[str, tuple[float, float, float]]


def judge(rows: pd.DataFrame, horizon_s: int, model: Model, baseline: Model) -> Judged:
    """Blocks by the clock: tapes of the same seconds are resampled together."""
    y, p, base = ups(rows, horizon_s), sigmoid(model(rows)), sigmoid(baseline(rows))

    def measure(at: np.ndarray) -> dict[str, float]:
        a, b = metrics.auc(base[at], y[at]), metrics.auc(p[at], y[at])
        c, d = metrics.log_loss(base[at], y[at]), metrics.log_loss(p[at], y[at])
        return {"base auc": a, "auc": b, "auc gain": b - a, "base loss": c, "loss": d, "loss gain": c - d}

    members = list(pd.Series(np.arange(len(rows))).groupby(rows.timeNs.to_numpy() // (BLOCK_S[horizon_s] * 10**9)).indices.values())
    random = np.random.default_rng(7)
    draws = pd.DataFrame(
        [measure(np.concatenate([members[i] for i in random.integers(len(members), size=len(members))])) for _ in range(BOOTSTRAPS)]
    )
    whole = measure(np.arange(len(rows)))
    low, high = draws.quantile(0.025), draws.quantile(0.975)
    return Judged(len(rows), len(members), {name: (value, low[name], high[name]) for name, value in whole.items()})


def markdown(head: list[str], lines: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *lines])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", nargs="+", required=True, type=pathlib.Path)
    parser.add_argument("--other", nargs="+", required=True, type=pathlib.Path)
    parser.add_argument("--cut-s", type=float, default=285, help="of each tape; what comes before is learned from")
    parser.add_argument("--judge", action="store_true", help="look at what was held out")
    options = parser.parse_args()
    cut_ns = options.cut_s * 1e9
    trained = [load(path) for path in options.train]
    losses = cross_validate(trained, cut_ns)
    chosen = str(losses.sum(axis=1).idxmin())
    named = [[f"**{name}**" if name == chosen else name, *(f"{loss:.4f}" for loss in losses.loc[name])] for name in CANDIDATES]
    print(markdown(["candidate", *(f"{horizon_s} s" for horizon_s in HORIZONS_S)], named))
    if not options.judge:
        return
    later = pd.concat([table[table.timeNs >= cut_ns] for table in trained])
    other = pd.concat([load(path) for path in options.other])
    lines = []
    for horizon_s in HORIZONS_S:
        rows = moved(before(pd.concat(trained), cut_ns, horizon_s), horizon_s)
        model, baseline = (CANDIDATES[name](rows, ups(rows, horizon_s)) for name in (chosen, "imbalance"))
        for name, held_out in (("later minutes", later), ("other symbol", other)):
            found = judge(moved(held_out, horizon_s), horizon_s, model, baseline)
            cells = [f"{value:.3f} ({low:.3f} to {high:.3f})" for value, low, high in found.cells.values()]
            lines.append([f"{horizon_s} s", name, f"{found.rows} in {found.blocks}", *cells])
    head = ["horizon", "held out", "moves in blocks", "AUC, imbalance", "AUC, model", "gain"]
    print("\n" + markdown([*head, "log-loss, imbalance", "log-loss, model", "gain"], lines))


if __name__ == "__main__":
    main()
