/** A GGUF file of a llama of a few hundred kilobytes with random weights in single precision. */

export interface TinyModel {
  readonly vocabulary: number;
  readonly embedding: number;
  readonly ffn: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly layers: number;
  readonly context: number;
}

const sizes: TinyModel = { vocabulary: 272, embedding: 64, ffn: 64, heads: 4, kvHeads: 2, layers: 2, context: 1024 };
const type = { uint32: 4, int32: 5, float32: 6, string: 8, array: 9 };

class Bytes {
  readonly #parts: Buffer[] = [];
  #length = 0;

  push(bytes: Buffer): this {
    this.#parts.push(bytes);
    this.#length += bytes.length;
    return this;
  }
  uint32(value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return this.push(bytes);
  }
  uint64(value: number): this {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    return this.push(bytes);
  }
  text(value: string): this {
    const bytes = Buffer.from(value);
    return this.uint64(bytes.length).push(bytes);
  }
  pad(): this {
    return this.push(Buffer.alloc((32 - (this.#length % 32)) % 32));
  }
  get all(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** 256 bytes, two merged tokens, one end token, then control tokens that fill the vocabulary. */
function tokens(count: number): string[] {
  const printable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  const bytes = Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++));
  const all = [...bytes, 'ab', 'abc', '<|end|>'];
  while (all.length < count) all.push(`<pad${all.length}>`);
  return all;
}

function metadata(model: TinyModel): [string, (to: Bytes) => void][] {
  const text = (value: string) => (to: Bytes) => void to.uint32(type.string).text(value);
  const number = (value: number) => (to: Bytes) => void to.uint32(type.uint32).uint32(value);
  const list = (element: number, length: number, each: (to: Bytes, index: number) => void) => (to: Bytes) => {
    to.uint32(type.array).uint32(element).uint64(length);
    for (let index = 0; index < length; index += 1) each(to, index);
  };
  const vocabulary = tokens(model.vocabulary);
  const merges = ['a b', 'ab c'];
  return [
    ['general.architecture', text('llama')],
    ['general.name', text('tiny')],
    ['llama.block_count', number(model.layers)],
    ['llama.context_length', number(model.context)],
    ['llama.embedding_length', number(model.embedding)],
    ['llama.feed_forward_length', number(model.ffn)],
    ['llama.attention.head_count', number(model.heads)],
    ['llama.attention.head_count_kv', number(model.kvHeads)],
    ['tokenizer.ggml.model', text('gpt2')],
    ['tokenizer.ggml.pre', text('gpt-2')],
    ['tokenizer.ggml.tokens', list(type.string, vocabulary.length, (to, i) => to.text(vocabulary[i] ?? ''))],
    ['tokenizer.ggml.token_type', list(type.int32, vocabulary.length, (to, i) => to.uint32(i < 258 ? 1 : 3))],
    ['tokenizer.ggml.merges', list(type.string, merges.length, (to, i) => to.text(merges[i] ?? ''))],
    ['tokenizer.ggml.eos_token_id', number(258)],
  ];
}

function tensors(model: TinyModel): [string, number[], Float32Array][] {
  let seed = 1;
  const random = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return (seed / 2 ** 32) * 2 - 1;
  };
  const all: [string, number[], Float32Array][] = [];
  const matrix = (name: string, columns: number, rows: number): void => {
    all.push([name, [columns, rows], Float32Array.from({ length: columns * rows }, () => 0.3 * random())]);
  };
  const norm = (name: string): void => {
    all.push([name, [model.embedding], new Float32Array(model.embedding).fill(1)]);
  };
  const kv = (model.kvHeads * model.embedding) / model.heads;
  matrix('token_embd.weight', model.embedding, model.vocabulary);
  norm('output_norm.weight');
  for (let layer = 0; layer < model.layers; layer += 1) {
    const name = (part: string): string => `blk.${layer}.${part}.weight`;
    norm(name('attn_norm'));
    matrix(name('attn_q'), model.embedding, model.embedding);
    matrix(name('attn_k'), model.embedding, kv);
    matrix(name('attn_v'), model.embedding, kv);
    matrix(name('attn_output'), model.embedding, model.embedding);
    norm(name('ffn_norm'));
    matrix(name('ffn_gate'), model.embedding, model.ffn);
    matrix(name('ffn_up'), model.embedding, model.ffn);
    matrix(name('ffn_down'), model.ffn, model.embedding);
  }
  return all;
}

/** The bytes of the file. */
export function tinyModel(different: Partial<TinyModel> = {}): Buffer {
  const model = { ...sizes, ...different };
  const entries = metadata(model);
  const weights = tensors(model);
  const to = new Bytes().push(Buffer.from('GGUF')).uint32(3).uint64(weights.length).uint64(entries.length);
  for (const [key, write] of entries) write(to.text(key));
  let offset = 0;
  for (const [name, shape, values] of weights) {
    to.text(name).uint32(shape.length);
    for (const size of shape) to.uint64(size);
    to.uint32(0).uint64(offset);
    offset += Math.ceil(values.byteLength / 32) * 32;
  }
  to.pad();
  for (const [, , values] of weights) to.push(Buffer.from(values.buffer)).pad();
  return to.all;
}
