"""The LLaMA architecture, tiny: the same weights once in PyTorch and once as a GGUF file."""

import pathlib
from dataclasses import dataclass

import gguf
import numpy as np
import torch
from torch import nn

from sentencepiece_bpe import END_ID, FIRST_BYTE_ID, START_ID, UNKNOWN_ID, SentencePieceBpe


@dataclass(frozen=True)
class LlamaShape:
    vocabulary: int
    context: int = 512
    hidden: int = 128
    layers: int = 2
    heads: int = 4
    heads_kv: int = 2
    inner: int = 256
    rope_base: float = 10_000.0
    epsilon: float = 1e-5
    dropout: float = 0.2

    @property
    def head(self) -> int:
        return self.hidden // self.heads


class RmsNorm(nn.Module):
    def __init__(self, width: int, epsilon: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon) * self.weight


def rotate(x: torch.Tensor, base: float) -> torch.Tensor:
    """llama.cpp's plain RoPE: neighbours (0, 1), (2, 3), … turn together. `x` is [batch, heads, sequence, head]."""
    sequence, head = x.shape[-2:]
    rates = base ** (-torch.arange(0, head, 2, dtype=torch.float32) / head)
    angles = torch.arange(sequence, dtype=torch.float32)[:, None] * rates
    cos, sin = angles.cos(), angles.sin()
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1).flatten(-2)


class LlamaLayer(nn.Module):
    def __init__(self, shape: LlamaShape):
        super().__init__()
        self.shape = shape
        self.attn_norm = RmsNorm(shape.hidden, shape.epsilon)
        self.attn_q = nn.Linear(shape.hidden, shape.heads * shape.head, bias=False)
        self.attn_k = nn.Linear(shape.hidden, shape.heads_kv * shape.head, bias=False)
        self.attn_v = nn.Linear(shape.hidden, shape.heads_kv * shape.head, bias=False)
        self.attn_output = nn.Linear(shape.heads * shape.head, shape.hidden, bias=False)
        self.ffn_norm = RmsNorm(shape.hidden, shape.epsilon)
        self.ffn_gate = nn.Linear(shape.hidden, shape.inner, bias=False)
        self.ffn_up = nn.Linear(shape.hidden, shape.inner, bias=False)
        self.ffn_down = nn.Linear(shape.inner, shape.hidden, bias=False)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, sequence, _ = x.shape
        split = lambda y, heads: y.view(batch, sequence, heads, self.shape.head).transpose(1, 2)
        y = self.attn_norm(x)
        query = rotate(split(self.attn_q(y), self.shape.heads), self.shape.rope_base)
        key = rotate(split(self.attn_k(y), self.shape.heads_kv), self.shape.rope_base)
        value = split(self.attn_v(y), self.shape.heads_kv)
        share = self.shape.heads // self.shape.heads_kv
        mixed = nn.functional.scaled_dot_product_attention(
            query, key.repeat_interleave(share, dim=1), value.repeat_interleave(share, dim=1), is_causal=True
        )
        x = x + self.dropout(self.attn_output(mixed.transpose(1, 2).reshape(batch, sequence, -1)))
        y = self.ffn_norm(x)
        return x + self.dropout(self.ffn_down(nn.functional.silu(self.ffn_gate(y)) * self.ffn_up(y)))


class TinyLlama(nn.Module):
    """The output matrix is the embedding's: llama.cpp takes it when output.weight is absent."""

    def __init__(self, shape: LlamaShape):
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(shape.vocabulary, shape.hidden)
        self.blk = nn.ModuleList(LlamaLayer(shape) for _ in range(shape.layers))
        self.output_norm = RmsNorm(shape.hidden, shape.epsilon)
        self.dropout = nn.Dropout(shape.dropout)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.05)

    def states(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.dropout(self.token_embd(ids))
        for layer in self.blk:
            x = layer(x)
        return self.output_norm(x)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.states(ids) @ self.token_embd.weight.T


def write_gguf(model: TinyLlama, tokenizer: SentencePieceBpe, path: pathlib.Path, name: str) -> None:
    """Matrices as float16, norms as float32; RoPE is already in llama.cpp's order, so nothing is permuted."""
    shape = model.shape
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name(name)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.hidden)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads_kv)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_rope_dimension_count(shape.head)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_vocab_size(shape.vocabulary)
    types = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL]
    types += [gguf.TokenType.BYTE] * 256
    types += [gguf.TokenType.NORMAL] * (len(tokenizer) - FIRST_BYTE_ID - 256)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokenizer.pieces)
    writer.add_token_scores(tokenizer.scores)
    writer.add_token_types([int(kind) for kind in types])
    writer.add_unk_token_id(UNKNOWN_ID)
    writer.add_bos_token_id(START_ID)
    writer.add_eos_token_id(END_ID)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)
    for key, value in model.state_dict().items():
        array = value.detach().numpy()
        writer.add_tensor(key, array.astype(np.float16 if array.ndim == 2 else np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
