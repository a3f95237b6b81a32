"""Reads what `fusewire verify parity` wrote into a folder and answers with the reference columns, as raw 64-bit numbers.

task.json: {"sets": [{"name", "features", "constants"}], "barColumns", "gridColumns", "articleColumns", "intervalMs"}; bars.f64: rows of
barColumns, holes and all; grid.f64: rows of gridColumns, what stands beside each row of the gap-free grid; articles.f64: rows of
articleColumns, in the order in which they came. Answer: reference.f64, grid rows by all sets' features.
"""

import json
import pathlib
import sys

import numpy as np
import pandas as pd

import bar_reference
from frames_reference import frames_set
from news_reference import news_set

BAR_SETS = {**bar_reference.SETS, "frames": frames_set}


def matrix(path: pathlib.Path, columns: list[str]) -> pd.DataFrame:
    values = np.fromfile(path, dtype="<f8").reshape(-1, len(columns))
    return pd.DataFrame(values, columns=columns)


def main(folder: pathlib.Path) -> None:
    task = json.loads((folder / "task.json").read_text())
    grid = bar_reference.regular_grid(matrix(folder / "bars.f64", task["barColumns"]))
    beside = matrix(folder / "grid.f64", task["gridColumns"])
    if len(beside) != len(grid):
        raise SystemExit(f"{len(grid)} rows of the grid here, {len(beside)} in the engine")
    for name in beside.columns:
        grid[name] = beside[name].to_numpy()
    grid["interval"] = grid.index
    bars = bar_reference.Bars(grid)
    articles = matrix(folder / "articles.f64", task["articleColumns"])
    close_us = (grid.index.to_numpy().astype(np.int64) + 1) * task["intervalMs"] * 1000
    columns = []
    for wanted in task["sets"]:
        name = wanted["name"]
        found = news_set(close_us, articles) if name == "news" else BAR_SETS[name](bars, wanted["constants"])
        if set(found) != set(wanted["features"]):
            raise SystemExit(f"{name}: {sorted(set(found) ^ set(wanted['features']))} on one side only")
        columns += [np.asarray(found[feature], dtype=np.float64) for feature in wanted["features"]]
    np.stack(columns, axis=1).astype("<f8").tofile(folder / "reference.f64")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
