"""Reads what `fusewire verify parity` wrote into a folder and answers with the reference columns, as raw 64-bit numbers.

task.json has {"sets": [{"name", "features", "constants"}]}, and of bars: {"barColumns", "gridColumns", "articleColumns", "intervalMs"} with
bars.f64, rows of barColumns, holes and all; grid.f64, what stands beside each row of the gap-free grid; articles.f64, in the order in which
they came. Of a tape: {"eventColumns"} with events.f64, what the features were told. Answer: reference.f64, rows of all sets' features.
"""

import json
import pathlib
import sys
from collections.abc import Callable

import numpy as np
import pandas as pd

import bar_reference
from frames_reference import frames_set
from micro_reference import microstructure_set
from news_reference import news_set
from tape_reference import Tape, market_set

BAR_SETS = {**bar_reference.SETS, "frames": frames_set}
TAPE_SETS = {"market": market_set, "microstructure": microstructure_set}
# Gives a set's columns by its name, with its constants.
Reference = Callable[[str, dict[str, float]], dict[str, np.ndarray]]


def matrix(path: pathlib.Path, columns: list[str]) -> pd.DataFrame:
    values = np.fromfile(path, dtype="<f8").reshape(-1, len(columns))
    return pd.DataFrame(values, columns=columns)


def of_bars(folder: pathlib.Path, task: dict) -> Reference:
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
    return lambda name, constants: news_set(close_us, articles) if name == "news" else bar_reference.finite(BAR_SETS[name](bars, constants))


def of_tape(folder: pathlib.Path, task: dict) -> Reference:
    tape = Tape(matrix(folder / "events.f64", task["eventColumns"]))
    return lambda name, constants: TAPE_SETS[name](tape, constants)


def main(folder: pathlib.Path) -> None:
    task = json.loads((folder / "task.json").read_text())
    reference = of_tape(folder, task) if "eventColumns" in task else of_bars(folder, task)
    columns = []
    for wanted in task["sets"]:
        name = wanted["name"]
        found = reference(name, wanted["constants"])
        if set(found) != set(wanted["features"]):
            raise SystemExit(f"{name}: {sorted(set(found) ^ set(wanted['features']))} on one side only")
        columns += [np.asarray(found[feature], dtype=np.float64) for feature in wanted["features"]]
    np.stack(columns, axis=1).astype("<f8").tofile(folder / "reference.f64")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
