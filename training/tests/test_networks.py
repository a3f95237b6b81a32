"""The hand-written ONNX graphs say what the PyTorch networks say; the tokenizers are the engine's."""

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="needs requirements-torch.txt")
pytest.importorskip("gguf", reason="needs requirements-torch.txt")

import bert  # noqa: E402
import patchtst  # noqa: E402
import sentencepiece_bpe  # noqa: E402
import tiny_llama  # noqa: E402
import torch_run  # noqa: E402


def run(model, feeds):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, feeds)


def test_bert_graph_equals_the_network_with_padding():
    torch.manual_seed(1)
    network = bert.Bert(bert.BertShape(vocabulary=50, hidden=16, heads=2, inner=32)).eval()
    torch_run.round_matrices(network)
    ids = torch.randint(5, 50, (3, 11))
    attention = torch.ones_like(ids)
    attention[1, 6:] = 0
    types = torch.zeros_like(ids)
    with torch.no_grad():
        expected = network(ids, attention, types).numpy()
    feeds = {"input_ids": ids.numpy(), "attention_mask": attention.numpy(), "token_type_ids": types.numpy()}
    assert np.abs(run(bert.to_onnx(network), feeds)[0] - expected).max() < 1e-5


def test_patchtst_graph_equals_the_network():
    torch.manual_seed(2)
    network = patchtst.PatchTst(patchtst.PatchShape()).eval()
    for head in (network.price_head, network.class_head):
        torch.nn.init.normal_(head.weight, std=0.05)
    torch_run.round_matrices(network)
    past = torch.randn(4, 64, 6)
    with torch.no_grad():
        expected = [value.numpy() for value in network(past)]
    for said, wanted in zip(run(patchtst.to_onnx(network), {"past_values": past.numpy()}), expected):
        assert said.shape == wanted.shape
        assert np.abs(said - wanted).max() < 1e-4


def test_rotation_keeps_lengths_and_turns_neighbours():
    x = torch.randn(1, 1, 5, 8)
    y = tiny_llama.rotate(x, 10_000.0)
    assert torch.allclose(x[..., 0::2] ** 2 + x[..., 1::2] ** 2, y[..., 0::2] ** 2 + y[..., 1::2] ** 2, atol=1e-5)
    assert torch.allclose(y[..., 0, :], x[..., 0, :])


def test_answers_are_single_tokens_and_unknown_text_becomes_bytes():
    tokenizer = sentencepiece_bpe.learn(["shares rise", "shares fall"] * 40, 330, [" positive", " negative"])
    assert tokenizer.encode(" positive") == [tokenizer.id_of(" positive")]
    euro = tokenizer.encode("€")
    assert euro == [sentencepiece_bpe.FIRST_BYTE_ID + byte for byte in "€".encode()]
