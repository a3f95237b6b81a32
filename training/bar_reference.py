"""The bar features once more, from their formulas alone: whole columns, plain windows, 80-bit numbers where digits could be lost.

Nothing here is shared with engine/features, which computes the same numbers bar by bar; `fusewire verify parity` compares the two.
A column is NaN until its window has filled, and where its formula has no finite value.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

LONG = np.longdouble
Column = np.ndarray

RETURNS = (1, 5, 10, 30, 60, 90, 120, 150, 180, 210, 240, 270, 360)
YEAR = np.sqrt(LONG(252))
# Bars of the leading symbol that are missing in a row: a day of minutes.
FILLED = 1440


def regular_grid(bars: pd.DataFrame) -> pd.DataFrame:
    """Every interval between the first sound bar and the last that was told: what is missing repeats the row before it, with `isReal` 0."""
    traded = bars[is_sound(bars)].set_index("interval")
    every = pd.RangeIndex(traded.index[0], int(bars["interval"].iloc[-1]) + 1)
    grid = traded.reindex(every).ffill()
    for side in ("buyVolume", "sellVolume"):
        # Nobody bought or sold where no bar came; where one came without its sides, they are not known.
        if side in traded:
            grid[side] = traded[side].reindex(every, fill_value=0.0)
    grid["isReal"] = np.isin(every, traded.index).astype(float)
    return grid


def is_sound(bars: pd.DataFrame) -> pd.Series:
    """Something traded, at prices above 0 that lie between the lowest and the highest."""
    prices = bars[["open", "high", "low", "close"]]
    there = np.isfinite(bars[["open", "high", "low", "close", "volume"]]).all(axis=1)
    ordered = (prices.min(axis=1) == bars["low"]) & (prices.max(axis=1) == bars["high"])
    return there & ordered & (bars["low"] > 0) & (bars["volume"] > 0)


def lag(x: Column, k: int) -> Column:
    out = np.full(len(x), np.nan, dtype=LONG)
    if k < len(x):
        out[k:] = x[: len(x) - k]
    return out


def carried(x: Column, n: int) -> Column:
    """What is missing repeats the last value, over n rows at most."""
    return pd.Series(x.astype(np.float64)).ffill(limit=n).to_numpy(dtype=LONG)


def windows(x: Column, n: int) -> Column:
    return np.lib.stride_tricks.sliding_window_view(x.astype(LONG), n)


def rolling(x: Column, n: int, reduce: Callable[[Column], Column]) -> Column:
    out = np.full(len(x), np.nan, dtype=LONG)
    if len(x) >= n:
        out[n - 1 :] = reduce(windows(x, n))
    return out


def mean(x: Column, n: int) -> Column:
    return rolling(x, n, lambda w: w.mean(axis=1))


def total(x: Column, n: int) -> Column:
    return rolling(x, n, lambda w: w.sum(axis=1))


def variance(x: Column, n: int) -> Column:
    # About the first value of the window: equal values then have exactly none.
    return rolling(x, n, lambda w: (w - w[:, :1]).var(axis=1, ddof=1))


def deviation(x: Column, n: int) -> Column:
    return np.sqrt(variance(x, n))


def excess(x: Column, n: int) -> Column:
    """The newest value less the window's mean."""
    return rolling(x, n, lambda w: (w[:, -1:] - w[:, :1])[:, 0] - (w - w[:, :1]).mean(axis=1))


def exponential(x: Column, alpha: float, seed: int = 1, minimum: int = 1) -> Column:
    """Seeded with the mean of the first `seed` values that are there; NaN before `minimum` of them."""
    out = np.full(len(x), np.nan, dtype=LONG)
    a, first, seen, level = LONG(alpha), [], 0, LONG(0)
    for i, value in enumerate(x.astype(LONG)):
        if not np.isnan(value):
            seen += 1
            if seen <= seed:
                first.append(value)
                level = sum(first, LONG(0)) / len(first)
            else:
                level = a * value + (1 - a) * level
        if seen >= max(minimum, 1):
            out[i] = level
    return out


