"""The numbers in the cards, on cases that can be checked by hand."""

import numpy as np

import metrics
import platt


def test_auc_counts_ordered_pairs_and_half_of_the_ties():
    assert metrics.auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1])) == 0.75
    assert metrics.auc(np.array([0.5, 0.5]), np.array([0, 1])) == 0.5


def test_ece_is_the_distance_between_said_and_happened():
    assert abs(metrics.ece(np.array([0.95] * 10), np.array([1] * 5 + [0] * 5)) - 0.45) < 1e-12


def test_calibration_table_counts_every_row_once():
    said = np.random.default_rng(1).random(500)
    table = metrics.calibration_table(said, (said > 0.5).astype(float))
    assert sum(row["rows"] for row in table) == 500


def test_macro_f1_of_a_perfect_table_is_one():
    assert metrics.macro_f1(np.diag([3, 4, 5])) == 1.0
    assert metrics.macro_f1(np.array([[0, 2], [0, 2]])) == (0 + 2 * 2 / 6) / 2


def test_log_loss_and_brier_of_a_coin():
    said, happened = np.full(4, 0.5), np.array([0, 1, 0, 1])
    assert abs(metrics.log_loss(said, happened) - np.log(2)) < 1e-12
    assert metrics.brier(said, happened) == 0.25


def test_platt_finds_the_slope_and_offset_that_made_the_data():
    random = np.random.default_rng(9)
    logit = random.normal(size=200_000)
    up = (random.random(len(logit)) < platt.sigmoid(0.5 * logit - 0.2)).astype(float)
    a, b = platt.fit_platt(logit, up, np.ones_like(logit))
    assert abs(a - 0.5) < 0.02 and abs(b + 0.2) < 0.02


def test_temperature_of_doubled_logits_is_two():
    random = np.random.default_rng(4)
    logits = random.normal(size=(20_000, 3))
    chance = metrics.softmax(logits)
    labels = np.array([random.choice(3, p=row) for row in chance])
    assert abs(metrics.fit_temperature(2 * logits, labels) - 2) < 0.15
