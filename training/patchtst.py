"""PatchTST, small: patches of each channel pass through shared layers, one head sees all; in PyTorch and as ONNX."""

from dataclasses import dataclass

import onnx
import torch
from onnx import TensorProto
from torch import nn

from encoder import EncoderLayer, EncoderPen

EPSILON = 1e-5


@dataclass(frozen=True)
class PatchShape:
    length: int = 64
    channels: int = 6
    patch: int = 8
    steps: int = 12
    classes: int = 3
    hidden: int = 32
    layers: int = 2
    heads: int = 4
    inner: int = 64
    dropout: float = 0.2
    head_dropout: float = 0.6

    @property
    def patches(self) -> int:
        return self.length // self.patch


class PatchTst(nn.Module):
    def __init__(self, shape: PatchShape):
        super().__init__()
        self.shape = shape
        self.embed = nn.Linear(shape.patch, shape.hidden)
        self.positions = nn.Parameter(torch.randn(shape.patches, shape.hidden) * 0.02)
        self.layers = nn.ModuleList(EncoderLayer(shape, EPSILON) for _ in range(shape.layers))
        self.dropout = nn.Dropout(shape.dropout)
        seen = shape.channels * shape.patches * shape.hidden
        # The heads see 1,536 numbers of a window that says little: they begin at "no move" and most of what they see is hidden.
        self.head_dropout = nn.Dropout(shape.head_dropout)
        self.price_head = nn.Linear(seen, shape.steps)
        self.class_head = nn.Linear(seen, shape.steps * shape.classes)
        for head in (self.price_head, self.class_head):
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)

    def forward(self, past: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        shape = self.shape
        patches = past.transpose(1, 2).reshape(-1, shape.patches, shape.patch)
        x = self.dropout(self.embed(patches) + self.positions)
        for layer in self.layers:
            x = layer(x)
        seen = self.head_dropout(x.reshape(len(past), -1))
        return self.price_head(seen), self.class_head(seen).view(-1, shape.steps, shape.classes)


def to_onnx(model: PatchTst) -> onnx.ModelProto:
    shape = model.shape
    pen = EncoderPen("patchtst", model, EPSILON)
    past = pen.input("past_values", TensorProto.FLOAT, ["batch", shape.length, shape.channels])

    patches = pen.op("Reshape", pen.op("Transpose", past, perm=[0, 2, 1]), pen.ints(-1, shape.patches, shape.patch))
    x = pen.op("Add", pen.dense(patches, "embed"), pen.matrix("positions", pen.weights["positions"]))
    for index in range(shape.layers):
        x = pen.layer(x, f"layers.{index}", shape)
    seen = pen.op("Reshape", x, pen.ints(-1, shape.channels * shape.patches * shape.hidden))
    pen.output(pen.dense(seen, "price_head"), "prices", ["batch", shape.steps])
    classes = pen.op("Reshape", pen.dense(seen, "class_head"), pen.ints(-1, shape.steps, shape.classes))
    pen.output(classes, "logits", ["batch", shape.steps, shape.classes])
    return pen.model()
