"""Trains the small PatchTST on exported windows of 1 s bars and writes its artefact.

python train_patchtst.py --windows DIR [--out DIR] [--epochs N]
"""

import argparse
import copy
import pathlib
import time

import numpy as np
import onnx
import onnxruntime
import torch

import artefact
import bar_windows
import metrics
from patchtst import PatchShape, PatchTst, to_onnx
from platt import fit_platt, log_odds, sigmoid
from time_split import split_by_time
from torch_run import options_of, round_matrices

NAME, VERSION, SEED = "patchtst-1s", "1", 20261124
INTERVAL_US = 1_000_000
WINDOW = "patchtst-1s-64"
HORIZON_STEPS = 5
STEPS_REPORTED = (1, 5, 12)
SHARES = {"train": 0.6, "validation": 0.15, "test": 0.25}
# Every close that a label saw lies before the next part's first window ends.
EMBARGO_US = (bar_windows.STEPS + 1) * INTERVAL_US
# Share of the training weight that the few recorded minutes get: without it the model learns the simulator alone.
RECORDED_WEIGHT = 0.3
PRICE_LOSS_WEIGHT = 0.3
BATCH, LEARNING_RATE = 128, 5e-4


def role_of(source: str) -> str:
    if source.startswith("simulat"):
        return "simulated"
    return "unseen" if "ethusd" in source else "recorded"


def declared_of(folder: pathlib.Path) -> dict:
    """What the manifest says of its window; all files are of the one."""
    declared = [bar_windows.load(path).declared for path in sorted(folder.glob("*.npy"))]
    if not declared or any(one != declared[0] for one in declared) or declared[0]["window"] != WINDOW:
        raise SystemExit(f"{folder}: windows of {WINDOW} are needed, and no others")
    return declared[0]


def gather(folder: pathlib.Path) -> dict[str, np.ndarray]:
    """All windows, with role and part of each."""
    columns: dict[str, list] = {name: [] for name in ("past", "future", "source", "role", "part")}
    for path in sorted(folder.glob("*.npy")):
        exported = bar_windows.load(path)
        windows = bar_windows.examples_of(exported)
        count, role = len(windows["past"]), role_of(exported.source)
        part = np.full(count, "test" if role == "unseen" else "none", dtype=object)
        if role != "unseen":
            for name, mask in split_by_time(windows["end_us"], SHARES, EMBARGO_US).items():
                part[mask] = name
        columns["past"].append(windows["past"])
        columns["future"].append(windows["future"])
        columns["part"].append(part)
        for name, value in (("source", exported.source), ("role", role)):
            columns[name].append(np.full(count, value, dtype=object))
    return {name: np.concatenate(values) for name, values in columns.items()}


def weights_of(role: np.ndarray) -> np.ndarray:
    recorded = role == "recorded"
    weight = np.where(recorded, RECORDED_WEIGHT / recorded.sum(), (1 - RECORDED_WEIGHT) / (~recorded).sum())
    return (weight / weight.mean()).astype(np.float32)


def loss_of(model: PatchTst, past, future, classes, weight) -> torch.Tensor:
    prices, logits = model(past)
    said = torch.nn.functional.cross_entropy(logits.transpose(1, 2), classes, reduction="none").mean(dim=1)
    # Absolute error: one jump in a thousand windows must not outweigh the rest.
    off = torch.nn.functional.l1_loss(prices, future, reduction="none").mean(dim=1)
    return ((said + PRICE_LOSS_WEIGHT * off) * weight).mean()


def tensors(windows: dict[str, np.ndarray], mask: np.ndarray):
    past = np.concatenate([windows["past"][mask], bar_windows.mirrored(windows["past"][mask])])
    future = np.concatenate([windows["future"][mask], -windows["future"][mask]])
    weight = np.tile(weights_of(windows["role"][mask]), 2)
    return tuple(torch.from_numpy(np.ascontiguousarray(x)) for x in (past, future, bar_windows.classes_of(future), weight))


def train(model: PatchTst, windows: dict[str, np.ndarray], epochs: int) -> int:
    """Keeps the epoch with the lowest validation loss, which is returned."""
    generator = torch.Generator().manual_seed(SEED)
    learn = tensors(windows, windows["part"] == "train")
    check = tensors(windows, windows["part"] == "validation")
    optimiser = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.05)
    steps = epochs * ((len(learn[0]) + BATCH - 1) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps, pct_start=0.2)
    best, best_epoch, best_loss = None, 0, float("inf")
    for epoch in range(1, epochs + 1):
        model.train()
        began = time.monotonic()
        for rows in torch.randperm(len(learn[0]), generator=generator).split(BATCH):
            loss = loss_of(model, *(x[rows] for x in learn))
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        model.eval()
        with torch.no_grad():
            # Unweighted: a hundred recorded windows would make the choice a lottery.
            found = loss_of(model, *check[:3], torch.ones(len(check[0]))).item()
        print(f"epoch {epoch}: validation loss {found:.4f} {time.monotonic() - began:.1f} s", flush=True)
        if found < best_loss:
            best, best_epoch, best_loss = copy.deepcopy(model.state_dict()), epoch, found
    model.load_state_dict(best)
    return best_epoch


def probability_up(logits: np.ndarray, steps: int) -> np.ndarray:
    """As models/patchtst/spec.ts reads it: P(up) over P(up or down), each the mean over the first `steps`."""
    mean = metrics.softmax(logits.astype(np.float64))[:, :steps].mean(axis=1)
    return mean[:, 0] / (mean[:, 0] + mean[:, 1])


