"""Splits by time that do not leak: what a label saw never reaches the next part."""

import numpy as np


def split_by_time(
    time: np.ndarray, shares: dict[str, float], embargo: int, start: int | None = None, end: int | None = None
) -> dict[str, np.ndarray]:
    """Consecutive parts by share of the time; the last `embargo` before each border belongs to no part.

    All times in one unit. With an embargo no shorter than the horizon, every label is known before the next part begins.
    """
    first = int(time[0]) if start is None else start
    last = int(time[-1]) if end is None else end
    parts: dict[str, np.ndarray] = {}
    begin, passed = first, 0.0
    for index, (name, share) in enumerate(shares.items()):
        passed += share
        is_last = index == len(shares) - 1
        border = last + 1 if is_last else first + int((last - first) * passed)
        parts[name] = (time >= begin) & (time < (border if is_last else border - embargo))
        begin = border
    return parts
