"""Trains the tiny LLaMA to say a headline's sentiment as the next token, and writes its artefact.

python train_llama.py --data DIR [--out DIR] [--epochs N]
"""

import argparse
import copy
import pathlib
import time

import numpy as np
import torch

import artefact
import metrics
import sentiment_data
import sentencepiece_bpe
from sentencepiece_bpe import START_ID, UNKNOWN_ID, SentencePieceBpe
from tiny_llama import LlamaShape, TinyLlama, write_gguf
from torch_run import options_of, round_matrices

NAME, VERSION, SEED = "llama", "1", 20261122
VOCABULARY_MAX, TOKENS_MAX = 2_400, 160
PROMPT = "{text}\nSentiment:"
ANSWERS = tuple(f" {label}" for label in sentiment_data.LABELS)
BATCH = 64
LEARNING_RATE = 1.5e-3
# Hidden words keep the answers from being learned by heart.
HIDDEN_SHARE = 0.15
# First reads the headlines, continuing each from its beginning; then answers.
READING_EPOCHS = 4


def encode(tokenizer: SentencePieceBpe, text: str) -> list[int]:
    """Long texts lose their end, never the question."""
    question = tokenizer.encode(PROMPT.replace("{text}", ""))
    return [START_ID, *tokenizer.encode(text)[: TOKENS_MAX - 1 - len(question)], *question]


