"""Windows of bars as PatchTST sees them: cut by the engine, normalised here as in its models/patchtst/spec.ts."""

import hashlib
import json
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
class Windows:
    source: str
    # As the manifest names it: window, windowHash, intervalMs, length, channels.
    declared: dict
    # [windows, bars, channels], raw: the very numbers that the engine feeds.
    values: np.ndarray
    # End of each one's last bar.
    end_us: np.ndarray


def window_hash(window: dict) -> str:
    lines = [f"window 1 {window['name']}", f"{window['length']} bars of {window['intervalMs']} ms", *window["channels"]]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def load(path: pathlib.Path) -> Windows:
    """X.npy and X.windows.json of `fusewire features export --window`; refused where it is not the window that this model reads."""
    told = json.loads(path.with_suffix(".windows.json").read_text(encoding="utf-8"))
    window, values = told["window"], np.load(path)
    if (window["length"], tuple(window["channels"])) != (LENGTH, CHANNELS) or window["hash"] != window_hash(window):
        raise SystemExit(f"{path}: not {LENGTH} bars of {', '.join(CHANNELS)}")
    if values.shape != (len(told["endsUs"]), LENGTH, len(CHANNELS)):
        raise SystemExit(f"{path}: {values.shape} is not the shape of its windows")
    declared = {"window": window["name"], "windowHash": window["hash"], **{key: window[key] for key in ("intervalMs", "length", "channels")}}
    return Windows(path.stem, declared, values.astype(np.float64), np.array(told["endsUs"], dtype=np.int64))


def normalise(window: np.ndarray) -> tuple[np.ndarray, float, float]:
    """The model's input as float32, with the last close and the std that turn its prices back."""
    close = window[:, CLOSE]
    std = max(float(np.diff(np.log(close)).std()), STD_MIN)
    volume = np.log1p(window[:, VOLUME])
    normal = np.log(window / close[-1], where=np.arange(window.shape[1]) != VOLUME, out=np.zeros_like(window)) / std
    normal[:, VOLUME] = (volume - volume.mean()) / max(float(volume.std()), STD_MIN)
    return normal.astype(np.float32), float(close[-1]), std


def examples_of(windows: Windows) -> dict[str, np.ndarray]:
    """Each window that is followed by STEPS bars without a hole, with their closes in the same units."""
    interval_us = windows.declared["intervalMs"] * 1000
    last_close = windows.values[:, -1, CLOSE]
    # The close of a later bar is the last one of the window that ends with it.
    at = {int(us): i for i, us in enumerate(windows.end_us)}
    past, future, end_us = [], [], []
    for window, us in zip(windows.values, windows.end_us):
        later = [at.get(int(us) + step * interval_us) for step in range(1, STEPS + 1)]
        if None in later:
            continue
        normal, close, std = normalise(window)
        past.append(normal)
        future.append(np.log(last_close[later] / close) / std)
        end_us.append(us)
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
