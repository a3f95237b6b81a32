"""Constants of the features are those of the training rows, and reach the manifest as the engine hashes them."""

import json

import numpy as np
import pytest

pd = pytest.importorskip("pandas")
pytest.importorskip("pyarrow")

import feature_constants  # noqa: E402
import train_table  # noqa: E402
from feature_constants import SetConstants  # noqa: E402

SET = SetConstants("bars", 1, "ab" * 32, {"histVol20Median": 0.5})


def test_the_hash_is_the_engines():
    # What engine/domain/feature-constants.ts gives for these.
    constants = {"histVol20Median": 0.1, "other": -2.5e-7}
    assert feature_constants.hash_of("ab" * 32, constants) == "00a6a46d036bd76bf7540e0b35cb35d2a94799c9a5f6cfa763040477f4381842"


def test_a_digit_that_was_lost_is_found(tmp_path):
    path = tmp_path / "x.constants.json"
    feature_constants.write(path, [SET])
    assert feature_constants.read(path) == [SET]
    path.write_text(path.read_text().replace("0.5", "0.50001"))
    with pytest.raises(ValueError, match="not those that were hashed"):
        feature_constants.read(path)


def test_a_set_without_constants_states_none():
    assert SetConstants("market", 1, "0", {}).manifest_input() == {"kind": "features", "schema": "market", "schemaHash": "0"}


def table_of(rows=2000):
    random = np.random.default_rng(3)
    move = random.choice([-1.0, 0.0, 1.0], rows)
    columns = {"timeUs": np.arange(rows) * 60e6, "price": 1.0, "hist_vol_20": np.linspace(1, 2, rows), "pull": move + random.normal(size=rows)}
    columns["pull"][::7] = np.nan
    return pd.DataFrame({**columns, "midMove60S": move})


def test_later_rows_change_no_constant():
    table = table_of()
    later = table.copy()
    later.loc[1300:, "hist_vol_20"] = 1e6
    fitted = [feature_constants.fitted(rows, SET).constants["histVol20Median"] for rows in (table, later)]
    assert fitted[0] == fitted[1] == pytest.approx(1.3, abs=0.01)


def test_a_model_states_the_constants_that_it_was_trained_with(tmp_path):
    path = tmp_path / "bars.parquet"
    table = table_of()
    table.to_parquet(path)
    feature_constants.write(feature_constants.beside(path), [SET])
    with pytest.raises(ValueError, match="histVol20Median is 0.5"):
        train_table.train(path, "direction-1m", 60, tmp_path / "out")
    fitted = feature_constants.fitted(table, SET)
    feature_constants.write(feature_constants.beside(path), [fitted])
    train_table.train(path, "direction-1m", 60, tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["input"] == {
        "kind": "features",
        "schema": "bars",
        "schemaHash": SET.hash,
        "constants": fitted.constants,
        "constantsHash": fitted.constants_hash,
    }
    assert manifest["metrics"]["test"]["auc"] > 0.8
