"""The reference of the event features, on a tape that can be reckoned by hand."""

import numpy as np
import pytest

pd = pytest.importorskip("pandas")

import tape_reference as ref  # noqa: E402
from micro_reference import Seconds, after, between, bipower, counting_trades  # noqa: E402

SECOND = 1_000_000_000
COLUMNS = ["kind", "receivedNs", "seq", *(f"{side}{part}{n}" for side in ("bid", "ask") for n in range(1, 11) for part in ("Price", "Size"))]


def book(time_s, bid, ask, bid_size=1.0, ask_size=1.0):
    bids = [number for n in range(10) for number in (bid - n, bid_size)]
    asks = [number for n in range(10) for number in (ask + n, ask_size)]
    return [ref.BOOK, time_s * SECOND, 1, *bids, *asks]


def other(kind, time_s, *numbers):
    return [kind, time_s * SECOND, 1, *numbers, *[np.nan] * (40 - len(numbers))]


def tape(*rows):
    return ref.Tape(pd.DataFrame(rows, columns=COLUMNS))


def test_what_fades_is_a_sum_of_the_past():
    found = ref.fading(np.array([0, 1]), np.array([1.0, 2.0]), 1.0, np.array([2]), np.array([0, SECOND]), np.array([3 * SECOND]))
    assert float(found[0]) == pytest.approx(np.exp(-3) + 2 * np.exp(-2))


def test_a_bid_that_rises_brings_its_size_and_an_ask_that_rises_takes_the_old_one():
    e = ref.flow(*(np.array([x]) for x in (100.0, 2.0, 101.0, 3.0)), *(np.array([x]) for x in (100.5, 5.0, 101.5, 7.0)))
    assert e[0] == 5 + 3


def test_the_first_book_after_a_loss_flows_nowhere():
    found = tape(book(0, 99, 101), other(ref.VOID, 0), book(1, 98, 100), book(2, 98, 100, bid_size=4.0), other(ref.ROW, 2))
    assert found.is_first.tolist() == [True, True, False]
    assert found.order_flow()[:, 0].tolist() == [0, 0, 3]


def test_a_mean_weighs_the_time_that_a_value_stood():
    t = tape(book(0, 99, 101), book(1, 99, 101, bid_size=3.0), other(ref.ROW, 3))
    weights = np.exp(-2 / 30) * (1 - np.exp(-1 / 30)), 1 - np.exp(-2 / 30)
    assert float(t.mean(t.bid_size[:, 0], 30)[0]) == pytest.approx((weights[0] * 1 + weights[1] * 3) / sum(weights))


def test_a_trade_of_unknown_side_is_of_the_side_of_the_mid():
    t = tape(book(0, 99, 101), other(ref.TRADE, 1, 101, 1, 0), other(ref.TRADE, 1, 99, 1, 0), other(ref.TRADE, 1, 99, 1, 1), other(ref.ROW, 1))
    assert t.signs().tolist() == [1, -1, 1]


def test_a_table_is_read_between_its_points():
    at, values = np.array([0.0, 0.5, 1.0]), np.array([0.0, 1.0, 4.0])
    assert between(np.array([0.25, 0.75, 1.0]), at, values).tolist() == [0.5, 2.5, 4.0]


def test_an_age_counts_from_the_first_book_and_no_trade_before_it_is_counted():
    t = tape(*(other(ref.TRADE, s, 100, 1, 1) for s in range(70)), book(70, 99, 101), other(ref.ROW, 70), other(ref.TRADE, 72, 101, 1, 1), other(ref.ROW, 72))
    assert after(t, np.array([1.0, 1.0]), 1).tolist()[1:] == [1.0]
    assert np.isnan(after(t, np.array([1.0, 1.0]), 1)[0])
    assert counting_trades(t).time[ref.TRADE].tolist() == [72 * SECOND]


def test_a_second_is_of_the_book_that_stood_unless_it_was_lost():
    t = tape(
        *(book(0.5, 99, 101), book(1.5, 98, 100), other(ref.ROW, 2.5), other(ref.VOID, 2.5), book(3.5, 97, 99), other(ref.ROW, 4.5)),
    )
    grid = Seconds(t)
    assert grid.at.tolist() == [1, 2, 3, 4, 5]
    assert grid.book.tolist() == [0, 1, -1, 2, 2]


def test_bipower_variation_is_the_variance_of_a_brownian_path():
    r = np.random.default_rng(1).standard_normal(200_000)
    apart = bipower(r, 60)[59::60].astype(float)
    # Chance makes 0.002 of it; a product too many in each window 0.017.
    assert apart.mean() == pytest.approx((r**2).mean(), abs=0.008)


def test_bipower_variation_takes_no_product_over_a_gap():
    r = np.zeros(64)
    r[60], r[61], r[62] = 2.0, np.nan, 3.0
    assert bipower(r, 60)[-1] == 0
    r[61] = 4.0
    assert float(bipower(r, 60)[-1]) == pytest.approx(np.pi / 2 * 20 / 59)
