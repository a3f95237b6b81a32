"""No part of the data knows anything of a later one."""

import numpy as np
import pytest

import mirror
import sentiment_data
from market_features import FeatureTable, label_up, thin
from time_split import split_by_time

SECOND = 1_000_000_000
SHARES = {"train": 0.6, "validation": 0.15, "test": 0.25}


def test_parts_do_not_overlap_and_keep_the_embargo():
    time = np.sort(np.random.default_rng(3).integers(0, 600 * SECOND, 5_000))
    parts = split_by_time(time, SHARES, 10 * SECOND)
    assert sum(mask.astype(int) for mask in parts.values()).max() == 1
    for before, after in (("train", "validation"), ("validation", "test")):
        assert parts[before].any() and parts[after].any()
        assert time[parts[after]].min() - time[parts[before]].max() > 10 * SECOND


def test_labels_of_a_part_are_known_before_the_next_begins():
    time = np.arange(0, 600 * SECOND, SECOND // 10)
    parts = split_by_time(time, SHARES, 5 * SECOND)
    assert time[parts["train"]].max() + 5 * SECOND <= time[parts["validation"]].min()


def table(mid, live=None):
    mid = np.array(mid, dtype=float)
    time = np.arange(len(mid)) * SECOND
    return FeatureTable("t", "0", ["x"], time, mid, np.ones(len(mid), bool) if live is None else np.array(live), mid[:, None])


def test_label_compares_with_the_last_mid_at_the_horizon():
    sign, known = label_up(table([10, 11, 11, 9]), 1_000)
    assert sign[:3].tolist() == [1, 0, -1]
    assert known.tolist() == [True, True, True, False]


def test_label_is_unknown_across_a_break():
    _, known = label_up(table([10, 11, 12, 13, 14], [True, True, False, True, True]), 1_000)
    assert known.tolist() == [True, False, False, True, False]


def test_thinning_keeps_one_row_a_slot():
    assert thin(np.array([0, 10, 49, 50, 51, 160]), 50).tolist() == [True, False, False, True, False, True]


def test_mirroring_twice_changes_nothing():
    names = sorted(mirror.EVEN | mirror.ODD | set(mirror.REFLECTED))
    values = np.random.default_rng(5).normal(size=(20, len(names)))
    assert np.allclose(mirror.mirrored(mirror.mirrored(values, names), names), values)
    assert mirror.RISING <= mirror.ODD


def test_an_unknown_feature_is_refused():
    with pytest.raises(ValueError, match="novelty"):
        mirror.mirrored(np.zeros((1, 1)), ["novelty"])


def test_retweets_land_in_one_part():
    first = "$GM: Deutsche Bank cuts to Hold https://t.co/7Fv1ZiFZBS"
    again = "$TSLA: Deutsche Bank cuts to Hold 12 https://t.co/AAAA"
    assert sentiment_data.part_of(first) == sentiment_data.part_of(again)


def test_hash_split_has_the_stated_shares():
    parts = [sentiment_data.part_of(f"headline {chr(97 + i % 26)}{chr(97 + i // 26 % 26)}{chr(97 + i // 676)}") for i in range(4_000)]
    assert abs(parts.count("train") / len(parts) - 0.8) < 0.03
    assert abs(parts.count("test") / len(parts) - 0.1) < 0.02
