/** Model folders of a few kilobytes with random weights, sound or changed before they are written. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface ToyTensor {
  dtype: string;
  shape: number[];
  /** Multiples of 1/128 up to a quarter, which every type of float holds exactly. */
  values: Float32Array;
}

export interface ToyFolder {
  config: Record<string, unknown>;
  tokenizer: Record<string, unknown>;
  /**
   * Files besides those or in their place, by name; objects are written as JSON, and what is undefined is not there.
   */
  files: Record<string, unknown>;
  tensors: Record<string, ToyTensor>;
}

export const toySize = {
  hidden: 64,
  feedForward: 96,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 16,
  rows: 272,
} as const;
export const toyEnd = '<|end|>';

/** Of the family llama; `tied`: the embedding is the output head. */
export function toyFolder({ dtype = 'F32', tied = true, family = 'llama' } = {}): ToyFolder {
  const { hidden, feedForward, layers, heads, kvHeads, headDim, rows } = toySize;
  const random = randomValues(7);
  const tensors: ToyFolder['tensors'] = {};
  const add = (name: string, ...shape: number[]): void => {
    const values = random(shape.reduce((product, side) => product * side, 1));
    // Norms are about 1.
    tensors[name] = { dtype, shape, values: name.endsWith('norm.weight') ? values.map((x) => 1 + x) : values };
  };
  add('model.embed_tokens.weight', rows, hidden);
  add('model.norm.weight', hidden);
  if (!tied) {
    add('lm_head.weight', rows, hidden);
  }
  for (let layer = 0; layer < layers; layer++) {
    const of = (name: string) => `model.layers.${layer}.${name}`;
    add(of('input_layernorm.weight'), hidden);
    add(of('post_attention_layernorm.weight'), hidden);
    for (const [name, count] of [
      ['q', heads],
      ['k', kvHeads],
      ['v', kvHeads],
    ] as const) {
      add(of(`self_attn.${name}_proj.weight`), count * headDim, hidden);
      if (family === 'qwen2') {
        add(of(`self_attn.${name}_proj.bias`), count * headDim);
      }
    }
    if (family === 'qwen3') {
      add(of('self_attn.q_norm.weight'), headDim);
      add(of('self_attn.k_norm.weight'), headDim);
    }
    add(of('self_attn.o_proj.weight'), hidden, heads * headDim);
    add(of('mlp.gate_proj.weight'), feedForward, hidden);
    add(of('mlp.up_proj.weight'), feedForward, hidden);
    add(of('mlp.down_proj.weight'), hidden, feedForward);
  }
  return {
    config: {
      architectures: [{ llama: 'LlamaForCausalLM', qwen2: 'Qwen2ForCausalLM', qwen3: 'Qwen3ForCausalLM' }[family]],
      model_type: family,
      hidden_size: hidden,
      intermediate_size: feedForward,
      num_hidden_layers: layers,
      num_attention_heads: heads,
      num_key_value_heads: kvHeads,
      head_dim: headDim,
      max_position_embeddings: 512,
      rms_norm_eps: 1e-5,
      rope_theta: 10_000,
      vocab_size: rows,
      hidden_act: 'silu',
      tie_word_embeddings: tied,
      eos_token_id: 258,
    },
    tokenizer: toyTokenizer(),
    files: { 'tokenizer_config.json': { eos_token: toyEnd, chat_template: '{{ messages[0].content }}' } },
    tensors,
  };
}

/** Writes it all, the weights in as many files as asked for. */
export async function writeToyFolder(folder: string, toy: ToyFolder, shards = 1): Promise<void> {
  await mkdir(folder, { recursive: true });
  const files: Record<string, unknown> = { 'config.json': toy.config, 'tokenizer.json': toy.tokenizer, ...toy.files };
  const names = Object.keys(toy.tensors);
  if (shards === 1) {
    define(files, 'model.safetensors', safetensors(toy.tensors));
  } else {
    const weightMap: Record<string, string> = {};
    for (let shard = 0; shard < shards; shard++) {
      const file = `model-${shard + 1}-of-${shards}.safetensors`;
      const own = names.filter((_, index) => index % shards === shard);
      own.forEach((name) => (weightMap[name] = file));
      define(files, file, safetensors(Object.fromEntries(own.map((name) => [name, toy.tensors[name] as ToyTensor]))));
    }
    define(files, 'model.safetensors.index.json', { weight_map: weightMap });
  }
  for (const [name, content] of Object.entries(files)) {
    if (content === undefined) {
      await rm(join(folder, name), { force: true });
    } else {
      const raw = typeof content === 'string' || content instanceof Uint8Array;
      await writeFile(join(folder, name), raw ? content : JSON.stringify(content));
    }
  }
}

function define(files: Record<string, unknown>, name: string, content: unknown): void {
  if (!Object.hasOwn(files, name)) {
    files[name] = content;
  }
}

export function safetensors(tensors: ToyFolder['tensors']): Buffer {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  const data: Buffer[] = [];
  let offset = 0;
  for (const [name, { dtype, shape, values }] of Object.entries(tensors)) {
    const bytes = encode(dtype, values);
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.length] };
    data.push(bytes);
    offset += bytes.length;
  }
  return Buffer.concat([safetensorsHeader(JSON.stringify(header)), ...data]);
}

/** Its length, then the text. */
export function safetensorsHeader(text: string): Buffer {
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
  return Buffer.concat([size, Buffer.from(text)]);
}

/** All bytes as GPT-2 spells them, two merges and a control token; the rest of the rows is left out. */
function toyTokenizer(): Record<string, unknown> {
  const printable = (byte: number) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  const spellings = Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++));
  return {
    added_tokens: [{ id: 258, content: toyEnd, special: true }],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
    model: {
      type: 'BPE',
      vocab: Object.fromEntries([...spellings, 'ab', 'abc'].map((token, id) => [token, id])),
      merges: ['a b', ['ab', 'c']],
    },
  };
}

function randomValues(seed: number): (count: number) => Float32Array {
  let state = seed;
  return (count) =>
    Float32Array.from({ length: count }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return (((state >>> 16) % 65) - 32) / 128;
    });
}

function encode(dtype: string, values: Float32Array): Buffer {
  if (dtype === 'F32') {
    return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  }
  if (dtype !== 'F16' && dtype !== 'BF16') {
    // Of what nobody reads, the size alone matters.
    return Buffer.alloc(values.length * (dtype === 'F64' ? 8 : dtype === 'I32' ? 4 : 1));
  }
  const bits = new Uint32Array(values.slice().buffer);
  const halves = Uint16Array.from(bits, (float) => (dtype === 'BF16' ? float >>> 16 : halfBits(float)));
  return Buffer.from(halves.buffer);
}

/** Of a float that half precision holds exactly and that is not below its smallest normal one. */
function halfBits(float: number): number {
  const exponent = (float >>> 23) & 0xff;
  return exponent === 0 ? 0 : ((float >>> 16) & 0x8000) | ((exponent - 112) << 10) | ((float >>> 13) & 0x3ff);
}
