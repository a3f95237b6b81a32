"""Writes what the manifests measured into the model cards, between two comments: python cards.py"""

import json

import artefact

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def table(head: list[str], rows: list[list]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def origin(manifest: dict) -> str:
    training = manifest["training"]
    rows = ", ".join(f"{count} {part}" for part, count in training["rows"].items())
    data = ", ".join(f"`{name}`" for name in training["data"])
    return (
        f"`{manifest['file']}` of {manifest['bytes']:,} bytes, SHA-256 `{manifest['sha256'][:16]}…`, trained {training['trainedAt']} "
        f"at commit `{training['commit'][:12]}`, seed {training['seed']}.\n\nData: {data}. Rows: {rows}. Split {training['split']}."
    )


def sentiment(manifest: dict) -> str:
    metrics, labels = manifest["metrics"], manifest["labels"]
    named = {
        "test": "this model, test",
        "validation": "this model, validation",
        "baselineTfIdfLogisticTest": "TF-IDF logistic regression, test",
        "baselineMajorityTest": "always the majority, test",
    }
    rows = [
        [name, *(metrics[key].get(column, "") for column in ("accuracy", "macroF1", "logLoss", "ece"))]
        for key, name in named.items()
        if key in metrics
    ]
    confusion = [[f"**{label}**", *counts] for label, counts in zip(labels, metrics["test"]["confusion"])]
    return "\n\n".join(
        [
            origin(manifest),
            table(["", "accuracy", "macro-F1", "log-loss", "ECE"], rows),
            "Confusion on test (rows: the truth, columns: what was said):",
            table(["", *labels], confusion),
        ]
    )


def lightgbm(manifest: dict) -> str:
    metrics = manifest["metrics"]
    groups = {
        "recorded": "recorded, later minutes",
        "unseen": "recorded, unseen venue and symbol",
        "simulated": "simulated, later minutes",
    }
    present = {key: name for key, name in groups.items() if key in metrics}

    def row(name: str, numbers: dict) -> list:
        low, high = numbers["auc90"]
        base_low, base_high = numbers["imbalanceAuc90"]
        return [
            name,
            numbers["rows"],
            f"{numbers['auc']:.3f} ({low:.3f}–{high:.3f})",
            f"{numbers['imbalanceAuc']:.3f} ({base_low:.3f}–{base_high:.3f})",
            f"{numbers['logLoss']:.3f}",
            f"{numbers['imbalanceLogLoss']:.3f}",
            f"{numbers['brier']:.3f}",
            f"{numbers['ece']:.3f}",
        ]

    head = ["test rows", "rows", "AUC (90 %)", "imbalance alone", "log-loss", "imbalance's", "Brier", "ECE"]
    rows = [row(name, metrics[key]) for key, name in present.items()]
    rows += [row(f"`{source}`", numbers) for source, numbers in metrics["bySource"].items() if not source.startswith("simulat")]
    bins = sorted({(line["from"], line["to"]) for key in present for line in metrics[key]["calibration"]})
    lines = []
    for low, high in bins:
        cells = [f"{low:.1f}–{high:.1f}"]
        for key in present:
            found = [line for line in metrics[key]["calibration"] if line["from"] == low]
            cells.append(f"{found[0]['said']:.2f} → {found[0]['happened']:.2f} ({found[0]['rows']})" if found else "")
        lines.append(cells)
    gain = ", ".join(f"{name} {share:.0%}" for name, share in metrics["gain"].items())
    ties = ", ".join(f"{share:.0%} `{source}`" for source, share in metrics["ties"].items() if not source.startswith("simulat"))
    return "\n\n".join(
        [
            f"### {manifest['name']}",
            origin(manifest),
            table(head, rows),
            "Calibration, said → happened (rows):",
            table(["P(up)", *present.values()], lines),
            f"{metrics['trees']} trees. Share of the gain: {gain}. Rows left out because the mid was the same: {ties}.",
        ]
    )


def patchtst(manifest: dict) -> str:
    metrics = manifest["metrics"]
    parts = [origin(manifest)]
    for key, name in (("recorded", "Recorded"), ("unseen", "Recorded, unseen venue and symbol"), ("simulated", "Simulated")):
        if key not in metrics:
            continue
        rows = [
            [
                line["step"],
                line["accuracy"],
                line["majority"],
                line["upAgainstDownAuc"],
                line["momentumAuc"],
                line["mae"],
                line["maePersistence"],
            ]
            for line in metrics[key]["steps"]
        ]
        calibrated = metrics[key]["calibrated5s"]
        parts.append(
            f"{name}, test, {metrics[key]['rows']} windows. P(up) after 5 s as the engine reads it, over {calibrated['rows']} that moved: "
            f"AUC {calibrated['auc']}, log-loss {calibrated['logLoss']}, Brier {calibrated['brier']}, ECE {calibrated['ece']}."
        )
        parts.append(
            table(
                ["step", "accuracy (3 classes)", "majority", "AUC up/down", "AUC of the last return", "MAE (std)", "MAE of persistence"],
                rows,
            )
        )
    return "\n\n".join(parts)


WRITERS = {"finbert": sentiment, "llama": sentiment, "lightgbm": lightgbm, "patchtst": patchtst}


def main() -> None:
    for family, write in WRITERS.items():
        card = artefact.MODELS / family / "README.md"
        manifests = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(card.parent.glob("*/*/manifest.json"))]
        if not card.exists() or not manifests:
            continue
        head, _, rest = card.read_text(encoding="utf-8").partition(BEGIN)
        tail = rest.partition(END)[2]
        measured = "\n\n".join(write(manifest) for manifest in manifests)
        card.write_text(f"{head}{BEGIN}\n\n{measured}\n\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
