"""The references that `fusewire verify parity` compares the engine with, on cases that can be reckoned by hand."""

import numpy as np
import pytest

pd = pytest.importorskip("pandas")

import bar_reference  # noqa: E402
from frames_reference import frames_set, seeded  # noqa: E402
from news_reference import ARTICLE_COLUMNS, HOUR_US, news_set  # noqa: E402


def bars_of(close, first_minute=0, **beside):
    close = np.asarray(close, dtype=float)
    columns = {name: close for name in ("open", "high", "low", "close")}
    grid = pd.DataFrame({**columns, "volume": 1.0, "isReal": 1.0, "interval": first_minute + np.arange(len(close))})
    for name in ("buyVolume", "sellVolume", "bidDepth5", "askDepth5", "openInterest"):
        grid[name] = np.nan
    grid = grid.assign(**beside)
    return bar_reference.Bars(grid)


def test_a_seeded_mean_begins_as_the_mean_of_its_first_values():
    assert seeded(np.array([1.0, 2.0, 6.0, 7.0]), 3).tolist()[2:] == [3.0, 5.0]
    assert np.isnan(seeded(np.array([1.0, 2.0]), 3).astype(float)).all()


def test_a_frame_is_of_whole_bars_alone_and_stands_until_the_next():
    # The first five minutes on the clock's grid are 5 to 9: minutes 3 and 4 are a part of a frame.
    found = frames_set(bars_of([100, 100, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], first_minute=3), {})["return_m5"]
    assert np.isnan(found[:11].astype(float)).all()
    assert found[11:].tolist() == [1.0, 1.0]


def test_what_rises_steadily_is_bought_too_far():
    found = frames_set(bars_of(np.linspace(100, 200, 300)), {})
    assert float(found["rsi_14_m1"][-1]) == pytest.approx(100)
    # Means in order, overbought, and in the upper part of the band; what the histogram has left is level.
    place = found["bb_position_m1"][-1]
    assert abs(found["macd_histogram_m1"][-1]) < 1e-9
    score = 0.3 - 0.25 + (0.5 - place) / 2
    assert float(found["technical_m1"][-1]) == pytest.approx(float(score))
    # Before EMA_50 is there no frame says anything.
    assert np.isnan(found["frames_net"][48])
    assert found["frames_net"][49] == pytest.approx(float(found["technical_m1"][49]))


def test_a_frame_weighs_what_is_there():
    close = 100 + np.sin(np.arange(80))
    alone = frames_set(bars_of(close), {})
    found = frames_set(bars_of(close, bidDepth5=3.0, askDepth5=1.0, buyVolume=0.75, sellVolume=0.25), {})
    assert float(found["obi_m5"][-1]) == 0.5
    assert float(found["vpin_m1"][-1]) == pytest.approx(0.5)
    assert np.isnan(float(found["oi_pressure_m1"][-1]))
    assert float(alone["score_m1"][-1]) == float(alone["technical_m1"][-1])
    side = np.sign(found["ema_trend_m1"][-1])
    score = (0.25 * found["technical_m1"][-1] + 0.3 * 0.5 + 0.2 * side * 0.5) / 0.75
    assert float(found["score_m1"][-1]) == pytest.approx(float(score))


def test_a_silent_market_has_no_fresh_frame():
    traded = np.repeat([1.0, 0.0], [60, 2])
    found = frames_set(bars_of(100 + np.sin(np.arange(62)), isReal=traded), {})
    assert not np.isnan(found["frames_net"][59])
    assert np.isnan(found["frames_net"][60:]).all()
    assert np.isnan(found["frames_entry"][60:]).all()
    assert found["frames_entry"][59] == (1 if abs(found["score_m1"][59]) > 0.3 else 0)


