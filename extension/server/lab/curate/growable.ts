/**
 * Columns of numbers whose length is not known before the input is read. They grow by blocks that are never copied, so
 * that their peak is what they hold.
 */

type Block = Uint8Array | Uint16Array | Uint32Array | Float64Array;

export class Column<Kind extends Block = Block> {
  readonly #make: (length: number) => Kind;
  readonly #blocks: Kind[] = [];
  #length = 0;

  constructor(make: (length: number) => Kind) {
    this.#make = make;
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    const offset = this.#length % blockLength;
    if (offset === 0) {
      this.#blocks.push(this.#make(blockLength));
    }
    const block = this.#blocks[this.#blocks.length - 1];
    if (block !== undefined) {
      block[offset] = value;
    }
    this.#length++;
  }

  at(index: number): number {
    return this.#blocks[Math.floor(index / blockLength)]?.[index % blockLength] ?? 0;
  }

  set(index: number, value: number): void {
    const block = this.#blocks[Math.floor(index / blockLength)];
    if (block !== undefined) {
      block[index % blockLength] = value;
    }
  }
}

export const bytes = (): Column<Uint8Array> => new Column((length) => new Uint8Array(length));
export const shorts = (): Column<Uint16Array> => new Column((length) => new Uint16Array(length));
export const words = (): Column<Uint32Array> => new Column((length) => new Uint32Array(length));
/** Whole numbers up to 2^53: offsets in files. */
export const offsets = (): Column<Float64Array> => new Column((length) => new Float64Array(length));

const blockLength = 65536;
