"""BERT for sentence classification, small: the same network once in PyTorch and once as an ONNX graph."""

from dataclasses import dataclass

import numpy as np
import onnx
import torch
from onnx import TensorProto
from torch import nn

from onnx_graph import GraphPen

EPSILON = 1e-12
# Added to the scores of padding: e^-10000 is 0 in float32.
FORBIDDEN = -10_000.0


@dataclass(frozen=True)
class BertShape:
    vocabulary: int
    positions: int = 64
    hidden: int = 96
    layers: int = 2
    heads: int = 4
    inner: int = 384
    labels: int = 3
    dropout: float = 0.2


class BertLayer(nn.Module):
    def __init__(self, shape: BertShape):
        super().__init__()
        self.heads = shape.heads
        self.query = nn.Linear(shape.hidden, shape.hidden)
        self.key = nn.Linear(shape.hidden, shape.hidden)
        self.value = nn.Linear(shape.hidden, shape.hidden)
        self.mix = nn.Linear(shape.hidden, shape.hidden)
        self.mix_norm = nn.LayerNorm(shape.hidden, eps=EPSILON)
        self.widen = nn.Linear(shape.hidden, shape.inner)
        self.narrow = nn.Linear(shape.inner, shape.hidden)
        self.narrow_norm = nn.LayerNorm(shape.hidden, eps=EPSILON)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        batch, sequence, hidden = x.shape
        split = lambda y: y.view(batch, sequence, self.heads, hidden // self.heads).transpose(1, 2)
        mixed = nn.functional.scaled_dot_product_attention(
            split(self.query(x)), split(self.key(x)), split(self.value(x)), attn_mask=mask
        )
        mixed = mixed.transpose(1, 2).reshape(batch, sequence, hidden)
        x = self.mix_norm(x + self.dropout(self.mix(mixed)))
        return self.narrow_norm(x + self.dropout(self.narrow(nn.functional.gelu(self.widen(x)))))


class Bert(nn.Module):
    def __init__(self, shape: BertShape):
        super().__init__()
        self.shape = shape
        self.words = nn.Embedding(shape.vocabulary, shape.hidden)
        self.positions = nn.Embedding(shape.positions, shape.hidden)
        self.types = nn.Embedding(2, shape.hidden)
        self.norm = nn.LayerNorm(shape.hidden, eps=EPSILON)
        self.layers = nn.ModuleList(BertLayer(shape) for _ in range(shape.layers))
        self.pooler = nn.Linear(shape.hidden, shape.hidden)
        self.classifier = nn.Linear(shape.hidden, shape.labels)
        self.dropout = nn.Dropout(shape.dropout)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.05)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)

    def encode(self, ids: torch.Tensor, attention: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        places = torch.arange(ids.shape[1], device=ids.device)
        x = self.dropout(self.norm(self.words(ids) + self.positions(places) + self.types(types)))
        mask = (1.0 - attention[:, None, None, :].float()) * FORBIDDEN
        for layer in self.layers:
            x = layer(x, mask)
        return x

    def classify(self, encoded: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.dropout(torch.tanh(self.pooler(encoded[:, 0]))))

    def forward(self, ids: torch.Tensor, attention: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        return self.classify(self.encode(ids, attention, types))


def round_matrices(model: nn.Module) -> None:
    """The file stores matrices as float16: from here on PyTorch computes with what is stored."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.copy_(parameter.half().float())


def to_onnx(model: Bert) -> onnx.ModelProto:
    shape = model.shape
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    pen = GraphPen("bert-sentiment")
    ids = pen.input("input_ids", TensorProto.INT64, ["batch", "sequence"])
    attention = pen.input("attention_mask", TensorProto.INT64, ["batch", "sequence"])
    types = pen.input("token_type_ids", TensorProto.INT64, ["batch", "sequence"])

    def table(name: str) -> str:
        return pen.matrix(f"{name}.weight", weights[f"{name}.weight"])

    def linear(value: str, name: str) -> str:
        return pen.linear(value, name, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def norm(value: str, name: str) -> str:
        return pen.layer_norm(value, name, weights[f"{name}.weight"], weights[f"{name}.bias"], EPSILON)

    length = pen.op("Gather", pen.op("Shape", ids), pen.ints(1), axis=0)
    places = pen.op("Slice", table("positions"), pen.ints(0), length, pen.ints(0))
    words = pen.op("Gather", table("words"), ids, axis=0)
    kinds = pen.op("Gather", table("types"), types, axis=0)
    x = norm(pen.op("Add", pen.op("Add", words, places), kinds), "norm")

    seen = pen.op("Cast", pen.op("Unsqueeze", attention, pen.ints(1, 2)), to=TensorProto.FLOAT)
    mask = pen.op("Mul", pen.op("Sub", pen.scalar(1.0), seen), pen.scalar(FORBIDDEN))
    for index in range(shape.layers):
        layer = f"layers.{index}"
        query, key, value = (linear(x, f"{layer}.{part}") for part in ("query", "key", "value"))
        mixed = pen.attend(query, key, value, shape.heads, shape.hidden // shape.heads, mask)
        x = norm(pen.op("Add", x, linear(mixed, f"{layer}.mix")), f"{layer}.mix_norm")
        inner = pen.gelu(linear(x, f"{layer}.widen"))
        x = norm(pen.op("Add", x, linear(inner, f"{layer}.narrow")), f"{layer}.narrow_norm")

    first = pen.op("Gather", x, pen.constant("first", np.int64(0)), axis=1)
    logits = linear(pen.op("Tanh", linear(first, "pooler")), "classifier")
    pen.output(logits, "logits", ["batch", shape.labels])
    return pen.model()

