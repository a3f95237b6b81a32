"""Platt's calibration: one slope and one offset on the log-odds."""

import numpy as np


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-x))


def log_odds(probability: np.ndarray) -> np.ndarray:
    return np.log(probability / (1 - probability))


def fit_platt(logit: np.ndarray, up: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Newton's method for P(up) = 1 / (1 + exp(-(a * logit + b)))."""
    design = np.stack([logit, np.ones_like(logit)], axis=1)
    theta = np.array([1.0, 0.0])
    for _ in range(50):
        p = sigmoid(design @ theta)
        gradient = design.T @ (weight * (p - up))
        curvature = (design * (weight * p * (1 - p))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        theta -= step
        if np.abs(step).max() < 1e-10:
            break
    return float(theta[0]), float(theta[1])
