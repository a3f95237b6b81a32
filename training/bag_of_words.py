"""The baseline that a language model has to beat: TF-IDF over words and word pairs, logistic regression."""

import math
import re
from collections import Counter

import numpy as np
import torch

from sentiment_data import LABELS, Example

TERMS_MAX = 20_000


def _terms(text: str) -> list[str]:
    words = re.findall(r"[a-z']+|\d+|[$%]", re.sub(r"https?://\S+", " ", text.lower()))
    return words + [f"{a} {b}" for a, b in zip(words, words[1:])]


def fit_and_score(parts: dict[str, list[Example]]) -> np.ndarray:
    """Logits on the test part; the penalty is chosen on validation."""
    counts = Counter(term for example in parts["train"] for term in sorted(set(_terms(example.text))))
    terms = [term for term, count in counts.most_common(TERMS_MAX) if count >= 2]
    index = {term: place for place, term in enumerate(terms)}
    weight = [math.log(len(parts["train"]) / counts[term]) + 1 for term in terms]
    x = {part: _matrix(examples, index, weight) for part, examples in parts.items()}
    y = {part: torch.tensor([example.label for example in examples]) for part, examples in parts.items()}
    best, best_loss = None, float("inf")
    for penalty in (1e-5, 1e-4):
        layer = torch.zeros(len(terms), len(LABELS), requires_grad=True)
        bias = torch.zeros(len(LABELS), requires_grad=True)
        optimiser = torch.optim.LBFGS([layer, bias], max_iter=60, line_search_fn="strong_wolfe")

        def closure() -> torch.Tensor:
            optimiser.zero_grad()
            loss = torch.nn.functional.cross_entropy(torch.sparse.mm(x["train"], layer) + bias, y["train"])
            loss = loss + penalty * (layer**2).sum()
            loss.backward()
            return loss

        optimiser.step(closure)
        with torch.no_grad():
            loss = float(torch.nn.functional.cross_entropy(torch.sparse.mm(x["validation"], layer) + bias, y["validation"]))
            if loss < best_loss:
                best, best_loss = (torch.sparse.mm(x["test"], layer) + bias).numpy(), loss
    return best


def _matrix(examples: list[Example], index: dict[str, int], weight: list[float]) -> torch.Tensor:
    rows, columns, values = [], [], []
    for row, example in enumerate(examples):
        bag = Counter(index[term] for term in _terms(example.text) if term in index)
        scores = {column: (1 + math.log(count)) * weight[column] for column, count in bag.items()}
        length = math.sqrt(sum(score**2 for score in scores.values())) or 1.0
        rows += [row] * len(scores)
        columns += scores
        values += [score / length for score in scores.values()]
    return torch.sparse_coo_tensor(torch.tensor([rows, columns]), torch.tensor(values), (len(examples), len(index)), check_invariants=False).coalesce()