def measure(past, future, prices, logits, majority: np.ndarray) -> dict:
    classes = bar_windows.classes_of(future)
    chance = metrics.softmax(logits.astype(np.float64))
    last_return = past[:, -1, bar_windows.CLOSE] - past[:, -2, bar_windows.CLOSE]
    rows = []
    for step in STEPS_REPORTED:
        at = step - 1
        moved = classes[:, at] != 2
        up = (classes[:, at] == 0)[moved].astype(float)
        ratio = chance[moved, at, 0] / (chance[moved, at, 0] + chance[moved, at, 1])
        rows.append(
            {
                "step": step,
                "accuracy": round(float((logits[:, at].argmax(axis=1) == classes[:, at]).mean()), 3),
                "majority": round(float((classes[:, at] == majority[at]).mean()), 3),
                "upAgainstDownAuc": round(metrics.auc(ratio, up), 3),
                "momentumAuc": round(metrics.auc(last_return[moved], up), 3),
                "mae": round(float(np.abs(prices[:, at] - future[:, at]).mean()), 3),
                "maePersistence": round(float(np.abs(future[:, at]).mean()), 3),
            }
        )
    return {"rows": int(len(past)), "steps": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=pathlib.Path, required=True)
    options = options_of(parser, artefact.MODELS / "patchtst" / NAME / VERSION, 10, SEED)

    declared = declared_of(options.windows)
    windows = gather(options.windows)
    part, role = windows["part"], windows["role"]
    print({f"{r} {p}": int(((role == r) & (part == p)).sum()) for r in set(role) for p in set(part)})
    model = PatchTst(PatchShape(length=bar_windows.LENGTH, channels=len(bar_windows.CHANNELS), steps=bar_windows.STEPS))
    epoch = train(model, windows, options.epochs)
    round_matrices(model)
    model.eval()
    options.out.mkdir(parents=True, exist_ok=True)
    onnx.save(to_onnx(model), options.out / "model.onnx")

    session = onnxruntime.InferenceSession(str(options.out / "model.onnx"), providers=["CPUExecutionProvider"])
    prices, logits = session.run(["prices", "logits"], {"past_values": windows["past"]})
    with torch.no_grad():
        own = model(torch.from_numpy(windows["past"][:500]))
    apart = max(float(np.abs(a[:500] - b.numpy()).max()) for a, b in zip((prices, logits), own))
    raw = probability_up(logits, HORIZON_STEPS)
    ahead = windows["future"][:, HORIZON_STEPS - 1]
    check = (part == "validation") & (ahead != 0)
    mirrored = session.run(["logits"], {"past_values": bar_windows.mirrored(windows["past"][check])})[0]
    a, b = fit_platt(
        log_odds(np.concatenate([raw[check], probability_up(mirrored, HORIZON_STEPS)])),
        np.concatenate([ahead[check] > 0, ahead[check] < 0]).astype(float),
        np.tile(weights_of(role[check]), 2),
    )
    majority = np.array([np.bincount(column).argmax() for column in bar_windows.classes_of(windows["future"][part == "train"]).T])
    found: dict = {"onnxAgainstTorchMaxAbs": float(f"{apart:.2e}")}
    for name in ("recorded", "unseen", "simulated"):
        mask = (part == "test") & (role == name)
        if mask.any():
            found[name] = measure(windows["past"][mask], windows["future"][mask], prices[mask], logits[mask], majority)
            moved = mask & (ahead != 0)
            p, up = sigmoid(a * log_odds(raw[moved]) + b), (ahead[moved] > 0).astype(float)
            found[name]["calibrated5s"] = {
                "rows": int(moved.sum()),
                "auc": round(metrics.auc(p, up), 3),
                "logLoss": round(metrics.log_loss(p, up), 4),
                "brier": round(metrics.brier(p, up), 4),
                "ece": round(metrics.ece(p, up), 4),
            }
    artefact.write_manifest(
        options.out,
        {
            "name": NAME,
            "family": "patchtst",
            "version": VERSION,
            "file": "model.onnx",
            "input": {"kind": "bars", **declared},
            "inputs": [{"name": "past_values", "dtype": "float32", "shape": ["batch", bar_windows.LENGTH, len(bar_windows.CHANNELS)]}],
            "outputs": [
                {"name": "prices", "dtype": "float32", "shape": ["batch", bar_windows.STEPS]},
                {"name": "logits", "dtype": "float32", "shape": ["batch", bar_windows.STEPS, 3]},
            ],
            "normalisation": bar_windows.NORMALISATION,
            "horizonMs": HORIZON_STEPS * INTERVAL_US // 1000,
            "ttlMs": HORIZON_STEPS * INTERVAL_US // 1000,
            "label": f"close of each of the next {bar_windows.STEPS} bars, and whether it lies above, below or within {bar_windows.NEUTRAL_BAND} "
            f"standard deviations of the last close; the calibration is for P(close {HORIZON_STEPS} bars later higher, given that it is not the same)",
            "golden": artefact.golden(session, {"past_values": windows["past"][part == "test"][:1]}, 1e-3),
            "calibration": {"method": "platt", "a": round(a, 6), "b": round(b, 6)},
        },
        {
            "data": sorted(set(windows["source"])),
            "split": "by time in each source: first 60 % train, next 15 % validation (choice of epoch, calibration), last 25 % test, "
            f"{EMBARGO_US // 1_000_000} s embargo before each border; COIN-M ETHUSD is test only",
            "rows": {name: int((part == name).sum()) for name in ("train", "validation", "test")},
            "weighting": f"recorded windows have {RECORDED_WEIGHT:.0%} of the weight in training and calibration, none the more in the choice of the epoch; "
            "each window also stands mirrored",
            "seed": SEED,
            "epochs": epoch,
        },
        found,
    )
    for name, numbers in found.items():
        print(name, numbers)


if __name__ == "__main__":
    main()
