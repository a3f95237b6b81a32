"""Windows of bars as PatchTST sees them; the engine's models/patchtst/spec.ts computes the same numbers."""

import csv
import pathlib
from dataclasses import dataclass

import numpy as np

CHANNELS = ("open", "high", "low", "close", "volume", "vwap")
CLOSE, VOLUME = CHANNELS.index("close"), CHANNELS.index("volume")
LENGTH, STEPS = 64, 12
STD_MIN = 1e-6
# A move within this many standard deviations of one-bar returns is neutral.
NEUTRAL_BAND = 0.5
CLASSES = ("up", "down", "neutral")
NORMALISATION = {
    "kind": "logReturnZ",
    "price": "ln(x / last close) / max(std, 1e-6); std: population standard deviation of the 63 one-bar ln returns of close",
    "volume": "(ln(1 + v) - mean) / max(std, 1e-6) over the 64 bars, population standard deviation",
    "stdMin": STD_MIN,
    "neutralBand": NEUTRAL_BAND,
    "classes": list(CLASSES),
}


@dataclass(frozen=True)
class BarTable:
    source: str
    open_us: np.ndarray
    # [bars, channels]
    values: np.ndarray


def load(path: pathlib.Path) -> BarTable:
    """The CSV that engine/cli/feature-export.ts writes; rounded to float32, in which the engine keeps its bars."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    values = np.array([[float(row[channel]) for channel in CHANNELS] for row in rows], dtype=np.float32)
    return BarTable(path.stem, np.array([int(row["openUs"]) for row in rows]), values.astype(np.float64))


def normalise(window: np.ndarray) -> tuple[np.ndarray, float, float]:
    """The model's input as float32, with the last close and the std that turn its prices back."""
    close = window[:, CLOSE]
    std = max(float(np.diff(np.log(close)).std()), STD_MIN)
    volume = np.log1p(window[:, VOLUME])
    normal = np.log(window / close[-1], where=np.arange(window.shape[1]) != VOLUME, out=np.zeros_like(window)) / std
    normal[:, VOLUME] = (volume - volume.mean()) / max(float(volume.std()), STD_MIN)
    return normal.astype(np.float32), float(close[-1]), std


def windows_of(table: BarTable, interval_us: int) -> dict[str, np.ndarray]:
    """Each window of LENGTH bars that has no hole, with the STEPS closes after it in the same units."""
    past, future, end_us = [], [], []
    for last in range(LENGTH - 1, len(table.open_us) - STEPS):
        first, beyond = last - LENGTH + 1, last + STEPS
        if table.open_us[beyond] - table.open_us[first] != (beyond - first) * interval_us:
            continue
        normal, close, std = normalise(table.values[first : last + 1])
        past.append(normal)
        future.append(np.log(table.values[last + 1 : beyond + 1, CLOSE] / close) / std)
        end_us.append(table.open_us[last] + interval_us)
    return {
        "past": np.array(past, dtype=np.float32).reshape(-1, LENGTH, len(CHANNELS)),
        "future": np.array(future, dtype=np.float32).reshape(-1, STEPS),
        "end_us": np.array(end_us, dtype=np.int64),
    }


def mirrored(past: np.ndarray) -> np.ndarray:
    """The window of a market that fell where this one rose: the highest price becomes the lowest."""
    turned = -past[..., [CHANNELS.index(name) for name in ("open", "low", "high", "close", "volume", "vwap")]]
    turned[..., VOLUME] = past[..., VOLUME]
    return turned


def classes_of(future: np.ndarray) -> np.ndarray:
    """0 up, 1 down, 2 neutral."""
    return np.where(future > NEUTRAL_BAND, 0, np.where(future < -NEUTRAL_BAND, 1, 2))
