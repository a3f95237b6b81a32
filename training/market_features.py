"""Reads what engine/cli/feature-export.ts writes: the vectors that the engine itself feeds to a model, in its own order."""

import csv
import gzip
import pathlib
import re
from dataclasses import dataclass

import numpy as np

SUFFIX = ".features.csv.gz"
HEAD = ["timeNs", "mid", "bid", "ask", "state"]


@dataclass(frozen=True)
class FeatureTable:
    source: str
    schema_hash: str
    names: list[str]
    time_ns: np.ndarray
    # Stands until the next row: each change of the mid has a row.
    mid: np.ndarray
    live: np.ndarray
    # float32, as the model is fed: training on doubles would put thresholds between the two.
    values: np.ndarray


def load(path: pathlib.Path) -> FeatureTable:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        comment = next(lines)
        schema = re.match(r"# (\S+) (\d+) hash=([0-9a-f]{64})\b", comment)
        if schema is None:
            raise ValueError(f"{path.name}: the first line names no schema")
        rows = csv.reader(lines)
        header = next(rows)
        if header[: len(HEAD)] != HEAD:
            raise ValueError(f"{path.name}: the header begins {header[: len(HEAD)]}, not {HEAD}")
        columns = list(zip(*rows))
    return FeatureTable(
        source=path.name.removesuffix(SUFFIX),
        schema_hash=schema.group(3),
        names=header[len(HEAD) :],
        time_ns=np.array(columns[0], dtype=np.int64),
        mid=np.array(columns[1], dtype=np.float64),
        live=np.array(columns[4]) == "LIVE",
        values=np.stack([np.array(column, dtype=np.float64).astype(np.float32) for column in columns[len(HEAD) :]], axis=1),
    )


def load_all(folder: pathlib.Path) -> list[FeatureTable]:
    tables = [load(path) for path in sorted(folder.glob(f"*{SUFFIX}"))]
    if not tables:
        raise ValueError(f"no *{SUFFIX} in {folder}")
    if len({(table.schema_hash, *table.names) for table in tables}) != 1:
        raise ValueError("the exports differ in their feature schema")
    return tables


def label_up(table: FeatureTable, horizon_ms: int) -> tuple[np.ndarray, np.ndarray]:
    """For each row +1, 0 or -1 (mid higher, equal, lower after the horizon), and whether that is known.

    The later mid is the last one at or before row time + horizon. Unknown are rows whose horizon passes the end of the
    recording, and rows between which and their horizon the book was once not live.
    """
    horizon_ns = horizon_ms * 1_000_000
    later = np.searchsorted(table.time_ns, table.time_ns + horizon_ns, side="right") - 1
    breaks = np.cumsum(~table.live)
    known = (table.time_ns + horizon_ns <= table.time_ns[-1]) & table.live & (breaks[later] == breaks)
    return np.sign(table.mid[later] - table.mid).astype(int), known


def thin(time_ns: np.ndarray, spacing_ns: int) -> np.ndarray:
    """The first row of each slot of `spacing_ns`: a burst of updates would otherwise count many times over."""
    slots = time_ns // spacing_ns
    return np.r_[True, slots[1:] != slots[:-1]]
