/** The beginning of a GGUF file, up to its weights. Format: ggml docs, gguf.md; version 3. */

export type GgufValue =
  | { readonly type: 'uint32' | 'float32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'int32s'; readonly value: readonly number[] };

export type FloatType = 'F32' | 'F16' | 'BF16';

export interface GgufTensor {
  readonly name: string;
  readonly type: FloatType;
  /** Fastest-varying first: of a matrix columns, then rows. */
  readonly shape: readonly number[];
}

/** Offsets of tensors are all 0: the weights lie elsewhere. */
export function ggufHeader(
  metadata: readonly (readonly [key: string, value: GgufValue])[],
  tensors: readonly GgufTensor[],
): Uint8Array {
  const out = new ByteWriter();
  out.bytes(Buffer.from('GGUF'));
  out.uint32(3);
  out.uint64(tensors.length);
  out.uint64(metadata.length);
  for (const [key, value] of metadata) {
    out.text(key);
    writeValue(out, value);
  }
  for (const { name, type, shape } of tensors) {
    out.text(name);
    out.uint32(shape.length);
    shape.forEach((side) => out.uint64(side));
    out.uint32(tensorTypes[type]);
    out.uint64(0);
  }
  return out.whole();
}

const tensorTypes: Readonly<Record<FloatType, number>> = { F32: 0, F16: 1, BF16: 30 };
const valueTypes = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const;

function writeValue(out: ByteWriter, { type, value }: GgufValue): void {
  switch (type) {
    case 'uint32':
      out.uint32(valueTypes.uint32);
      return out.uint32(value);
    case 'float32':
      out.uint32(valueTypes.float32);
      return out.float32(value);
    case 'bool':
      out.uint32(valueTypes.bool);
      return out.bytes(Uint8Array.of(value ? 1 : 0));
    case 'string':
      out.uint32(valueTypes.string);
      return out.text(value);
    case 'strings':
      writeArray(out, valueTypes.string, value.length);
      return value.forEach((text) => out.text(text));
    case 'int32s':
      writeArray(out, valueTypes.int32, value.length);
      return out.bytes(new Uint8Array(Int32Array.from(value).buffer));
  }
}

function writeArray(out: ByteWriter, type: number, length: number): void {
  out.uint32(valueTypes.array);
  out.uint32(type);
  out.uint64(length);
}

/** Little-endian numbers one behind the other, in a buffer that grows. */
class ByteWriter {
  #buffer = Buffer.alloc(1 << 20);
  #length = 0;

  whole(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  bytes(data: Uint8Array): void {
    const at = this.#grow(data.length);
    this.#buffer.set(data, at);
  }

  uint32(value: number): void {
    const at = this.#grow(4);
    this.#buffer.writeUInt32LE(value, at);
  }

  uint64(value: number): void {
    const at = this.#grow(8);
    this.#buffer.writeBigUInt64LE(BigInt(value), at);
  }

  float32(value: number): void {
    const at = this.#grow(4);
    this.#buffer.writeFloatLE(value, at);
  }

  text(value: string): void {
    const data = Buffer.from(value);
    this.uint64(data.length);
    this.bytes(data);
  }

  /** Where the next `count` bytes go. */
  #grow(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(2 * this.#buffer.length, this.#length));
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    return at;
  }
}
