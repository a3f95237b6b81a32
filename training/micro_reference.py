"""The microstructure set of docs/features.md from its formulas alone, over what a tape told (tape_reference.py has the letters)."""

from __future__ import annotations

import copy
import itertools
import warnings
from collections.abc import Callable

import numpy as np

from bar_reference import LONG, Column, ratio
from tape_reference import BOOK, LEADER, NS, ROW, TRADE, VOID, Tape, before, bps, imbalance, pick

TENTH = LONG("0.1")
DECAYS = {"100Ms": 0.1, "1S": 1, "5S": 5, "30S": 30}
WIDE = LONG("1.5")
SLOT_NS = NS // 10
LATER_SLOTS = 50
SECONDS_KEPT = np.exp(LONG(-1) / 300)
BUCKETS, BUCKET_S = 50, 3
SPANS_MS = {"100Ms": 100, "500Ms": 500, "1S": 1000, "5S": 5000}


def microstructure_set(t: Tape, constants: dict[str, float]) -> dict[str, Column]:
    t = counting_trades(t)
    return flows(t) | shapes(t, constants) | trades(t) | counts(t) | seconds(t) | spreads(t) | leader(t)


def counting_trades(tape: Tape) -> Tape:
    """Trades count while there is a book."""
    t = copy.copy(tape)
    step = tape.step[TRADE]
    book, void = before(tape.step[BOOK], step), before(tape.step[VOID], step)
    has_book = pick(tape.step[BOOK], book, -1) > pick(tape.step[VOID], void, -1)
    for field in ("step", "time", "numbers"):
        by_kind = dict(getattr(tape, field))
        by_kind[TRADE] = by_kind[TRADE][has_book]
        setattr(t, field, by_kind)
    return t


def usual_size(t: Tape) -> Column:
    """mean30[L]."""
    return t.mean((t.bid_size + t.ask_size).sum(axis=1) / 20, 30)


def after(t: Tape, column: Column, warm_up_s: float) -> Column:
    """NaN until so long after the first book."""
    return np.where(t.at_ns - t.first_ns >= warm_up_s * NS, column, np.nan)


def flows(t: Tape) -> dict[str, Column]:
    e, size = t.order_flow(), usual_size(t)
    f = {f"ofiLevel{n + 1}": after(t, t.faded(BOOK, e[:, n], 1) / size, 1) for n in range(10)}
    for name, decay in DECAYS.items():
        f[f"ofi10Over{name}"] = after(t, t.faded(BOOK, e.sum(axis=1), decay) / (10 * size), decay)
    return f


def fair_offset(t: Tape, constants: dict[str, float]) -> Column:
    """g S at each book."""
    i = imbalance(t.bid_size[:, 0], t.ask_size[:, 0])
    spread = t.ask_price[:, 0] - t.bid_price[:, 0]
    fifths = np.arange(6, dtype=LONG) / 5
    usual, wide = (np.array([0.0, *(constants[f"microprice_{kind}_{k}"] for k in range(1, 6))], dtype=LONG) for kind in ("usual", "wide"))
    is_wide = spread > WIDE * t.mean_at_books(spread, 30)
    return np.sign(i) * np.where(is_wide, between(abs(i), fifths, wide), between(abs(i), fifths, usual)) * spread


def between(x: Column, at: Column, values: Column) -> Column:
    """Straight lines, in the digits of `values`."""
    left = np.clip(np.searchsorted(at, x, side="right") - 1, 0, len(at) - 2)
    share = (x - at[left]) / (at[left + 1] - at[left])
    return values[left] + share * (values[left + 1] - values[left])


