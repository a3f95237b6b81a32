"""The frames of docs/features.md in whole columns of extended precision, from their formulas alone, as bar_reference.py has the other bar sets."""

from __future__ import annotations

import numpy as np
import pandas as pd

import bar_reference as ref
from bar_reference import LONG, Bars, Column

MINUTES = {"m1": 1, "m5": 5, "m15": 15, "m30": 30, "h1": 60, "h2": 120, "h4": 240, "h6": 360}
WEIGHTS = {"m1": 0.05, "m5": 0.08, "m15": 0.10, "m30": 0.12, "h1": 0.20, "h2": 0.12, "h4": 0.18, "h6": 0.15}
# A frame counts while a minute has traded within so many seconds.
STALE_S = {"m1": 15, "m5": 30, "m15": 60, "m30": 120, "h1": 240, "h2": 360, "h4": 600, "h6": 900}
COMPONENTS = {"technical": 0.25, "obi": 0.30, "vpin": 0.20, "oi_pressure": 0.06}
ENTRY_MIN = 0.3


def seeded(x: Column, n: int) -> Column:
    """EMA_n that begins as the plain mean of its first n values."""
    return ref.exponential(x, LONG(2) / (n + 1), seed=n, minimum=n)


def wilder(x: Column, n: int) -> Column:
    return ref.exponential(x, LONG(1) / n, seed=n, minimum=n)


def side(x: Column) -> Column:
    """Of what is relative to the price: a flat market leaves less than a billionth, of either sign."""
    return np.where(np.abs(x) > 1e-9, np.sign(x), 0)


def bar_sums(x: Column, starts: Column, length: int) -> Column:
    """Of each frame's minutes; one that is missing leaves none."""
    return x.astype(LONG)[starts[:, None] + np.arange(length)].sum(axis=1)


def own_bars(b: Bars, ends: Column, length: int) -> dict[str, Column]:
    """What the bars of one frame carry besides prices, from the minutes that they are made of."""
    starts = ends - length + 1
    bid, ask = b.column["bidDepth5"], b.column["askDepth5"]
    leaning = ref.ratio((bid - ask).astype(LONG), (bid + ask).astype(LONG))
    known = ~np.isnan(leaning)
    books = bar_sums(known, starts, length)
    lean = bar_sums(np.where(known, leaning, 0), starts, length)
    return {
        "bought": bar_sums(b.column["buyVolume"], starts, length),
        "sold": bar_sums(b.column["sellVolume"], starts, length),
        "traded": bar_sums(b.v * b.column["isReal"], starts, length),
        "obi": np.where(books >= LONG(length) / 2, ref.ratio(lean, books), np.nan),
        "interest": b.column["openInterest"][ends].astype(LONG),
    }


