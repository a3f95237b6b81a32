"""What each market feature becomes when bids and asks, buyers and sellers, up and down change places."""

import numpy as np

# Unchanged: they know no side.
EVEN = {"spreadBps", "depthRatio", "tradeIntensity", "volatility5S", "barRange30", "volumeRatio"}
# Change their sign.
ODD = {
    "imbalance1",
    "imbalance5",
    "imbalance10",
    "micropriceBps",
    "depthPriceBps",
    "slopeAsymmetry",
    "ofi1Over100Ms",
    "ofi1Over1S",
    "ofi1Over5S",
    "ofi5Over100Ms",
    "ofi5Over1S",
    "ofi5Over5S",
    "quoteOfiOver100Ms",
    "quoteOfiOver1S",
    "quoteImbalance",
    "quoteMicropriceBps",
    "tradeFlowOver100Ms",
    "tradeFlowOver1S",
    "tradeFlowOver5S",
    "tradeImbalance5S",
    "lastTradeBps",
    "return100Ms",
    "return500Ms",
    "return1S",
    "return5S",
    "return30S",
    "barReturn10",
    "barReturn60",
    "vwapDeviationBps",
}
# Become this number less what they were.
REFLECTED = {"rsi14": 100.0}
# More pressure on the bid never speaks for a fall: the trees may not learn otherwise from a quarter of an hour.
RISING = {
    "imbalance1",
    "imbalance5",
    "imbalance10",
    "micropriceBps",
    "depthPriceBps",
    "ofi1Over100Ms",
    "ofi1Over1S",
    "ofi5Over100Ms",
    "ofi5Over1S",
    "quoteOfiOver100Ms",
    "quoteOfiOver1S",
    "quoteImbalance",
    "quoteMicropriceBps",
    "tradeFlowOver100Ms",
    "lastTradeBps",
}
# Turn over the last ten seconds to a minute: in so short recordings they name the minute rather than its future.
SLOW = {
    "return30S",
    "barReturn10",
    "barReturn60",
    "rsi14",
    "barRange30",
    "volumeRatio",
    "vwapDeviationBps",
    "volatility5S",
    "depthRatio",
    "tradeIntensity",
}


def mirrored(values: np.ndarray, names: list[str]) -> np.ndarray:
    unknown = set(names) - EVEN - ODD - set(REFLECTED)
    if unknown:
        raise ValueError(f"say how these features mirror: {sorted(unknown)}")
    sign = np.array([1.0 if name in EVEN else -1.0 for name in names], dtype=values.dtype)
    offset = np.array([REFLECTED.get(name, 0.0) for name in names], dtype=values.dtype)
    return values * sign + offset


def monotone(names: list[str]) -> list[int]:
    return [1 if name in RISING else 0 for name in names]
