"""Numbers of a feature set's formulas that only training can know: taken from training rows alone, hashed as the engine hashes them.

python feature_constants.py --table X.parquet [--out Y.constants.json]

Reads a table of `fusewire features export` and X.constants.json beside it, and writes that file anew with the constants that the table's
training rows give. Export again with `--constants Y.constants.json`, then train on that.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import pathlib
import struct
from dataclasses import dataclass

import numpy as np
import pandas as pd

import artefact
import time_split

FORMAT = 1
SUFFIX = ".constants.json"
# The share that is learned from; the same wherever a table is split.
SHARES = {"train": 0.6, "validation": 0.15, "test": 0.25}


def hash_of(set_hash: str, constants: dict[str, float]) -> str:
    """Over bits, for languages write numbers differently; `constants` in the set's order."""
    lines = [set_hash, *(f"{name} {struct.pack('>d', value).hex()}" for name, value in constants.items())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@dataclass(frozen=True)
class SetConstants:
    name: str
    version: int
    hash: str
    constants: dict[str, float]

    @property
    def constants_hash(self) -> str:
        return hash_of(self.hash, self.constants)

    def manifest_input(self) -> dict:
        """What a manifest says of the features that its model takes."""
        stated = {"kind": "features", "schema": self.name, "schemaHash": self.hash}
        return {**stated, "constants": self.constants, "constantsHash": self.constants_hash} if self.constants else stated

    def entry(self) -> dict:
        stated = {"name": self.name, "version": self.version, "hash": self.hash, "constants": self.constants}
        return {**stated, "constantsHash": self.constants_hash} if self.constants else stated


def beside(table: pathlib.Path) -> pathlib.Path:
    return table.with_suffix(SUFFIX)


def read(path: pathlib.Path) -> list[SetConstants]:
    file = json.loads(path.read_text(encoding="utf-8"))
    if file["format"] != FORMAT:
        raise ValueError(f"{path.name}: format {file['format']}, not {FORMAT}")
    found = []
    for entry in file["sets"]:
        constants = {name: float(value) for name, value in entry["constants"].items()}
        one = SetConstants(entry["name"], entry["version"], entry["hash"], constants)
        if constants and entry["constantsHash"] != one.constants_hash:
            raise ValueError(f"{path.name}: the constants of {one.name} are not those that were hashed")
        found.append(one)
    return found


def write(path: pathlib.Path, sets: list[SetConstants]) -> None:
    artefact.write_json(path, {"format": FORMAT, "sets": [one.entry() for one in sets]})


def time_of(table: pd.DataFrame) -> np.ndarray:
    """Microseconds on the wall; nanoseconds of tables of tapes that were written without."""
    return table["timeUs" if "timeUs" in table else "timeNs"].to_numpy().astype(np.int64)


def units_per_s(table: pd.DataFrame) -> int:
    return 10**6 if "timeUs" in table else 10**9


def parts(table: pd.DataFrame, embargo_s: float) -> dict[str, np.ndarray]:
    return time_split.split_by_time(time_of(table), SHARES, int(embargo_s * units_per_s(table)))


def fitted(table: pd.DataFrame, one: SetConstants) -> SetConstants:
    """With every constant that training rows can give. The microprice's table comes of the books themselves: `fusewire features microprice`."""
    if "histVol20Median" not in one.constants:
        return one
    column = next(name for name in ("hist_vol_20", f"{one.name}.hist_vol_20") if name in table)
    median = float(table.loc[parts(table, 0)["train"], column].median())
    if not math.isfinite(median):
        raise ValueError("no training row has a hist_vol_20")
    return SetConstants(one.name, one.version, one.hash, {**one.constants, "histVol20Median": median})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()
    table = pd.read_parquet(options.table)
    sets = [fitted(table, one) for one in read(beside(options.table))]
    write(options.out or beside(options.table), sets)


if __name__ == "__main__":
    main()