def ema(x: Column, n: int) -> Column:
    return exponential(x, LONG(2) / (n + 1))


def remnant(moves: Column, n: int) -> Column:
    """Sum of moves, each faded by (n - 1)/(n + 1) once a row, its own included; 0 before the first."""
    out = np.zeros(len(moves), dtype=LONG)
    keep = LONG(n - 1) / (n + 1)
    for i in range(1, len(moves)):
        out[i] = keep * (out[i - 1] + moves[i])
    return out


def ratio(a: Column, b: Column) -> Column:
    with np.errstate(all="ignore"):
        return a / b


def flag(condition: Column, known: Column) -> Column:
    return np.where(np.isnan(known), np.nan, condition.astype(float))


def strength(gains: Column, losses: Column) -> Column:
    with np.errstate(all="ignore"):
        return 100 - 100 / (1 + gains / losses)


class Bars:
    """The grid's columns and the terms that several formulas share."""

    def __init__(self, grid: pd.DataFrame) -> None:
        self.column = {name: grid[name].to_numpy(dtype=LONG) for name in grid.columns}
        self.o, self.h, self.l, self.c, self.v = (self.column[name] for name in ("open", "high", "low", "close", "volume"))
        self.before = lag(self.c, 1)
        self.r = self.c / self.before - 1
        self.move = self.c - self.before

    def returns(self, k: int) -> Column:
        return self.c / lag(self.c, k) - 1

    def true_range(self) -> Column:
        with np.errstate(invalid="ignore"):
            return np.maximum(np.maximum(self.h - self.l, abs(self.h - self.before)), abs(self.l - self.before))

    def simple_rsi(self, n: int) -> Column:
        return strength(mean(np.maximum(self.move, 0), n), mean(np.maximum(-self.move, 0), n))

    def macd(self) -> tuple[Column, Column, Column]:
        # EMA_n(C) is C less what is left of all moves: the difference of two of them, without C's digits in the way.
        line = remnant(self.move, 26) - remnant(self.move, 12)
        signal = ema(line, 9)
        return line, signal, line - signal

    def bands(self) -> tuple[Column, Column, Column, Column, Column]:
        middle, sd = mean(self.c, 20), deviation(self.c, 20)
        upper, lower = middle + 2 * sd, middle - 2 * sd
        position = ratio(excess(self.c, 20) + 2 * sd, 4 * sd)
        return upper, middle, lower, ratio(4 * sd, middle), position