def pad(rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Padding goes to the end, where a causal model cannot see it. Also: where each row ends."""
    ids = torch.zeros(len(rows), max(len(row) for row in rows), dtype=torch.long)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = torch.tensor(row)
    return ids, torch.tensor([len(row) - 1 for row in rows])


def answer_logits(model: TinyLlama, rows: list[list[int]], answers: list[int]) -> np.ndarray:
    model.eval()
    out = []
    with torch.no_grad():
        for start in range(0, len(rows), 256):
            ids, last = pad(rows[start : start + 256])
            states = model.states(ids)[torch.arange(len(last)), last]
            out.append((states @ model.token_embd.weight.T[:, answers]).numpy())
    return np.concatenate(out)


def batches(rows: list[list[int]], generator: torch.Generator) -> list[list[int]]:
    """Rows of like length together: half of the padding goes away."""
    noise = torch.rand(len(rows), generator=generator) * 6
    order = sorted(range(len(rows)), key=lambda row: len(rows[row]) + float(noise[row]))
    groups = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
    return [groups[index] for index in torch.randperm(len(groups), generator=generator).tolist()]


def learn(model: TinyLlama, rows: list[list[int]], epochs: int, loss_of, after_epoch) -> None:
    generator = torch.Generator().manual_seed(SEED)
    optimiser = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.05)
    steps = epochs * ((len(rows) + BATCH - 1) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps, pct_start=0.15)
    for epoch in range(1, epochs + 1):
        model.train()
        began = time.monotonic()
        total = 0.0
        groups = batches(rows, generator)
        for group in groups:
            loss = loss_of(group, generator)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += loss.item()
        after_epoch(epoch, total / len(groups), time.monotonic() - began)


def read(model: TinyLlama, rows: list[list[int]], epochs: int) -> None:
    def loss_of(group: list[int], _: torch.Generator) -> torch.Tensor:
        ids, last = pad([rows[row] for row in group])
        text = torch.arange(ids.shape[1] - 1)[None, :] < last[:, None]
        logits = model.states(ids)[:, :-1][text] @ model.token_embd.weight.T
        return torch.nn.functional.cross_entropy(logits, ids[:, 1:][text])

    learn(model, rows, epochs, loss_of, lambda epoch, loss, s: print(f"reading epoch {epoch}: {loss:.3f} nats a token {s:.1f} s", flush=True))


def answer(model: TinyLlama, rows, labels: torch.Tensor, validation, answers: list[int], epochs: int) -> int:
    """Keeps the epoch with the highest validation macro-F1, which is returned."""
    answer_ids = torch.tensor(answers)
    best: dict = {"state": None, "epoch": 0, "score": 0.0}

    def loss_of(group: list[int], generator: torch.Generator) -> torch.Tensor:
        ids, last = pad([rows[row] for row in group])
        places = torch.arange(ids.shape[1])
        hidden = (torch.rand(ids.shape, generator=generator) < HIDDEN_SHARE) & (places > 0) & (places < last[:, None] - 2)
        ends = model.states(ids.masked_fill(hidden, UNKNOWN_ID))[torch.arange(len(last)), last]
        # Over the whole vocabulary: what generates freely must answer too.
        logits = ends @ model.token_embd.weight.T
        return torch.nn.functional.cross_entropy(logits, answer_ids[labels[group]], label_smoothing=0.02)

    def after_epoch(epoch: int, loss: float, seconds: float) -> None:
        report = metrics.sentiment_report(answer_logits(model, validation[0], answers), validation[1])
        print(f"epoch {epoch}: {loss:.3f}, {report['accuracy']} {report['macroF1']} {report['logLoss']} {seconds:.1f} s", flush=True)
        if report["macroF1"] > best["score"]:
            best.update(state=copy.deepcopy(model.state_dict()), epoch=epoch, score=report["macroF1"])

    learn(model, rows, epochs, loss_of, after_epoch)
    model.load_state_dict(best["state"])
    return best["epoch"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--probe", type=pathlib.Path, help="also write texts, tokens and logits, for a check in llama.cpp")
    options = options_of(parser, artefact.MODELS / "llama" / NAME / VERSION, 8, SEED)

    parts = sentiment_data.load(options.data)
    question = PROMPT.replace("{text}\n", "")
    tokenizer = sentencepiece_bpe.learn([e.text for e in parts["train"]], VOCABULARY_MAX, [question, *ANSWERS])
    answers = [tokenizer.id_of(answer) for answer in ANSWERS]
    rows = {part: [encode(tokenizer, e.text) for e in parts[part]] for part in parts}
    labels = {part: np.array([e.label for e in parts[part]]) for part in parts}
    print({part: len(rows[part]) for part in parts}, "vocabulary", len(tokenizer), "mean tokens", np.mean([len(r) for r in rows["train"]]))

    model = TinyLlama(LlamaShape(vocabulary=len(tokenizer)))
    read(model, rows["train"], READING_EPOCHS)
    epoch = answer(model, rows["train"], torch.tensor(labels["train"]), (rows["validation"], labels["validation"]), answers, options.epochs)
    temperature = metrics.fit_temperature(answer_logits(model, rows["validation"], answers), labels["validation"])
    with torch.no_grad():
        # Every logit is linear in the last norm's weight.
        model.output_norm.weight /= temperature
    round_matrices(model)
    options.out.mkdir(parents=True, exist_ok=True)
    write_gguf(model, tokenizer, options.out / "model.gguf", "fusewire tiny sentiment LLaMA")
    report = {
        part: metrics.sentiment_report(answer_logits(model, rows[part], answers), labels[part]) for part in ("test", "validation")
    }
    artefact.write_manifest(
        options.out,
        {
            "name": NAME,
            "family": "llama",
            "version": VERSION,
            "file": "model.gguf",
            "input": {"kind": "text", "maxTokens": TOKENS_MAX},
            "inputs": [],
            "outputs": [],
            **sentiment_data.STATED,
            "prompt": PROMPT,
            "label": "sentiment of one headline as its annotators gave it: bullish = positive, bearish = negative, else neutral, said "
            "as the next token after the prompt, one token a label with a space before it; the horizon is a choice for the fusion",
            "calibration": {"method": "none", "note": f"temperature {temperature:.3f}, fitted on validation, is folded into output_norm"},
        },
        sentiment_data.origin(rows, SEED, epoch),
        report,
    )
    if options.probe:
        texts = [example.text for example in parts["test"][:40]]
        encoded = [encode(tokenizer, text) for text in texts]
        logits = answer_logits(model, encoded, answers)
        rows_of_probe = [{"text": t, "ids": i, "logits": l.tolist()} for t, i, l in zip(texts, encoded, logits)]
        artefact.write_json(options.probe, {"prompt": PROMPT, "answers": answers, "rows": rows_of_probe})
    print(report)


if __name__ == "__main__":
    main()
