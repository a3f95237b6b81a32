"""The study learns from nothing that it is judged by."""

import numpy as np
import pytest

pd = pytest.importorskip("pandas")

import study_direction as study  # noqa: E402

SECOND = 1_000_000_000


def test_rows_to_learn_from_keep_their_distance_from_the_block_that_checks():
    time = np.arange(0, 300 * SECOND, SECOND // 10)
    checked = []
    for learn, check in study.folds(time, 10):
        checked += check.tolist()
        begin, end = time[check].min(), time[check].max()
        gaps = np.where(time[learn] < begin, begin - time[learn], time[learn] - end)
        assert gaps.min() > (10 + study.EMBARGO_S - 1) * SECOND
    assert checked == list(range(len(time)))


def test_labels_are_known_before_the_cut():
    table = pd.DataFrame({"timeNs": np.arange(0, 60 * SECOND, SECOND)})
    assert study.before(table, 50 * SECOND, 10).timeNs.max() + 10 * SECOND < 50 * SECOND


def draw(rows=4000):
    random = np.random.default_rng(11)
    names = dict.fromkeys((*study.BOOK, *study.FRESH, *study.FLOW, *study.ALL))
    table = pd.DataFrame(random.normal(size=(rows, len(names))), columns=list(names))
    y = (random.random(rows) < study.sigmoid(table.imbalance5 + table.quoteImbalance)).astype(float)
    return table, y


def test_up_and_down_are_the_same_to_every_candidate():
    table, y = draw()
    for name, learner in study.CANDIDATES.items():
        model = learner(table, y)
        assert np.allclose(model(table), -model(-table), atol=1e-9), name


def test_a_heavy_penalty_leaves_the_mean_of_the_core_alone():
    table, y = draw()
    plain = study.linear(study.DEPTH)(table, y)(table)
    shrunk = study.linear(study.DEPTH, study.FRESH, 1e9)(table, y)(table)
    assert np.allclose(plain, shrunk, atol=1e-4)


def test_no_rising_feature_gets_a_negative_weight():
    table, y = draw()
    table["lastTradeBps"] = -table.imbalance5
    weights = study.ridge(table[["quoteImbalance", "lastTradeBps"]].to_numpy(), y, np.zeros(2), is_rising=True)
    assert weights[0] > 0 and weights[1] == 0
