"""The event features of docs/features.md in NumPy and pandas, from their formulas alone: what a tape told, and rows at which the sets are read.

Sums that fade are carried along in extended precision, all else is looked up by time.
"""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd

from bar_reference import LONG, Column, ratio

BOOK, VOID, TRADE, QUOTE, BAR, ROW, LEADER = range(7)
LEVELS = 10
NS = 1_000_000_000
GRID_NS = 20_000_000
QUOTE_KEPT_NS = NS


def before(times: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Position of the last of `times` at or before each of `at`; -1 where there is none."""
    return np.searchsorted(times, at, side="right") - 1


def pick(values: Column, index: np.ndarray, missing: float = np.nan) -> Column:
    if len(values) == 0:
        return np.full(len(index), missing, dtype=LONG)
    return np.where(index >= 0, values[np.maximum(index, 0)], missing)


def fading(step: np.ndarray, x: Column, decay_s: float, at_step: np.ndarray, time_ns: np.ndarray, at_ns: np.ndarray) -> Column:
    """D_T[x] at each row: events of `x` stand at `step`, rows at `at_step`, both positions in the order of the tape."""
    state = np.zeros(len(x) + 1, dtype=LONG)
    keep = np.exp(-np.diff(time_ns, prepend=time_ns[:1]).astype(LONG) / NS / LONG(decay_s))
    for i in range(len(x)):
        state[i + 1] = state[i] * keep[i] + x[i]
    last = before(step, at_step)
    age = (at_ns - pick(time_ns.astype(LONG), last, 0)) / NS
    return state[last + 1] * np.exp(-age / LONG(decay_s))


class Tape:
    """The events by kind, each with its place in the order of the tape."""

    def __init__(self, told: pd.DataFrame) -> None:
        kind = told["kind"].to_numpy().astype(int)
        numbers = told.to_numpy()[:, 3:]
        # A loss of the book has no time of its own.
        self.ns = told["receivedNs"].mask(kind == VOID).ffill().fillna(0).to_numpy()
        self.step = {k: np.flatnonzero(kind == k) for k in range(7)}
        self.time = {k: self.ns[at] for k, at in self.step.items()}
        self.numbers = {k: numbers[at].astype(LONG) for k, at in self.step.items()}
        self.seq = {k: told["seq"].to_numpy()[at] for k, at in self.step.items()}
        self.at, self.at_ns = self.step[ROW], self.time[ROW]
        self.first_ns = self.time[BOOK][0]
        self._book()
        self.clock = self.clock_of(BOOK, TRADE, ROW)

    def _book(self) -> None:
        levels = self.numbers[BOOK]
        self.bid_price, self.bid_size = levels[:, 0 : 2 * LEVELS : 2], levels[:, 1 : 2 * LEVELS : 2]
        self.ask_price, self.ask_size = levels[:, 2 * LEVELS :: 2], levels[:, 2 * LEVELS + 1 :: 2]
        self.mid = (self.bid_price[:, 0] + self.ask_price[:, 0]) / 2
        step, voids = self.step[BOOK], self.step[VOID]
        # The first book after a loss is no change of the one before it.
        self.is_first = np.r_[True, before(voids, step)[1:] > before(voids, step)[:-1]] if len(voids) else np.arange(len(step)) == 0
        self.last = before(step, self.at)

    def clock_of(self, *kinds: int) -> np.ndarray:
        """The steps at which time passes, the first book being the first: what came between them is only known with the next."""
        moving = np.sort(np.concatenate([self.step[k] for k in kinds]))
        return moving[moving >= self.step[BOOK][0]]

    def stood_until(self) -> Column:
        """When each book gave way to the next or, where it was lost, was last known to stand."""
        books, voids = self.step[BOOK], self.step[VOID]
        until = np.append(self.time[BOOK][1:], np.inf)
        lost = np.append(self.is_first[1:], False)
        first_void = voids[before(voids, books[lost]) + 1]
        until[lost] = self.ns[self.clock[before(self.clock, first_void)]]
        return until.astype(LONG)

    def standing(self, at_ns: np.ndarray) -> np.ndarray:
        """The book at each point of a grid, as the first that came after the point found it; -1 where there was none."""
        counted = before(self.ns[self.clock], at_ns) + 1
        step = np.append(self.clock, self.clock[-1] + 1)[counted] - 1
        book = before(self.step[BOOK], step)
        return np.where(pick(self.step[BOOK], book, -1) > pick(self.step[VOID], before(self.step[VOID], step), -1), book, -1)

    def now(self, x: Column) -> Column:
        """Of the book as it stands."""
        return pick(x, self.last)

    def faded(self, kind: int, x: Column, decay_s: float) -> Column:
        return fading(self.step[kind], x, decay_s, self.at, self.time[kind], self.at_ns)

    def faded_at(self, step: np.ndarray, x: Column, decay_s: float) -> Column:
        return fading(step, x, decay_s, self.at, self.ns[step], self.at_ns)

    def _means(self, x: Column, decay_s: float) -> tuple[Column, Column]:
        """Over the time until each book, each moment weighted with exp(-age/T): sum and weight. Time without a book does not count."""
        stood = (self.stood_until() - self.time[BOOK]) / NS
        total, weight = np.zeros(len(x), dtype=LONG), np.zeros(len(x), dtype=LONG)
        for i in range(1, len(x)):
            keep = np.exp(-stood[i - 1] / LONG(decay_s))
            total[i] = total[i - 1] * keep + x[i - 1] * (1 - keep)
            weight[i] = weight[i - 1] * keep + (1 - keep)
        return total, weight

    def mean(self, x: Column, decay_s: float) -> Column:
        """mean_T[x] at each row."""
        total, weight = self._means(x, decay_s)
        last = self.last
        keep = np.exp(-(self.at_ns - self.time[BOOK][last]) / NS / LONG(decay_s))
        seen = weight[last] * keep + (1 - keep)
        return np.where(seen > 0, ratio(total[last] * keep + x[last] * (1 - keep), seen), x[last])

    def mean_at_books(self, x: Column, decay_s: float) -> Column:
        """mean_T[x] as each book came."""
        total, weight = self._means(x, decay_s)
        return np.where(weight > 0, ratio(total, weight), x)

    def order_flow(self) -> Column:
        """e_n of each level at each book; the first book flows nowhere."""
        pb, qb, pa, qa = self.bid_price, self.bid_size, self.ask_price, self.ask_size
        e = np.zeros(pb.shape, dtype=LONG)
        e[1:] = flow(pb[:-1], qb[:-1], pa[:-1], qa[:-1], pb[1:], qb[1:], pa[1:], qa[1:])
        e[self.is_first] = 0
        return e

    def mid_at(self, at_ns: np.ndarray) -> Column:
        """The mid that stood at each time; before the first, the first."""
        return self.mid[np.maximum(before(self.time[BOOK], at_ns), 0)]

    def signs(self) -> Column:
        """Of the aggressor: +1 bought, -1 sold; by the side of the mid where the venue does not say."""
        price, told = self.numbers[TRADE][:, 0], self.numbers[TRADE][:, 2]
        mid = pick(self.mid, before(self.step[BOOK], self.step[TRADE]))
        return np.where(told != 0, told, np.nan_to_num(np.sign(price - mid)))


def flow(pb0: Column, qb0: Column, pa0: Column, qa0: Column, pb: Column, qb: Column, pa: Column, qa: Column) -> Column:
    """Cont, Kukanov, Stoikov: what came to the bid and left the ask, less the other way round."""
    return np.where(pb >= pb0, qb, 0) - np.where(pb <= pb0, qb0, 0) - np.where(pa <= pa0, qa, 0) + np.where(pa >= pa0, qa0, 0)


def microprice(pb: Column, qb: Column, pa: Column, qa: Column) -> Column:
    return (pb * qa + pa * qb) / (qb + qa)


def bps(ratio_of: Column) -> Column:
    return 10_000 * np.log(ratio_of)


def imbalance(bids: Column, asks: Column) -> Column:
    return ratio(bids - asks, bids + asks)


def market_set(tape: Tape, _constants: dict[str, float]) -> dict[str, Column]:
    t = copy.copy(tape)
    t.clock = t.clock_of(BOOK, TRADE, QUOTE, ROW)
    pb, qb, pa, qa = t.bid_price, t.bid_size, t.ask_price, t.ask_size
    mid = t.now(t.mid)
    f: dict[str, Column] = {"spreadBps": t.now(10_000 * (pa - pb)[:, 0] / t.mid)}
    for n in (1, 5, 10):
        f[f"imbalance{n}"] = t.now(imbalance(qb[:, :n].sum(axis=1), qa[:, :n].sum(axis=1)))
    f["micropriceBps"] = t.now(10_000 * (microprice(pb, qb, pa, qa)[:, 0] - t.mid) / t.mid)
    five = [x[:, :5].sum(axis=1) for x in (pb * qb, qb, pa * qa, qa)]
    f["depthPriceBps"] = t.now(10_000 * (microprice(five[0] / five[1], five[1], five[2] / five[3], five[3]) - t.mid) / t.mid)
    f["slopeAsymmetry"] = t.now(imbalance(pa[:, 9] - pa[:, 0], pb[:, 0] - pb[:, 9]))
    size1, size5 = (qb + qa)[:, 0] / 2, (five[1] + five[3]) / 2
    mean1, mean5 = t.mean(size1, 30), t.mean(size5, 30)
    f["depthRatio"] = np.log(t.now(size5) / mean5)
    e = t.order_flow()
    for name, decay in (("100Ms", 0.1), ("1S", 1), ("5S", 5)):
        f[f"ofi1Over{name}"] = t.faded(BOOK, e[:, 0], decay) / mean1
        f[f"ofi5Over{name}"] = t.faded(BOOK, e[:, :5].sum(axis=1), decay) / mean5
    f |= quote_features(t, f, mean1)
    f |= trade_features(t, mean1, mid)
    for name, ns in (("100Ms", 0.1), ("500Ms", 0.5), ("1S", 1), ("5S", 5), ("30S", 30)):
        past = np.floor((t.at_ns - ns * NS) / GRID_NS) * GRID_NS
        f[f"return{name}"] = bps(mid / t.mid_at(past))
    steps = np.r_[LONG(0), bps(t.mid[1:] / t.mid[:-1])]
    steps[t.is_first] = 0
    f["volatility5S"] = np.sqrt(t.faded(BOOK, steps**2, 5) / 5)
    return f | second_bars(t, mid)


def quote_features(t: Tape, f: dict[str, Column], mean1: Column) -> dict[str, Column]:
    """Of the last quote where it is of the last second; the book's elsewhere."""
    pb, qb, pa, qa = t.numbers[QUOTE][:, :4].T
    last = before(t.step[QUOTE], t.at)
    is_fresh = (last >= 0) & (t.at_ns - pick(t.time[QUOTE].astype(LONG), last, -np.inf) <= QUOTE_KEPT_NS)
    e = np.zeros(len(pb), dtype=LONG)
    e[1:] = flow(pb[:-1], qb[:-1], pa[:-1], qa[:-1], pb[1:], qb[1:], pa[1:], qa[1:])
    is_ahead = is_fresh & (pick(t.seq[QUOTE], last, 0) > t.now(t.seq[BOOK]))
    mid = t.now(t.mid)
    fair = pick(microprice(pb, qb, pa, qa), last)
    out = {
        "quoteImbalance": np.where(is_ahead, pick(imbalance(qb, qa), last), f["imbalance1"]),
        "quoteMicropriceBps": np.where(is_ahead, 10_000 * (fair - mid) / mid, f["micropriceBps"]),
    }
    for name, decay in (("100Ms", 0.1), ("1S", 1)):
        out[f"quoteOfiOver{name}"] = np.where(is_fresh, t.faded(QUOTE, e, decay) / mean1, f[f"ofi1Over{name}"])
    return out


def trade_features(t: Tape, mean1: Column, mid: Column) -> dict[str, Column]:
    price, size = t.numbers[TRADE][:, 0], t.numbers[TRADE][:, 1]
    signed, one = t.signs() * size, np.ones(len(size), dtype=LONG)
    f = {f"tradeFlowOver{name}": t.faded(TRADE, signed, decay) / mean1 for name, decay in (("100Ms", 0.1), ("1S", 1), ("5S", 5))}
    f["tradeImbalance5S"] = np.nan_to_num(ratio(t.faded(TRADE, signed, 5), t.faded(TRADE, size, 5)))
    f["tradeIntensity"] = np.log((t.faded(TRADE, one, 1) + LONG("0.1")) / (t.faded(TRADE, one, 30) / 30 + LONG("0.1")))
    f["lastTradeBps"] = np.nan_to_num(bps(pick(price, before(t.step[TRADE], t.at)) / mid))
    return f


def second_bars(t: Tape, mid: Column) -> dict[str, Column]:
    """Of the closed bars of a second; a window counts what there is of it."""
    high, low, close, volume, vwap = t.numbers[BAR][:, :5].T
    n = len(close)
    place = np.arange(n)
    f = {f"barReturn{k}": bps(close / close[np.maximum(place - k, 0)]) for k in (10, 60)}
    move = np.diff(close, prepend=close[:1])
    gains, losses = LONG(0), LONG(0)
    rsi = np.full(n, LONG(50))
    for i in range(1, n):
        weight = LONG(1) / min(i, 14)
        gains += (max(move[i], LONG(0)) - gains) * weight
        losses += (max(-move[i], LONG(0)) - losses) * weight
        if gains + losses > 0:
            rsi[i] = 100 * gains / (gains + losses)
    f["rsi14"] = rsi
    of = lambda x, length, reduce: np.array([reduce(x[max(0, i - length + 1) : i + 1]) for i in range(n)], dtype=LONG)
    f["barRange30"] = bps(of(high, 30, np.max) / of(low, 30, np.min))
    f["volumeRatio"] = np.nan_to_num(np.log(np.maximum(ratio(of(volume, 5, np.mean), of(volume, 60, np.mean)), LONG("0.01"))))
    average = ratio(of(volume * vwap, 30, np.sum), of(volume, 30, np.sum))
    last = before(t.step[BAR], t.at)
    still = {"rsi14": 50.0}
    out = {name: np.where(last >= 0, pick(column, last), still.get(name, 0.0)) for name, column in f.items()}
    out["vwapDeviationBps"] = np.nan_to_num(bps(mid / pick(average, last)))
    return out