def frame(c: Column, own: dict[str, Column]) -> dict[str, Column]:
    """What one frame says, from the closes of its own bars and what they carry besides."""
    ema20, ema50, ema200 = (seeded(c, n) for n in (20, 50, 200))
    move = c - ref.lag(c, 1)
    gains, losses = wilder(np.maximum(move, 0), 14), wilder(np.maximum(-move, 0), 14)
    rsi = ref.ratio(100 * gains, gains + losses)
    # About the first close: the difference of two means is the same, with five digits more.
    line = seeded(c - c[0], 12) - seeded(c - c[0], 26)
    histogram = line - seeded(line, 9)
    spread = np.sqrt(ref.variance(c, 20) * 19 / 20)
    position = ref.ratio(ref.excess(c, 20) + 2 * spread, 4 * spread)

    order = side(ref.ratio(ema20, ema50) - 1)
    in_order = (order != 0) & (side(ref.ratio(ema50, ema200) - 1) == order)
    strength = np.select([rsi < 30, rsi < 40, rsi > 70, rsi > 60], [0.25, 0.1, -0.25, -0.1], 0.0)
    score = order * np.where(in_order, 0.3, 0.15) + strength + 0.2 * side(histogram / c) + np.nan_to_num(0.5 - position) / 2
    # EMA_200 may come later: until then the order of the other two counts by half.
    known = ~np.isnan(ema50) & ~np.isnan(histogram)
    technical = np.where(known, np.clip(score, -1, 1), np.nan)

    volume = ref.total(own["traded"], 50)
    vpin = np.where(volume > 0, np.minimum(1, ref.ratio(ref.total(np.abs(own["bought"] - own["sold"]), 50), volume)), np.nan)
    with np.errstate(all="ignore"):
        growth = np.log(own["interest"] / ref.lag(own["interest"], 1))
    usual = np.sqrt(ref.mean(growth**2, 20))
    pressure = np.sign(move) * np.clip(ref.ratio(growth, 2 * usual), -1, 1)
    said = {"technical": technical, "obi": own["obi"], "vpin": vpin * side(ema20 / ema50 - 1), "oi_pressure": pressure}
    weight = sum(w * ~np.isnan(said[name]) for name, w in COMPONENTS.items())
    total = sum(w * np.nan_to_num(said[name]) for name, w in COMPONENTS.items())
    return {
        "technical": technical,
        "rsi_14": rsi,
        "macd_histogram": histogram / c,
        "bb_position": position,
        "ema_trend": (ema20 - ema50) / ema50,
        "return": c / ref.lag(c, 1) - 1,
        "obi": own["obi"],
        "vpin": vpin,
        "oi_pressure": pressure,
        "score": np.where(np.isnan(technical), np.nan, ref.ratio(total, weight)),
    }


FEATURES = ("technical", "rsi_14", "macd_histogram", "bb_position", "ema_trend", "return", "obi", "vpin", "oi_pressure", "score")


def silence_s(b: Bars) -> Column:
    """How long no minute has traded, at the end of each."""
    at = np.arange(len(b.c))
    last = np.maximum.accumulate(np.where(b.column["isReal"] == 1, at, 0))
    return 60 * (at - last)


def frames_set(b: Bars, _constants: dict[str, float]) -> dict[str, Column]:
    """Each minute of the grid says what the last whole bar of each frame said."""
    minute, close = b.column["interval"].astype(np.int64), b.c
    out: dict[str, Column] = {}
    for name, length in MINUTES.items():
        # A bar is there when its last minute is, if its first minute was on the grid too.
        ends = np.flatnonzero(((minute + 1) % length == 0) & (minute - length + 1 >= minute[0]))
        last = np.searchsorted(ends, np.arange(len(minute)), side="right") - 1
        said = frame(close[ends], own_bars(b, ends, length)) if len(ends) else {}
        for feature, column in said.items():
            out[f"{feature}_{name}"] = np.where(last >= 0, column[np.maximum(last, 0)], np.nan)
    every = [f"{feature}_{name}" for name in MINUTES for feature in FEATURES]
    out = {name: out.get(name, np.full(len(minute), np.nan)) for name in every}
    return {**out, **across(out, silence_s(b))}


def across(out: dict[str, Column], silent: Column) -> dict[str, Column]:
    """Of the frames that are warm and fresh."""
    scores = pd.DataFrame({name: np.where(silent <= STALE_S[name], out[f"score_{name}"], np.nan).astype(np.float64) for name in MINUTES})
    weights = scores.notna() * pd.Series(WEIGHTS)
    net = ref.ratio((scores.fillna(0) * weights).sum(axis=1).to_numpy(), weights.sum(axis=1).to_numpy())
    strong = scores.abs() > ENTRY_MIN
    shortest = strong.idxmax(axis=1).map(MINUTES).to_numpy()
    entry = np.where(strong.any(axis=1), shortest, np.where(scores.notna().any(axis=1), 0, np.nan))
    return {
        "frames_net": net,
        "frames_alignment": (np.sign(scores["h4"]) + np.sign(scores["h6"])).to_numpy() / 2,
        "frames_entry": entry,
    }