def bars_set(b: Bars, constants: dict[str, float]) -> dict[str, Column]:
    """The 76 and the close."""
    o, h, l, c, v, r = b.o, b.h, b.l, b.c, b.v, b.r
    real = b.column["isReal"]
    f: dict[str, Column] = {"close": c, "open": o, "high": h, "low": l, "volume": v, "is_backfilled": 1 - real}
    # N_k = real bars among the k before this one.
    earlier = {k: total(lag(real, 1), k) for k in (30, 60, 360)}
    for k in (60, 360):
        f[f"has_original_prev_30_to_{k}min"] = flag(earlier[k] - earlier[30] > 0, earlier[k])
    for k in RETURNS:
        f[f"return_{k}"] = b.returns(k)
    for n in (14, 20):
        f[f"rsi_{n}"] = b.simple_rsi(n)
    f["macd"], f["macd_signal"], f["macd_histogram"] = b.macd()
    f["bb_upper"], f["bb_middle"], f["bb_lower"], f["bb_width"], f["bb_position"] = b.bands()
    for n in (7, 14, 21, 50):
        f[f"sma_{n}"] = mean(c, n)
    for n in (7, 14, 21):
        f[f"ema_{n}"] = ema(c, n)
    f["atr_14"] = atr = mean(b.true_range(), 14)
    plus = ratio(100 * mean(np.maximum(h - lag(h, 1), 0), 14), atr)
    minus = ratio(100 * mean(np.maximum(lag(l, 1) - l, 0), 14), atr)
    f["adx_14"] = mean(ratio(100 * abs(plus - minus), plus + minus), 14)
    for k in (5, 10, 20):
        f[f"momentum_{k}"] = c - lag(c, k)
    for k in (5, 10):
        f[f"roc_{k}"] = 100 * (c / lag(c, k) - 1)
    for n in (20, 50):
        f[f"volatility_{n}"] = deviation(r, n)
    f["hl_range"] = f["spread_proxy"] = h - l
    f["hl_range_pct"] = f["spread_pct"] = f["realized_range"] = (h - l) / c
    f["hl_range_ma20"] = mean(h - l, 20)
    f["volume_ma20"], f["volume_ma50"] = mean(v, 20), mean(v, 50)
    f["volume_ratio"] = ratio(v, mean(v, 20))
    f["volume_zscore"] = ratio(excess(v, 20), deviation(v, 20))
    f["price_impact"] = abs(b.move) / (v + 1)
    f["price_impact_ma20"] = mean(f["price_impact"], 20)
    f["order_flow_imbalance"] = np.where(h == l, np.where(c == o, 0, np.nan), ratio(c - o, h - l))
    f["illiquidity"] = abs(r) / (v + 1)
    f["illiquidity_ma20"] = mean(f["illiquidity"], 20)
    f["vwap"] = ratio(total(c * v, 20), total(v, 20))
    f["close_vwap_ratio"] = ratio(c, f["vwap"])
    # In the same 64-bit steps: the difference of two rounded differences is itself a rounding where they cancel.
    velocity = v.astype(np.float64) - lag(v, 1).astype(np.float64)
    f["volume_velocity"] = velocity
    f["volume_acceleration"] = velocity - lag(velocity, 1).astype(np.float64)
    hist20 = YEAR * deviation(r, 20)
    f["hist_vol_20"], f["hist_vol_50"] = hist20, YEAR * deviation(r, 50)
    range2, body = np.log(h / l) ** 2, np.log(c / o)
    ln2 = np.log(LONG(2))
    f["gk_vol"] = YEAR * np.sqrt(mean(range2 / 2 - (2 * ln2 - 1) * body**2, 20))
    f["parkinson_vol"] = YEAR * np.sqrt(mean(range2, 20) / (4 * ln2))
    rogers = mean(np.log(h / c) * np.log(h / o) + np.log(l / c) * np.log(l / o), 20)
    f["rs_vol"] = YEAR * np.sqrt(rogers)
    k = LONG("0.34") / (LONG("1.34") + LONG(21) / 19)
    overnight = variance(np.log(o / b.before), 20)
    f["yz_vol"] = YEAR * np.sqrt(overnight + k * variance(body, 20) + (1 - k) * rogers)
    f["vol_of_vol"] = deviation(hist20, 20)
    median = constants["histVol20Median"]
    f["vol_regime_low"] = flag(hist20 < 0.7 * median, hist20)
    f["vol_regime_high"] = flag(hist20 > 1.5 * median, hist20)
    f["realized_range_ma"] = mean((h - l) / c, 20)
    f["ewma_vol"] = YEAR * weighted_deviation(r, LONG(2) / 21)
    return f


def weighted_deviation(x: Column, alpha: float) -> Column:
    """Weights (1 - alpha)^age over all history; W^2/(W^2 - sum of squared weights) takes out the bias."""
    out = np.full(len(x), np.nan, dtype=LONG)
    keep = 1 - LONG(alpha)
    # Beyond this age a weight is below 1e-30 of the newest.
    depth = int(np.ceil(np.log(1e-30) / np.log(float(keep))))
    weights = keep ** np.arange(depth)
    for i in range(len(x)):
        past = x[max(0, i - depth + 1) : i + 1][::-1]
        w = weights[: len(past)][~np.isnan(past)]
        y = past[~np.isnan(past)]
        if len(y) < 2:
            continue
        sum_w = w.sum()
        y = y - (w * y).sum() / sum_w
        out[i] = np.sqrt((w * y * y).sum() / sum_w * sum_w**2 / (sum_w**2 - (w * w).sum()))
    return out