def shapes(t: Tape, constants: dict[str, float]) -> dict[str, Column]:
    qb, qa, mid = t.bid_size, t.ask_size, t.mid
    i, spread = imbalance(qb[:, 0], qa[:, 0]), t.ask_price[:, 0] - t.bid_price[:, 0]
    weights = np.exp(-np.arange(10, dtype=LONG) / 2)
    offset = fair_offset(t, constants)
    sides = ((mid[:, None] - t.bid_price, qb), (t.ask_price - mid[:, None], qa))
    slopes = []
    for apart, size in sides:
        distance, held = 10_000 * apart / mid[:, None], size.cumsum(axis=1)
        slopes.append((distance * held).sum(axis=1) / (distance**2).sum(axis=1))
    all_sizes = (qb + qa).sum(axis=1)
    return {
        "queueImbalance": t.now(i),
        "queueImbalance1S": after(t, t.mean(i, 1), 1),
        "queueImbalance5S": after(t, t.mean(i, 5), 5),
        "depthImbalance": t.now(ratio(((qb - qa) * weights).sum(axis=1), ((qb + qa) * weights).sum(axis=1))),
        "microprice": t.now(10_000 * offset / mid),
        "micropriceMove": after(t, 10_000 * (t.now(offset) - t.mean(offset, 5)) / t.now(mid), 5),
        "depthSlope": np.log(t.now(slopes[0] + slopes[1]) / 2 / usual_size(t)),
        "depthSlopeAsymmetry": t.now(imbalance(*slopes)),
        "bestShare": t.now((qb + qa)[:, 0] / all_sizes),
        "spreadRatio": np.log(t.now(spread) / t.mean(spread, 30)),
    }


def trades(t: Tape) -> dict[str, Column]:
    size, sign = t.numbers[TRADE][:, 1], t.signs()
    f = {}
    for name in ("1S", "5S", "30S"):
        decay = DECAYS[name]
        f[f"tradeFlow{name}"] = after(t, t.faded(TRADE, sign * size, decay) / (t.faded(TRADE, size, decay) + usual_size(t)), decay)
    return f | buckets(t, size, sign)


def counts(t: Tape) -> dict[str, Column]:
    sign = t.signs()
    bought, sold = (sign > 0).astype(LONG), (sign < 0).astype(LONG)
    any_trade, any_book = np.ones(len(sign), dtype=LONG), np.ones(len(t.mid), dtype=LONG)
    change = np.sign(np.diff(t.mid, prepend=t.mid[:1]))
    change[t.is_first] = 0
    rises, falls = (change > 0).astype(LONG), (change < 0).astype(LONG)

    def pace(kind: int, x: Column, short: float, long: float) -> Column:
        return after(t, np.log((t.faded(kind, x, short) / short + TENTH) / (t.faded(kind, x, long) / long + TENTH)), long)

    def lean(kind: int, up: Column, down: Column, decay: float) -> Column:
        a, b = t.faded(kind, up, decay), t.faded(kind, down, decay)
        return after(t, (a - b) / (a + b + 1), decay)

    return {
        **{f"intensityImbalance{name}": lean(TRADE, bought, sold, DECAYS[name]) for name in ("100Ms", "1S", "5S")},
        **{f"moveImbalance{name}": lean(BOOK, rises, falls, DECAYS[name]) for name in ("1S", "5S")},
        "buyIntensity": pace(TRADE, bought, 1, 300),
        "sellIntensity": pace(TRADE, sold, 1, 300),
        "tradeClustering": pace(TRADE, any_trade, 0.1, 5),
        "updateIntensity": pace(BOOK, any_book, 1, 30),
    }


