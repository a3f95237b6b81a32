"""The encoder layer that BERT and PatchTST share, once in PyTorch and once as ONNX nodes."""

from typing import Protocol

import numpy as np
import torch
from torch import nn

from onnx_graph import GraphPen


class EncoderShape(Protocol):
    hidden: int
    inner: int
    heads: int
    dropout: float


class EncoderLayer(nn.Module):
    def __init__(self, shape: EncoderShape, epsilon: float):
        super().__init__()
        self.heads = shape.heads
        self.query = nn.Linear(shape.hidden, shape.hidden)
        self.key = nn.Linear(shape.hidden, shape.hidden)
        self.value = nn.Linear(shape.hidden, shape.hidden)
        self.mix = nn.Linear(shape.hidden, shape.hidden)
        self.mix_norm = nn.LayerNorm(shape.hidden, eps=epsilon)
        self.widen = nn.Linear(shape.hidden, shape.inner)
        self.narrow = nn.Linear(shape.inner, shape.hidden)
        self.narrow_norm = nn.LayerNorm(shape.hidden, eps=epsilon)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        batch, sequence, hidden = x.shape
        split = lambda y: y.view(batch, sequence, self.heads, hidden // self.heads).transpose(1, 2)
        mixed = nn.functional.scaled_dot_product_attention(
            split(self.query(x)), split(self.key(x)), split(self.value(x)), attn_mask=mask
        )
        mixed = mixed.transpose(1, 2).reshape(batch, sequence, hidden)
        x = self.mix_norm(x + self.dropout(self.mix(mixed)))
        return self.narrow_norm(x + self.dropout(self.narrow(nn.functional.gelu(self.widen(x)))))


class EncoderPen(GraphPen):
    """Draws a network's parts by the names that its weights have."""

    def __init__(self, name: str, model: nn.Module, epsilon: float):
        super().__init__(name)
        self.weights: dict[str, np.ndarray] = {key: value.detach().numpy() for key, value in model.state_dict().items()}
        self._epsilon = epsilon

    def table(self, name: str) -> str:
        return self.matrix(f"{name}.weight", self.weights[f"{name}.weight"])

    def dense(self, value: str, name: str) -> str:
        return self.linear(value, name, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def norm(self, value: str, name: str) -> str:
        return self.layer_norm(value, name, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"], self._epsilon)

    def layer(self, x: str, name: str, shape: EncoderShape, mask: str | None = None) -> str:
        query, key, value = (self.dense(x, f"{name}.{part}") for part in ("query", "key", "value"))
        mixed = self.attend(query, key, value, shape.heads, shape.hidden // shape.heads, mask)
        x = self.norm(self.op("Add", x, self.dense(mixed, f"{name}.mix")), f"{name}.mix_norm")
        inner = self.gelu(self.dense(x, f"{name}.widen"))
        return self.norm(self.op("Add", x, self.dense(inner, f"{name}.narrow")), f"{name}.narrow_norm")
