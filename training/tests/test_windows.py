"""Windows are the engine's: read as it wrote them, and labelled by what came after."""

import json

import numpy as np
import pytest

import artefact
import bar_windows

CHANNELS = list(bar_windows.CHANNELS)


def written(folder, closes, ends_s, **over):
    """As `fusewire features export --window` writes them: the last bar of each window closes at its close."""
    values = np.full((len(closes), bar_windows.LENGTH, len(CHANNELS)), 100, dtype="<f4")
    values[:, -1, bar_windows.CLOSE] = closes
    np.save(folder / "x.npy", values)
    window = {"name": "patchtst-1s-64", "intervalMs": 1000, "length": bar_windows.LENGTH, "channels": CHANNELS, **over}
    window.setdefault("hash", bar_windows.window_hash(window))
    told = {"format": 1, "window": window, "symbol": "X.TEST", "endsUs": [int(s * 1e6) for s in ends_s]}
    (folder / "x.windows.json").write_text(json.dumps(told))
    return folder / "x.npy"


def test_the_shipped_model_names_the_window_that_training_reads():
    manifest = json.loads((artefact.MODELS / "patchtst" / "patchtst-1s" / "1" / "manifest.json").read_text())
    window = manifest["input"]
    assert window["windowHash"] == bar_windows.window_hash({**window, "name": window["window"]})
    assert (window["length"], tuple(window["channels"])) == (bar_windows.LENGTH, bar_windows.CHANNELS)


def test_an_example_is_a_window_that_bars_follow_without_a_hole(tmp_path):
    steps = bar_windows.STEPS
    ends = [*range(1, steps + 3), steps + 9]
    found = bar_windows.examples_of(bar_windows.load(written(tmp_path, 100.0 + np.arange(len(ends)), ends)))
    assert found["end_us"].tolist() == [1_000_000, 2_000_000]
    scale = found["future"][1] / np.log((101 + np.arange(1, steps + 1)) / 101)
    assert np.ptp(scale) < 1e-4 * scale[0]


def test_another_window_is_refused(tmp_path):
    for over in ({"length": 32}, {"channels": CHANNELS[::-1]}, {"hash": "0" * 64}):
        with pytest.raises(SystemExit):
            bar_windows.load(written(tmp_path, [100.0], [1], **over))
    with pytest.raises(SystemExit):
        bar_windows.load(written(tmp_path, [100.0, 101.0], [1]))
