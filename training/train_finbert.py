"""Trains the small FinBERT on labelled headlines and writes its artefact.

python train_finbert.py --data DIR [--out DIR] [--epochs N]
"""

import argparse
import copy
import json
import pathlib
import time

import numpy as np
import onnx
import onnxruntime
import torch

import artefact
import bag_of_words
import metrics
import sentiment_data
import wordpiece
from bert import Bert, BertShape, to_onnx
from torch_run import options_of, round_matrices

NAME, VERSION, SEED = "finbert", "1", 20261121
VOCABULARY_MAX, TOKENS_MAX = 5_000, 64
BATCH = 64
LEARNING_RATE = 1e-3
# Hiding words keeps so small a data set from being learned by heart.
HIDDEN_SHARE = 0.15
MASKED_LOSS_WEIGHT = 0.3
# Reads the headlines without their labels first, guessing hidden words.
READING_EPOCHS = 36


def pad(rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    length = max(len(row) for row in rows)
    ids = torch.zeros(len(rows), length, dtype=torch.long)
    attention = torch.zeros_like(ids)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = torch.tensor(row)
        attention[index, : len(row)] = 1
    return ids, attention


def batches(lengths: list[int], generator: torch.Generator) -> list[list[int]]:
    """Rows of like length together: half of the padding goes away."""
    noise = torch.rand(len(lengths), generator=generator) * 6
    order = sorted(range(len(lengths)), key=lambda row: lengths[row] + float(noise[row]))
    groups = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
    return [groups[index] for index in torch.randperm(len(groups), generator=generator)]


def logits_of(model: Bert, rows: list[list[int]]) -> np.ndarray:
    model.eval()
    out = []
    with torch.no_grad():
        for start in range(0, len(rows), 256):
            ids, attention = pad(rows[start : start + 256])
            out.append(model(ids, attention, torch.zeros_like(ids)).numpy())
    return np.concatenate(out)


def read(model: Bert, rows: list[list[int]], epochs: int) -> None:
    generator = torch.Generator().manual_seed(SEED)
    optimiser = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.01)
    for epoch in range(1, epochs + 1):
        model.train()
        total, guesses = 0.0, 0
        for group in batches([len(row) for row in rows], generator):
            ids, attention = pad([rows[index] for index in group])
            hidden = (torch.rand(ids.shape, generator=generator) < HIDDEN_SHARE) & (ids >= len(wordpiece.SPECIALS))
            encoded = model.encode(ids.masked_fill(hidden, wordpiece.MASK_ID), attention, torch.zeros_like(ids))
            loss = torch.nn.functional.cross_entropy(encoded[hidden] @ model.words.weight.T, ids[hidden])
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            total, guesses = total + loss.item() * int(hidden.sum()), guesses + int(hidden.sum())
        print(f"reading epoch {epoch}: {total / guesses:.3f} nats a hidden word", flush=True)


def train(model: Bert, rows: list[list[int]], labels: torch.Tensor, validation, epochs: int) -> int:
    """Keeps the epoch with the highest validation macro-F1, which is returned."""
    generator = torch.Generator().manual_seed(SEED)
    optimiser = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.05)
    steps = epochs * ((len(rows) + BATCH - 1) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps, pct_start=0.15)
    validation_rows, validation_labels = validation
    best, best_epoch, best_score = None, 0, 0.0
    for epoch in range(1, epochs + 1):
        model.train()
        began = time.monotonic()
        for group in batches([len(row) for row in rows], generator):
            ids, attention = pad([rows[index] for index in group])
            hidden = (torch.rand(ids.shape, generator=generator) < HIDDEN_SHARE) & (ids >= len(wordpiece.SPECIALS))
            encoded = model.encode(ids.masked_fill(hidden, wordpiece.MASK_ID), attention, torch.zeros_like(ids))
            loss = torch.nn.functional.cross_entropy(model.classify(encoded), labels[group], label_smoothing=0.05)
            if hidden.any():
                guess = encoded[hidden] @ model.words.weight.T
                loss = loss + MASKED_LOSS_WEIGHT * torch.nn.functional.cross_entropy(guess, ids[hidden])
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        report = metrics.sentiment_report(logits_of(model, validation_rows), validation_labels)
        print(f"epoch {epoch}: {report['accuracy']} {report['macroF1']} {report['logLoss']} {time.monotonic() - began:.1f} s", flush=True)
        if report["macroF1"] > best_score:
            best, best_epoch, best_score = copy.deepcopy(model.state_dict()), epoch, report["macroF1"]
    model.load_state_dict(best)
    return best_epoch