def direction_set(b: Bars, _constants: dict[str, float]) -> dict[str, Column]:
    """The 40."""
    o, c, v, r, col = b.o, b.c, b.v, b.r, b.column
    f: dict[str, Column] = {f"ema_{n}": ema(c, n) for n in (12, 26, 50)}
    gains, losses = (exponential(x, LONG(1) / 14, minimum=14) for x in (np.maximum(b.move, 0), np.maximum(-b.move, 0)))
    f["rsi_14"] = strength(gains, losses)
    f["macd"], f["macd_signal"], f["macd_histogram"] = b.macd()
    f["bb_upper"], _, f["bb_lower"], _, f["bb_position"] = b.bands()
    f["atr_14"] = ema(b.true_range(), 14)
    f["order_book_imbalance"] = ratio(col["bidSize"] - col["askSize"], col["bidSize"] + col["askSize"])
    deep = ratio(col["bidDepth5"] - col["askDepth5"], col["bidDepth5"] + col["askDepth5"])
    f["depth_imbalance_5"] = np.clip(deep, -1, 1)
    f["bid_ask_spread"] = (col["askPrice"] - col["bidPrice"]) / ((col["askPrice"] + col["bidPrice"]) / 2)
    bought, sold = np.where(c > o, v, 0), np.where(c < o, v, 0)
    f["vpin"] = ratio(abs(total(bought, 20) - total(sold, 20)), total(v, 20))
    f["trade_flow_imbalance"] = ratio(total(v * np.sign(c - o), 20), total(v, 20))
    quarter, hour = (deviation(r, n) * np.sqrt(LONG(525_600) / n) for n in (15, 60))
    f["realized_volatility_15m"], f["realized_volatility_1h"] = quarter, hour
    f["parkinson_volatility"] = np.sqrt(mean(np.log(b.h / b.l) ** 2, 20) / (4 * np.log(LONG(2))))
    f["garch_volatility"] = np.sqrt(garch(r))
    f["volatility_ratio"] = ratio(quarter, hour)
    f["rolling_max_drawdown_1h"] = rolling(c, 60, lambda w: ((peak := np.maximum.accumulate(w, axis=1)) - w).__truediv__(peak).max(axis=1))
    f["time_since_high"] = rolling(c, 60, lambda w: w[:, ::-1].argmax(axis=1))
    leading = carried(col["otherClose"], FILLED)
    q = leading / lag(leading, 1) - 1
    for k in (1, 2):
        f[f"btc_returns_lag{k}"] = lag(q, k)
    f["btc_correlation_60m"] = correlation(r, q, 60)
    f["btc_volatility_ratio"] = ratio(deviation(q, 60), deviation(r, 60))
    f["funding_rate"] = col["fundingRate"]
    for name, k in (("1m", 1), ("5m", 5), ("15m", 15), ("1h", 60), ("4h", 240), ("24h", 1440)):
        f[f"return_{name}"] = b.returns(k)
    for name, k in (("1m", 1), ("5m", 5)):
        f[f"log_return_{name}"] = np.log(c / lag(c, k))
    f["sd_15m"], f["sd_1h"] = deviation(r, 15), deviation(r, 60)
    f["skew_1h"], f["kurtosis_1h"] = skewness(r, 60), kurtosis(r, 60)
    return f


def garch(r: Column) -> Column:
    out = np.full(len(r), np.nan, dtype=LONG)
    level = LONG(1e-5) / (1 - LONG(0.1) - LONG(0.85))
    for i in range(1, len(r)):
        if i > 1:
            level = LONG(1e-5) + LONG(0.1) * r[i - 1] ** 2 + LONG(0.85) * level
        out[i] = level
    return out


def correlation(x: Column, y: Column, n: int) -> Column:
    out = np.full(len(x), np.nan, dtype=LONG)
    a, b = (w - w.mean(axis=1, keepdims=True) for w in (windows(x, n), windows(y, n)))
    out[n - 1 :] = ratio((a * b).sum(axis=1), np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1)))
    return out


def central(w: Column, power: int) -> Column:
    return ((w - w.mean(axis=1, keepdims=True)) ** power).mean(axis=1)


