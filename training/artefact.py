"""Where artefacts land and what their manifest says: one folder a model and version, hashed and dated."""

import datetime
import hashlib
import json
import pathlib
import subprocess

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
MODELS = REPOSITORY / "models"
BYTES_MAX = 2_000_000


def sha256_of(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def commit_of_checkout() -> str:
    """The commit that the training code was run at; "+" marks training code that differs from it."""
    try:
        head = _git("rev-parse", "HEAD")
        dirty = _git("status", "--porcelain", "--", ":(glob)training/*.py")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head + ("+" if dirty else "")


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=REPOSITORY, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def write_json(path: pathlib.Path, value: object) -> None:
    """Numbers are rounded by the caller; key order is kept, so that a rerun gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def golden(session, feeds: dict, tolerance: float) -> dict:
    """One input with its outputs: each engine that loads the file computes them again before it serves."""
    names = [output.name for output in session.get_outputs()]
    outputs = dict(zip(names, session.run(names, feeds)))
    return {
        "inputs": {
            name: {"shape": list(value.shape), "data": [_shortest(x) for x in value.ravel()]} for name, value in feeds.items()
        },
        "outputs": {name: [_shortest(x) for x in value.ravel()] for name, value in outputs.items()},
        "tolerance": tolerance,
    }


def _shortest(value) -> int | float:
    """As few digits as give the same float32 again."""
    return float(str(value)) if value.dtype.kind == "f" else int(value)


def write_manifest(folder: pathlib.Path, fields: dict, training: dict, metrics: dict) -> dict:
    """Completes `fields` with what only the finished file can tell, and writes manifest.json beside it."""
    file = folder / fields["file"]
    size = file.stat().st_size
    if size >= BYTES_MAX:
        raise ValueError(f"{file.name} has {size} bytes, the limit is {BYTES_MAX}")
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    manifest = {
        "manifestVersion": 1,
        "name": fields["name"],
        "family": fields["family"],
        "version": fields["version"],
        "file": fields["file"],
        "sha256": sha256_of(file),
        "bytes": size,
        **{key: value for key, value in fields.items() if key not in ("name", "family", "version", "file")},
        "training": {
            **training,
            "trainedAt": now.isoformat().replace("+00:00", "Z"),
            "commit": commit_of_checkout(),
        },
        "metrics": metrics,
        "license": "Apache-2.0",
    }
    write_json(folder / "manifest.json", manifest)
    return manifest
