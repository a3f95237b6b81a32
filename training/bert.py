"""BERT for sentence classification, small: the same network once in PyTorch and once as an ONNX graph."""

from dataclasses import dataclass

import numpy as np
import onnx
import torch
from onnx import TensorProto
from torch import nn

from encoder import EncoderLayer, EncoderPen

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


class Bert(nn.Module):
    def __init__(self, shape: BertShape):
        super().__init__()
        self.shape = shape
        self.words = nn.Embedding(shape.vocabulary, shape.hidden)
        self.positions = nn.Embedding(shape.positions, shape.hidden)
        self.types = nn.Embedding(2, shape.hidden)
        self.norm = nn.LayerNorm(shape.hidden, eps=EPSILON)
        self.layers = nn.ModuleList(EncoderLayer(shape, EPSILON) for _ in range(shape.layers))
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


def to_onnx(model: Bert) -> onnx.ModelProto:
    shape = model.shape
    pen = EncoderPen("bert-sentiment", model, EPSILON)
    ids = pen.input("input_ids", TensorProto.INT64, ["batch", "sequence"])
    attention = pen.input("attention_mask", TensorProto.INT64, ["batch", "sequence"])
    types = pen.input("token_type_ids", TensorProto.INT64, ["batch", "sequence"])

    length = pen.op("Gather", pen.op("Shape", ids), pen.ints(1), axis=0)
    places = pen.op("Slice", pen.table("positions"), pen.ints(0), length, pen.ints(0))
    words = pen.op("Gather", pen.table("words"), ids, axis=0)
    kinds = pen.op("Gather", pen.table("types"), types, axis=0)
    x = pen.norm(pen.op("Add", pen.op("Add", words, places), kinds), "norm")

    seen = pen.op("Cast", pen.op("Unsqueeze", attention, pen.ints(1, 2)), to=TensorProto.FLOAT)
    mask = pen.op("Mul", pen.op("Sub", pen.scalar(1.0), seen), pen.scalar(FORBIDDEN))
    for index in range(shape.layers):
        x = pen.layer(x, f"layers.{index}", shape, mask)

    first = pen.op("Gather", x, pen.constant("first", np.int64(0)), axis=1)
    logits = pen.dense(pen.op("Tanh", pen.dense(first, "pooler")), "classifier")
    pen.output(logits, "logits", ["batch", shape.labels])
    return pen.model()