def skewness(x: Column, n: int) -> Column:
    correction = np.sqrt(LONG(n) * (n - 1)) / (n - 2)
    return rolling(x, n, lambda w: correction * ratio(central(w, 3), central(w, 2) ** LONG(1.5)))


def kurtosis(x: Column, n: int) -> Column:
    correction = LONG(n - 1) / ((n - 2) * (n - 3))
    return rolling(x, n, lambda w: correction * ((n + 1) * (ratio(central(w, 4), central(w, 2) ** 2) - 3) + 6))


def compact_set(b: Bars, _constants: dict[str, float]) -> dict[str, Column]:
    """The six of the sentiment signal."""
    return {
        "sentiment_score": np.nan_to_num(b.column["sentiment"]),
        "sentiment_momentum": np.nan_to_num(b.column["sentimentMomentum"]),
        "rsi_14": b.simple_rsi(14),
        "volume_change": ratio(b.v - lag(b.v, 1), lag(b.v, 1)),
        "price_sma_20": ratio(b.c, mean(b.c, 20)),
        "macd": b.macd()[0],
    }


def regime_set(b: Bars, _constants: dict[str, float]) -> dict[str, Column]:
    vol = rank(ratio(deviation(b.r, 10), deviation(b.r, 250)), 250)
    trend = rank(ratio(excess(b.c, 50), mean(b.c, 50)), 250)
    momentum = rank(b.returns(20), 250)
    atr = exponential(b.true_range(), LONG(1) / 14, seed=14, minimum=14)
    expansion = ratio(atr, mean(atr, 50))
    memory = hurst(b.r)
    trend_state = np.where((trend > 0.7) & (momentum > 0.65), 1.0, np.where((trend < 0.3) & (momentum < 0.35), -1.0, 0.0))
    market = np.where(expansion > 3, 3.0, np.where((memory > 0.55) & (expansion >= 1), 1.0, np.where(memory < 0.45, 2.0, 0.0)))
    return {
        "vol_percentile": vol,
        "trend_percentile": trend,
        "momentum_percentile": momentum,
        "vol_state": np.where(np.isnan(vol), np.nan, np.where(vol > 0.85, 1.0, np.where(vol < 0.15, -1.0, 0.0))),
        "trend_state": np.where(np.isnan(trend + momentum), np.nan, trend_state),
        "atr_ratio": expansion,
        "hurst": memory,
        "market_state": np.where(np.isnan(expansion + memory), np.nan, market),
    }


def rank(x: Column, n: int) -> Column:
    values = np.floor(x * 2**30 + LONG("0.5"))
    return rolling(values, n, lambda w: np.where(np.isnan(w).any(axis=1), np.nan, (w <= w[:, -1:]).sum(axis=1) / n)).astype(np.float64)


def hurst(r: Column) -> Column:
    lags = np.arange(2, 21)
    logs = []
    for n in lags:
        w = windows(r, n)
        y = w - w.mean(axis=1, keepdims=True)
        path = np.concatenate([np.zeros((len(y), 1), dtype=LONG), y.cumsum(axis=1)], axis=1)
        spread = np.sqrt((y * y).mean(axis=1))
        flat = spread <= 1e-14 * abs(w.mean(axis=1))
        value = np.where(flat, 0, ratio(path.max(axis=1) - path.min(axis=1), spread))
        pad = np.full(n - 1, np.nan, dtype=LONG)
        there = np.where(np.isnan(value), np.nan, (~flat).astype(float))
        logs.append(np.log(ratio(total(np.r_[pad, value], 100), total(np.r_[pad, there], 100))))
    x = np.log(lags.astype(LONG))
    weights = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
    return sum(weight * log for weight, log in zip(weights, logs))


def finite(columns: dict[str, Column]) -> dict[str, Column]:
    return {name: np.where(np.isinf(column), np.nan, column) for name, column in columns.items()}


SETS = {"bars": bars_set, "direction": direction_set, "compact": compact_set, "regime": regime_set}
