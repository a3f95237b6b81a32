"""Each shipped model is the file that its manifest describes, and answers as it did when it was made."""

import json
import pathlib

import numpy as np
import onnxruntime
import pytest

import artefact

MANIFESTS = sorted(artefact.MODELS.glob("*/*/*/manifest.json"))
ONNX = [path for path in MANIFESTS if json.loads(path.read_text(encoding="utf-8"))["file"].endswith(".onnx")]
DTYPES = {"tensor(float)": "float32", "tensor(int64)": "int64"}


def name_of(path: pathlib.Path) -> str:
    return "-".join(path.parent.relative_to(artefact.MODELS).parts[1:])


def read(path: pathlib.Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def session_of(path: pathlib.Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(str(path.parent / read(path)["file"]), providers=["CPUExecutionProvider"])


def test_models_are_shipped():
    assert {name_of(path).rsplit("-", 1)[0] for path in MANIFESTS} >= {"finbert", "llama", "lightgbm-1s", "lightgbm-5s", "patchtst-1s"}


@pytest.mark.parametrize("path", MANIFESTS, ids=name_of)
def test_file_has_the_stated_hash_and_size(path):
    manifest = read(path)
    file = path.parent / manifest["file"]
    assert artefact.sha256_of(file) == manifest["sha256"]
    assert file.stat().st_size == manifest["bytes"] < artefact.BYTES_MAX


@pytest.mark.parametrize("path", MANIFESTS, ids=name_of)
def test_folder_is_named_after_the_manifest(path):
    manifest = read(path)
    assert path.parent.parts[-3:] == (manifest["family"], manifest["name"], manifest["version"])


@pytest.mark.parametrize("path", MANIFESTS, ids=name_of)
def test_training_is_described(path):
    training = read(path)["training"]
    assert training["data"] and training["split"] and isinstance(training["seed"], int) and training["commit"]
    assert not any("/" in name for name in training["data"])


@pytest.mark.parametrize("path", ONNX, ids=name_of)
def test_graph_has_the_stated_inputs_and_outputs(path):
    manifest, session = read(path), session_of(path)
    for stated, real in ((manifest["inputs"], session.get_inputs()), (manifest["outputs"], session.get_outputs())):
        assert [(x["name"], x["dtype"], x["shape"]) for x in stated] == [(x.name, DTYPES[x.type], x.shape) for x in real]


@pytest.mark.parametrize("path", ONNX, ids=name_of)
def test_golden_input_gives_the_golden_output(path):
    manifest, session = read(path), session_of(path)
    dtypes = {x["name"]: x["dtype"] for x in manifest["inputs"]}
    golden = manifest["golden"]
    feeds = {
        name: np.array(tensor["data"], dtype=dtypes[name]).reshape(tensor["shape"]) for name, tensor in golden["inputs"].items()
    }
    for name, expected in golden["outputs"].items():
        said = session.run([name], feeds)[0]
        assert np.abs(said.ravel() - np.array(expected)).max() <= golden["tolerance"]


@pytest.mark.parametrize("path", ONNX, ids=name_of)
def test_a_batch_gives_what_its_rows_give_alone(path):
    manifest, session = read(path), session_of(path)
    dtypes = {x["name"]: x["dtype"] for x in manifest["inputs"]}
    golden = manifest["golden"]["inputs"]
    one = {name: np.array(x["data"], dtype=dtypes[name]).reshape(x["shape"])[:1] for name, x in golden.items()}
    many = {name: np.repeat(value, 3, axis=0) for name, value in one.items()}
    for single, batch in zip(session.run(None, one), session.run(None, many)):
        assert np.abs(batch - single).max() < 1e-5