def buckets(t: Tape, size: Column, sign: Column) -> dict[str, Column]:
    """
    Fifty buckets of equal volume. They begin anew with each minute, each three seconds of what the minute before traded on average. A trade
    fills fifty at the most: what is beyond is one more.
    """
    # The clock is that of all that came, not of trades alone.
    clock = t.ns[t.clock] / NS
    full: list[tuple[Column, Column, Column]] = []
    said = np.full((len(size), 3), np.nan, dtype=LONG)
    whole = held = bought = minute_volume = LONG(0)
    began, minute = 0.0, int(np.ceil(clock[0]) // 60)
    for i, now in enumerate(t.time[TRADE] / NS):
        told = int(np.ceil(now) // 60)
        if told != minute:
            if minute_volume > 0:
                # The minute ended with the first that came after it.
                ended = clock[np.searchsorted(np.ceil(clock) // 60, minute, side="right")]
                whole, held, bought = BUCKET_S * minute_volume / LONG(min(60, max(1, ended - t.first_ns / NS))), LONG(0), LONG(0)
            minute, minute_volume = told, LONG(0)
        minute_volume += size[i]
        left = size[i] if whole > 0 else LONG(0)
        for of_trade in itertools.count():
            if left <= whole * LONG("1e-12"):
                break
            began = now if held == 0 else began
            part = min(left, whole - held) if of_trade < BUCKETS else left
            held, bought, left = held + part, bought + part * (1 + sign[i]) / 2, left - part
            if whole - held <= whole * LONG("1e-12"):
                full.append((2 * bought - held, held, LONG(now - began)))
                held = bought = LONG(0)
        if len(full) >= BUCKETS:
            signed, volume, took = np.array(full[-BUCKETS:], dtype=LONG).T
            hundredth = LONG("0.01")
            pace = np.log((took[-1] + hundredth) / (took.mean() + hundredth))
            said[i] = abs(signed).sum() / volume.sum(), signed.sum() / volume.sum(), pace
    last = before(t.step[TRADE], t.at)
    return {name: pick(said[:, k], last) for k, name in enumerate(("vpin", "vpinSigned", "bucketPace"))}


class Seconds:
    """The book as it stood at each whole second from the first on, -1 for none, and which of them a row has seen the end of."""

    def __init__(self, t: Tape) -> None:
        first = int(np.ceil(t.time[BOOK][0] / NS))
        self.at = np.arange(first, int(np.ceil(t.at_ns.max() / NS)) + 1)
        self.book = t.standing(self.at * NS)
        self.last = np.ceil(t.at_ns / NS).astype(int) - 1 - first

    def said(self, column: Column) -> Column:
        return pick(column, self.last)


def returns(mid: Column) -> Column:
    """Of each second, where the mid at both its ends is known."""
    return np.r_[LONG(np.nan), bps(mid[1:] / mid[:-1])]


def bipower(r: Column, n: int) -> Column:
    """Barndorff-Nielsen and Shephard's over the last n returns, a second: no product but of seconds that follow one another."""
    product = abs(r * np.r_[np.nan, r[:-1]])
    known = ~np.isnan(r)
    return np.pi / LONG(2) * over_last(product[known], n - 1, np.nanmean)


def over_last(x: Column, n: int, reduce: Callable[..., Column] = np.sum) -> Column:
    """NaN until there are so many."""
    out = np.full(len(x), np.nan, dtype=LONG)
    if len(x) >= n:
        with warnings.catch_warnings():
            # A mean of nothing is NaN.
            warnings.simplefilter("ignore", RuntimeWarning)
            out[n - 1 :] = reduce(np.lib.stride_tricks.sliding_window_view(x, n), axis=1)
    return out


def seconds(t: Tape) -> dict[str, Column]:
    grid = Seconds(t)
    all_r = returns(pick(t.mid, grid.book))
    known = np.flatnonzero(~np.isnan(all_r))
    r = all_r[known]
    f: dict[str, Column] = {}
    for n in (60, 300):
        square = over_last(r**2, n, np.mean)
        products = np.where(np.isnan(square), np.nan, bipower(all_r, n))
        f[f"realizedVolatility{n}S"] = np.sqrt(square)
        f[f"bipowerVolatility{n}S"] = np.sqrt(products)
        f[f"jumpShare{n}S"] = np.where(square > 0, np.maximum(0, 1 - ratio(products, square)), np.nan)
    short, long = f["realizedVolatility60S"], f["realizedVolatility300S"]
    with np.errstate(all="ignore"):
        f["volatilityRatio"] = np.where((short > 0) & (long > 0), np.log(short / long), np.nan)
    f["downsideShare60S"] = ratio(over_last(np.where(r < 0, r**2, 0), 60), over_last(r**2, 60))
    # What the last return said stands until the next.
    out = {name: pick(column, before(known, grid.last)) for name, column in f.items()}
    spread, depth = (t.ask_price - t.bid_price)[:, 0] / t.mid, np.log((t.bid_size + t.ask_size)[:, :5].sum(axis=1))
    for name, x in (("spreadPersistence", spread), ("depthPersistence", depth)):
        out[name] = grid.said(persistence(pick(x, grid.book)))
    warm_ups = {name: 61 if name.endswith("60S") else 301 for name in f} | {"spreadPersistence": 300, "depthPersistence": 300}
    return {name: after(t, column, warm_ups[name]) for name, column in out.items()}


def persistence(x: Column) -> Column:
    """Slope of each second's value on the one before, with an intercept, within [-1, 1]; NaN where it never changed."""
    y = x - x[0]
    out = np.full(len(y), np.nan, dtype=LONG)
    sums = np.zeros(5, dtype=LONG)
    for i in range(1, len(y)):
        out[i] = out[i - 1]
        if np.isnan(y[i - 1] + y[i]):
            continue
        sums = sums * SECONDS_KEPT + np.array([1, y[i - 1], y[i], y[i - 1] ** 2, y[i - 1] * y[i]])
        weight, a, b, aa, ab = sums
        variance = weight * aa - a * a
        out[i] = np.clip((weight * ab - a * b) / variance, -1, 1) if variance > LONG("1e-12") * weight * aa else np.nan
    return out


def spreads(t: Tape) -> dict[str, Column]:
    """Paid at once, and left five seconds after the tenth of a second in which the trade fell."""
    price, size = t.numbers[TRADE][:, 0], t.numbers[TRADE][:, 1]
    sign, mid = t.signs(), pick(t.mid, before(t.step[BOOK], t.step[TRADE]))
    paid = np.nan_to_num(20_000 * sign * size * (price - mid) / mid)
    f = {"effectiveSpread": after(t, share(t.faded(TRADE, paid, 30), t.faded(TRADE, np.where(mid > 0, size, 0), 30)), 30)}
    due = (np.ceil(t.time[TRADE] / SLOT_NS) + LATER_SLOTS) * SLOT_NS
    later = t.mid_at(due)
    # Counted with the first book, trade or row after it was due, if there is a book then.
    counted = before(t.ns[t.clock], due) + 1
    is_due = (counted < len(t.clock)) & (mid > 0) & (t.standing(due) >= 0)
    at = t.clock[counted[is_due]]
    left = (20_000 * sign * size * np.log(price / later))[is_due]
    sums = [t.faded_at(at, x, 30) for x in (left, size[is_due])]
    return f | {"realizedSpread5S": after(t, share(*sums), 30)}


def share(a: Column, b: Column) -> Column:
    return np.where(b > 0, ratio(a, b), np.nan)


def leader(t: Tape) -> dict[str, Column]:
    """What the mid of another symbol said and how the two went together, second by second."""
    moments, mids = t.time[LEADER], t.numbers[LEADER][:, 0]
    at = lambda ns: pick(mids, before(moments, ns))
    now = at(t.at_ns)
    f = {f"leaderReturn{name}": after(t, bps(now / at(t.at_ns - ms * 1_000_000)), ms / 1000) for name, ms in SPANS_MS.items()}
    grid = Seconds(t)
    own, other = returns(pick(t.mid, grid.book)), returns(at(grid.at * NS))
    sums, said = np.zeros(5, dtype=LONG), np.full((len(own), 3), np.nan, dtype=LONG)
    for i in range(1, len(own)):
        if not np.isnan(own[i] + other[i]):
            # A second before of which one return is not known is none.
            follows = not np.isnan(own[i - 1] + other[i - 1])
            crossed = (own[i] * other[i - 1], own[i - 1] * other[i]) if follows else (0, 0)
            sums = sums * SECONDS_KEPT + np.array([own[i] ** 2, other[i] ** 2, own[i] * other[i], *crossed])
        both = np.sqrt(sums[0] * sums[1])
        said[i] = sums[2] / sums[1] if sums[1] > 0 else np.nan, *((sums[2] / both, (sums[3] - sums[4]) / both) if both > 0 else (np.nan, np.nan))
    is_known = ~np.isnan(now)
    for k, name in enumerate(("Beta", "Correlation", "Lead")):
        f[f"leader{name}"] = after(t, np.where(is_known, grid.said(said[:, k]), np.nan), 300)
    # A second ago: ten points of 100 ms before the newest.
    past = (np.ceil(t.at_ns / SLOT_NS) - 11) * SLOT_NS
    f["leaderGap1S"] = f["leaderBeta"] * f["leaderReturn1S"] - bps(t.now(t.mid) / pick(t.mid, t.standing(past)))
    return f
