"""How good a probability is: ranking, sharpness and honesty, each in plain numpy."""

import numpy as np

PROBABILITY_MIN = 1e-7


def auc(probability: np.ndarray, happened: np.ndarray) -> float:
    """Chance that a row that happened is ranked above one that did not; ties count a half."""
    happened = happened.astype(bool)
    positives = int(happened.sum())
    negatives = len(happened) - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    order = np.argsort(probability, kind="mergesort")
    ranked = probability[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    ends = np.r_[starts[1:], len(ranked)]
    ranks = np.empty(len(ranked))
    ranks[order] = np.repeat((starts + ends + 1) / 2, ends - starts)
    return float((ranks[happened].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def log_loss(probability: np.ndarray, happened: np.ndarray) -> float:
    p = np.clip(probability, PROBABILITY_MIN, 1 - PROBABILITY_MIN)
    return float(-np.mean(np.where(happened.astype(bool), np.log(p), np.log(1 - p))))


def brier(probability: np.ndarray, happened: np.ndarray) -> float:
    return float(np.mean((probability - happened) ** 2))


def calibration_table(confidence: np.ndarray, happened: np.ndarray, bins: int = 10) -> list[dict]:
    """Equal-width bins over [0, 1]: how many rows, what was said, what happened."""
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    rows = []
    for bin_index in range(bins):
        inside = index == bin_index
        if inside.any():
            rows.append(
                {
                    "from": bin_index / bins,
                    "to": (bin_index + 1) / bins,
                    "rows": int(inside.sum()),
                    "said": round(float(confidence[inside].mean()), 4),
                    "happened": round(float(happened[inside].mean()), 4),
                }
            )
    return rows


def ece(confidence: np.ndarray, happened: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error: the mean distance between said and happened, weighted by rows."""
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    total = 0.0
    for bin_index in range(bins):
        inside = index == bin_index
        if inside.any():
            total += inside.mean() * abs(confidence[inside].mean() - happened[inside].mean())
    return float(total)


def confusion(truth: np.ndarray, said: np.ndarray, classes: int) -> np.ndarray:
    """Rows are the truth, columns what was said."""
    table = np.zeros((classes, classes), dtype=int)
    np.add.at(table, (truth, said), 1)
    return table


def macro_f1(table: np.ndarray) -> float:
    hits = np.diag(table).astype(float)
    spread = table.sum(axis=0) + table.sum(axis=1)
    return float(np.mean(np.divide(2 * hits, spread, out=np.zeros_like(hits), where=spread > 0)))


def softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The one number that makes the confidence on the validation part honest."""
    temperatures = np.exp(np.linspace(np.log(0.3), np.log(4.0), 400))
    losses = [-np.mean(np.log(softmax(logits / t)[np.arange(len(labels)), labels])) for t in temperatures]
    return float(temperatures[int(np.argmin(losses))])


def sentiment_report(logits: np.ndarray, truth: np.ndarray) -> dict:
    """The numbers that the manifests and cards of both sentiment models state."""
    probability = softmax(logits.astype(np.float64))
    said = probability.argmax(axis=1)
    table = confusion(truth, said, probability.shape[1])
    sure = probability.max(axis=1)
    right = (said == truth).astype(float)
    return {
        "rows": int(len(truth)),
        "accuracy": round(float(right.mean()), 4),
        "macroF1": round(macro_f1(table), 4),
        "logLoss": round(float(-np.mean(np.log(np.maximum(probability[np.arange(len(truth)), truth], PROBABILITY_MIN)))), 4),
        "ece": round(ece(sure, right), 4),
        "confusion": table.tolist(),
    }
