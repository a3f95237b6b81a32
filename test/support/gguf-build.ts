/** Builds a tiny LLaMA with random weights as a GGUF file in memory. */
import { Random } from "../../engine/std/random.ts";

const STRING = 8;
const ARRAY = 9;
const U32 = 4;
const I32 = 5;
const F32 = 6;
const BOOL = 7;
const ALIGNMENT = 32;

class Bytes {
  readonly #parts: Uint8Array[] = [];
  size = 0;

  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    this.size += bytes.byteLength;
    return this;
  }

  u32(value: number): this {
    return this.raw(new Uint8Array(Uint32Array.of(value).buffer));
  }

  u64(value: number): this {
    return this.raw(new Uint8Array(BigUint64Array.of(BigInt(value)).buffer));
  }

  string(value: string): this {
    const bytes = new TextEncoder().encode(value);
    return this.u64(bytes.byteLength).raw(bytes);
  }

  pad(): this {
    return this.raw(
      new Uint8Array((ALIGNMENT - (this.size % ALIGNMENT)) % ALIGNMENT),
    );
  }

  join(): Uint8Array {
    const joined = new Uint8Array(this.size);
    let at = 0;
    for (const part of this.#parts) {
      joined.set(part, at);
      at += part.byteLength;
    }
    return joined;
  }
}

const EMBEDDING = 32;
const HEADS = 4;
const KV_HEADS = 2;
const FEED_FORWARD = 64;
const BLOCKS = 2;

/** Unknown, start, end, the 256 bytes, printable characters and the pieces that the labels are made of. */
const vocabulary = (): { token: string; score: number; type: number }[] => {
  const entries = [
    { token: "<unk>", score: 0, type: 2 },
    { token: "<s>", score: 0, type: 3 },
    { token: "</s>", score: 0, type: 3 },
    ...Array.from({ length: 256 }, (_, i) => ({
      token: `<0x${i.toString(16).toUpperCase().padStart(2, "0")}>`,
      score: 0,
      type: 6,
    })),
  ];
  const pieces = [
    "\u2581",
    ...Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)),
    "\u2581n",
    "\u2581p",
    "os",
    "it",
    "ive",
    "al",
  ];
  for (const [i, token] of pieces.entries())
    entries.push({ token, score: -i, type: 1 });
  return entries;
};

export const buildTinyLlama = (seed = 1): Uint8Array => {
  const random = new Random(seed);
  const tokens = vocabulary();
  const fields: ((out: Bytes) => void)[] = [];
  const field = (
    key: string,
    type: number,
    write: (out: Bytes) => void,
  ): void => {
    fields.push((out) => write(out.string(key).u32(type)));
  };
  const text = (key: string, value: string) =>
    field(key, STRING, (out) => out.string(value));
  const count = (key: string, value: number) =>
    field(key, U32, (out) => out.u32(value));
  const float = (key: string, value: number) =>
    field(key, F32, (out) =>
      out.raw(new Uint8Array(Float32Array.of(value).buffer)),
    );
  text("general.architecture", "llama");
  text("general.name", "fusewire test");
  count("general.file_type", 0);
  count("llama.context_length", 512);
  count("llama.embedding_length", EMBEDDING);
  count("llama.block_count", BLOCKS);
  count("llama.feed_forward_length", FEED_FORWARD);
  count("llama.attention.head_count", HEADS);
  count("llama.attention.head_count_kv", KV_HEADS);
  float("llama.attention.layer_norm_rms_epsilon", 1e-5);
  count("llama.rope.dimension_count", EMBEDDING / HEADS);
  float("llama.rope.freq_base", 10_000);
  count("llama.vocab_size", tokens.length);
  text("tokenizer.ggml.model", "llama");
  field("tokenizer.ggml.tokens", ARRAY, (out) => {
    out.u32(STRING).u64(tokens.length);
    for (const { token } of tokens) out.string(token);
  });
  field("tokenizer.ggml.scores", ARRAY, (out) =>
    out
      .u32(F32)
      .u64(tokens.length)
      .raw(
        new Uint8Array(
          Float32Array.from(tokens.map(({ score }) => score)).buffer,
        ),
      ),
  );
  field("tokenizer.ggml.token_type", ARRAY, (out) =>
    out
      .u32(I32)
      .u64(tokens.length)
      .raw(
        new Uint8Array(Int32Array.from(tokens.map(({ type }) => type)).buffer),
      ),
  );
  count("tokenizer.ggml.unknown_token_id", 0);
  count("tokenizer.ggml.bos_token_id", 1);
  count("tokenizer.ggml.eos_token_id", 2);
  field("tokenizer.ggml.add_bos_token", BOOL, (out) =>
    out.raw(Uint8Array.of(1)),
  );

  const tensors: { name: string; dims: number[]; data: Float32Array }[] = [];
  const tensor = (name: string, ...dims: number[]): void => {
    const size = dims.reduce((product, dim) => product * dim, 1);
    tensors.push({
      name: `${name}.weight`,
      dims,
      data: Float32Array.from({ length: size }, () =>
        dims.length === 1 ? 1 : random.normal() * 0.2,
      ),
    });
  };
  const kvWidth = (EMBEDDING / HEADS) * KV_HEADS;
  tensor("token_embd", EMBEDDING, tokens.length);
  tensor("output_norm", EMBEDDING);
  tensor("output", EMBEDDING, tokens.length);
  for (let block = 0; block < BLOCKS; block++) {
    const at = `blk.${block}`;
    tensor(`${at}.attn_norm`, EMBEDDING);
    tensor(`${at}.attn_q`, EMBEDDING, EMBEDDING);
    tensor(`${at}.attn_k`, EMBEDDING, kvWidth);
    tensor(`${at}.attn_v`, EMBEDDING, kvWidth);
    tensor(`${at}.attn_output`, EMBEDDING, EMBEDDING);
    tensor(`${at}.ffn_norm`, EMBEDDING);
    tensor(`${at}.ffn_gate`, EMBEDDING, FEED_FORWARD);
    tensor(`${at}.ffn_up`, EMBEDDING, FEED_FORWARD);
    tensor(`${at}.ffn_down`, FEED_FORWARD, EMBEDDING);
  }

  const out = new Bytes()
    .raw(new TextEncoder().encode("GGUF"))
    .u32(3)
    .u64(tensors.length)
    .u64(fields.length);
  for (const write of fields) write(out);
  let offset = 0;
  for (const { name, dims, data } of tensors) {
    out.string(name).u32(dims.length);
    for (const dim of dims) out.u64(dim);
    out.u32(0).u64(offset);
    offset += Math.ceil(data.byteLength / ALIGNMENT) * ALIGNMENT;
  }
  out.pad();
  for (const { data } of tensors) out.raw(new Uint8Array(data.buffer)).pad();
  return out.join();
};