def test_a_bar_that_cannot_be_is_a_missing_one():
    columns = ["interval", "open", "high", "low", "close", "volume"]
    sound, broken = [(10, 11, 9, 10, 1), (11, 11, 11, 11, 2)], [(9, 10, 10, 10, 1), (1, 2, 0, 1, 1), (1, 2, 1, np.inf, 1), (1, 2, 1, 1, np.nan)]
    told = pd.DataFrame([(i, *bar) for i, bar in enumerate([sound[0], *broken, sound[1], broken[0]])], columns=columns)
    grid = bar_reference.regular_grid(told)
    assert grid["isReal"].tolist() == [1, 0, 0, 0, 0, 1, 0]
    assert grid["close"].tolist() == [10, 10, 10, 10, 10, 11, 11]


def test_a_body_without_a_range_has_no_flow():
    bars = bars_of([10, 10])
    bars.o = np.array([9, 10], dtype=bar_reference.LONG)
    with np.errstate(all="ignore"):
        flow = bar_reference.bars_set(bars, {"histVol20Median": 1.0})["order_flow_imbalance"]
    assert np.isnan(flow[0])
    assert flow[1] == 0


def news(*articles):
    return pd.DataFrame(articles, columns=ARTICLE_COLUMNS, dtype=float)


def test_an_hour_of_news_is_told_from_its_end_on_for_six_hours():
    articles = news((0, 10, 0.9, 0.0, 0.1), (HOUR_US - 1, HOUR_US - 1, 0.5, 0.0, 0.5))
    times = np.array([HOUR_US - 1, HOUR_US, 7 * HOUR_US, 7 * HOUR_US + 1])
    found = news_set(times, articles)
    assert found["news_available"].tolist() == [0, 1, 1, 0]
    assert found["news_avg_sentiment"][1] == pytest.approx(0.7)
    assert found["news_trading_signal"].tolist() == [0, 1, 1, 0]
    assert found["news_age_minutes"].tolist() == [360, 0, 360, 360]
    assert found["news_signal_time"].tolist() == [0, 3600, 3600, 0]


def test_an_article_that_comes_late_counts_where_it_came():
    found = news_set(np.array([HOUR_US, 2 * HOUR_US]), news((5, HOUR_US + 5, 0.0, 1.0, 0.0)))
    assert found["news_article_count"].tolist() == [0, 1]
    assert found["news_avg_sentiment"].tolist() == [0, -1]


def test_an_article_dated_ahead_counts_where_it_came():
    ahead = news((1, 5, 0.9, 0.0, 0.1), (3 * HOUR_US, HOUR_US + 5, 0.0, 1.0, 0.0), (1e18, 2 * HOUR_US + 5, 0.0, 1.0, 0.0))
    found = news_set(np.array([HOUR_US, 2 * HOUR_US, 3 * HOUR_US]), ahead)
    assert found["news_signal_time"].tolist() == [3600, 7200, 10800]
    assert found["news_avg_sentiment"].tolist() == [0.9, -1, -1]
    assert found["news_age_minutes"].tolist() == [0, 0, 0]


def test_what_is_missing_is_carried_for_so_long():
    x = np.array([np.nan, 1 / 3, np.nan, np.nan, np.nan, 2, np.nan], dtype=bar_reference.LONG)
    found = bar_reference.carried(x, 2)
    np.testing.assert_array_equal(found, np.array([np.nan, 1 / 3, 1 / 3, 1 / 3, np.nan, 2, 2]))


def test_a_leading_bar_that_is_missing_moves_nothing_and_the_next_one_all():
    bars = bars_of(np.arange(1, 71))
    columns = ("bidSize", "askSize", "bidDepth5", "askDepth5", "bidPrice", "askPrice", "fundingRate")
    bars.column.update({name: bars.c for name in columns})
    bars.column["otherClose"] = np.array([100, 110, np.nan, 121] + 66 * [121], dtype=bar_reference.LONG)
    with np.errstate(all="ignore"):
        found = bar_reference.direction_set(bars, {})["btc_returns_lag1"]
    np.testing.assert_allclose(found.astype(float)[:6], [np.nan, np.nan, 0.1, 0, 0.1, 0])