def open_session(path: pathlib.Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def feeds_of(rows: list[list[int]]) -> dict[str, np.ndarray]:
    ids, attention = pad(rows)
    return {"input_ids": ids.numpy(), "attention_mask": attention.numpy(), "token_type_ids": np.zeros_like(ids.numpy())}


def run_onnx(session: onnxruntime.InferenceSession, rows: list[list[int]]) -> np.ndarray:
    groups = [rows[start : start + 64] for start in range(0, len(rows), 64)]
    return np.concatenate([session.run(["logits"], feeds_of(group))[0] for group in groups])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    options = options_of(parser, artefact.MODELS / "finbert" / NAME / VERSION, 14, SEED)

    parts = sentiment_data.load(options.data)
    tokenizer = wordpiece.train([example.text for example in parts["train"]], VOCABULARY_MAX)
    rows = {part: wordpiece.encode(tokenizer, [e.text for e in parts[part]], TOKENS_MAX) for part in parts}
    labels = {part: np.array([e.label for e in parts[part]]) for part in parts}
    print({part: len(rows[part]) for part in parts}, "vocabulary", tokenizer.get_vocab_size())

    model = Bert(BertShape(vocabulary=tokenizer.get_vocab_size()))
    read(model, rows["train"], READING_EPOCHS)
    epoch = train(model, rows["train"], torch.tensor(labels["train"]), (rows["validation"], labels["validation"]), options.epochs)
    temperature = metrics.fit_temperature(logits_of(model, rows["validation"]), labels["validation"])
    with torch.no_grad():
        model.classifier.weight /= temperature
        model.classifier.bias /= temperature
    round_matrices(model)

    options.out.mkdir(parents=True, exist_ok=True)
    onnx.save(to_onnx(model), options.out / "model.onnx")
    artefact.write_json(options.out / "tokenizer.json", json.loads(tokenizer.to_str()))
    artefact.write_json(options.out / "tokenizer_config.json", wordpiece.config(TOKENS_MAX))

    session = open_session(options.out / "model.onnx")
    shipped = {part: run_onnx(session, rows[part]) for part in ("validation", "test")}
    apart = float(np.abs(shipped["test"] - logits_of(model, rows["test"])).max())
    majority = int(np.bincount(labels["train"]).argmax())
    bags = bag_of_words.fit_and_score(parts)
    report = {
        "test": metrics.sentiment_report(shipped["test"], labels["test"]),
        "validation": metrics.sentiment_report(shipped["validation"], labels["validation"]),
        "baselineMajorityTest": {
            "accuracy": round(float((labels["test"] == majority).mean()), 4),
            "macroF1": round(metrics.macro_f1(metrics.confusion(labels["test"], np.full_like(labels["test"], majority), 3)), 4),
        },
        "baselineTfIdfLogisticTest": metrics.sentiment_report(bags, labels["test"]),
        "onnxAgainstTorchMaxAbs": float(f"{apart:.2e}"),
    }
    artefact.write_manifest(
        options.out,
        {
            "name": NAME,
            "family": "finbert",
            "version": VERSION,
            "file": "model.onnx",
            "input": {"kind": "text", "tokenizer": "tokenizer.json", "maxTokens": TOKENS_MAX},
            "inputs": [
                {"name": name, "dtype": "int64", "shape": ["batch", "sequence"]}
                for name in ("input_ids", "attention_mask", "token_type_ids")
            ],
            "outputs": [{"name": "logits", "dtype": "float32", "shape": ["batch", 3]}],
            **sentiment_data.STATED,
            "label": "sentiment of one headline as its annotators gave it: bullish = positive, bearish = negative, else neutral; "
            "the horizon is a choice for the fusion, nothing in the data measures it",
            "golden": artefact.golden(session, feeds_of(rows["test"][:2]), 1e-3),
            "calibration": {"method": "none", "note": f"temperature {temperature:.3f}, fitted on validation, is folded into the logits"},
        },
        sentiment_data.origin(rows, SEED, epoch),
        report,
    )
    print(report)


if __name__ == "__main__":
    main()
