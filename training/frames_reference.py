"""The frames of docs/features.md in whole columns of extended precision, from their formulas alone, as bar_reference.py has the other bar sets."""

from __future__ import annotations

import numpy as np
import pandas as pd

import bar_reference as ref
from bar_reference import LONG, Bars, Column

MINUTES = {"m1": 1, "m5": 5, "m15": 15, "m30": 30, "h1": 60, "h2": 120, "h4": 240, "h6": 360}
WEIGHTS = {"m1": 0.05, "m5": 0.08, "m15": 0.10, "m30": 0.12, "h1": 0.20, "h2": 0.12, "h4": 0.18, "h6": 0.15}


def seeded(x: Column, n: int) -> Column:
    """EMA_n that begins as the plain mean of its first n values."""
    return ref.exponential(x, LONG(2) / (n + 1), seed=n, minimum=n)


def wilder(x: Column, n: int) -> Column:
    return ref.exponential(x, LONG(1) / n, seed=n, minimum=n)


def sign_of(left: Column, right: Column) -> Column:
    return np.sign(np.nan_to_num(left - right))


def frame(c: Column) -> dict[str, Column]:
    """What one frame says, from the closes of its own bars."""
    ema20, ema50, ema200 = (seeded(c, n) for n in (20, 50, 200))
    move = c - ref.lag(c, 1)
    gains, losses = wilder(np.maximum(move, 0), 14), wilder(np.maximum(-move, 0), 14)
    rsi = ref.ratio(100 * gains, gains + losses)
    # About the first close: the difference of two means is the same, with five digits more.
    line = seeded(c - c[0], 12) - seeded(c - c[0], 26)
    histogram = line - seeded(line, 9)
    spread = np.sqrt(ref.variance(c, 20) * 19 / 20)
    position = ref.ratio(ref.excess(c, 20) + 2 * spread, 4 * spread)

    order = sign_of(ema20, ema50)
    in_order = (order != 0) & (sign_of(ema50, ema200) == order)
    strength = np.select([rsi < 30, rsi < 40, rsi > 70, rsi > 60], [0.25, 0.1, -0.25, -0.1], 0.0)
    score = order * np.where(in_order, 0.3, 0.15) + strength + 0.2 * np.sign(histogram) + np.nan_to_num(0.5 - position) / 2
    # EMA_200 may come later: until then the order of the other two counts by half.
    known = ~np.isnan(ema50) & ~np.isnan(histogram)
    return {
        "technical": np.where(known, np.clip(score, -1, 1), np.nan),
        "rsi_14": rsi,
        "macd_histogram": histogram / c,
        "bb_position": position,
        "ema_trend": (ema20 - ema50) / ema50,
        "return": c / ref.lag(c, 1) - 1,
    }


def frames_set(b: Bars, _constants: dict[str, float]) -> dict[str, Column]:
    """Each minute of the grid says what the last whole bar of each frame said."""
    minute, close = b.column["interval"].astype(np.int64), b.c
    out: dict[str, Column] = {}
    for name, length in MINUTES.items():
        # A bar is there when its last minute is, if its first minute was on the grid too.
        ends = np.flatnonzero(((minute + 1) % length == 0) & (minute - length + 1 >= minute[0]))
        last = np.searchsorted(ends, np.arange(len(minute)), side="right") - 1
        for feature, column in (frame(close[ends]) if len(ends) else {}).items():
            out[f"{feature}_{name}"] = np.where(last >= 0, column[np.maximum(last, 0)], np.nan)
    every = [f"{feature}_{name}" for name in MINUTES for feature in ("technical", "rsi_14", "macd_histogram", "bb_position", "ema_trend", "return")]
    out = {name: out.get(name, np.full(len(minute), np.nan)) for name in every}
    scores = pd.DataFrame({name: out[f"technical_{name}"].astype(np.float64) for name in MINUTES})
    weights = scores.notna() * pd.Series(WEIGHTS)
    out["frames_net"] = ref.ratio((scores.fillna(0) * weights).sum(axis=1).to_numpy(), weights.sum(axis=1).to_numpy())
    out["frames_alignment"] = (np.sign(scores["h4"]) + np.sign(scores["h6"])).to_numpy() / 2
    return out
