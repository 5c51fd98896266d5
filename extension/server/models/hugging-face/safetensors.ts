/** Headers of safetensors files. Format: huggingface/safetensors, README, "Format". */
import { open } from 'node:fs/promises';
import { EngineError } from '../../engine/errors.ts';
import { JsonFile, quoted } from './json-file.ts';

/** A tensor as it lies in a file. */
export interface StoredTensor {
  readonly name: string;
  readonly dtype: string;
  /** Slowest-varying first: of a matrix rows, then columns. */
  readonly shape: readonly number[];
  readonly file: string;
  /** From the beginning of the file. */
  readonly offset: number;
  readonly bytes: number;
}

/** What the format lets a header have. */
export const mostHeaderBytes = 100e6;

/** Reads and checks the header. Throws `notFound`, `noPermission`, `invalidModel`. */
export async function readSafetensors(path: string): Promise<StoredTensor[]> {
  const file = await open(path, 'r').catch((error: unknown) => {
    const { code, message } = EngineError.from(error);
    throw new EngineError(
      code,
      code === 'notFound' ? `${path} does not exist. Download the model again.` : `${path} cannot be read: ${message}`,
      error,
    );
  });
  try {
    const info = await file.stat();
    if (!info.isFile()) {
      throw damaged(path, 'it is no file');
    }
    const size = Buffer.alloc(8);
    if ((await file.read(size, 0, 8, 0)).bytesRead < 8) {
      throw damaged(path, 'it is too short');
    }
    const length = size.readBigUInt64LE();
    if (length > BigInt(mostHeaderBytes) || Number(length) > info.size - 8) {
      throw damaged(path, `its header cannot have ${length} bytes`);
    }
    const header = Buffer.alloc(Number(length));
    if ((await file.read(header, 0, header.length, 8)).bytesRead < header.length) {
      throw damaged(path, 'it ends in the middle of its header');
    }
    return parse(path, header.toString('utf8'), 8 + header.length, info.size);
  } finally {
    await file.close();
  }
}

const bytesOf: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  F8_E8M0: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
};

function parse(path: string, text: string, begin: number, end: number): StoredTensor[] {
  const header = new JsonFile(path, text);
  const tensors = Object.entries(header.root)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => parseTensor(header, name, value, begin, end));
  const order = tensors.toSorted((one, other) => one.offset - other.offset || one.bytes - other.bytes);
  order.forEach((tensor, index) => {
    const next = order[index + 1];
    if (next !== undefined && next.offset < tensor.offset + tensor.bytes) {
      throw damaged(path, `the tensors ${quoted(tensor.name)} and ${quoted(next.name)} overlap`);
    }
  });
  return tensors;
}

function parseTensor(header: JsonFile, name: string, value: unknown, begin: number, end: number): StoredTensor {
  const { path } = header;
  const at = `the tensor ${quoted(name)}`;
  const tensor = header.object(value, at);
  const dtype = header.text(tensor['dtype'], `the dtype of ${at}`);
  const elementBytes = Object.hasOwn(bytesOf, dtype) ? bytesOf[dtype] : undefined;
  if (elementBytes === undefined) {
    throw damaged(path, `${at} is of the unknown type ${quoted(dtype)}`);
  }
  const shape = header
    .list(tensor['shape'], `the shape of ${at}`)
    .map((side) => header.whole(side, `each side of ${at}`, 0, Number.MAX_SAFE_INTEGER));
  const offsets = header
    .list(tensor['data_offsets'], `data_offsets of ${at}`)
    .map((offset) => header.whole(offset, `each of data_offsets of ${at}`, 0, Number.MAX_SAFE_INTEGER));
  const [first = 0, last = 0] = offsets;
  if (offsets.length !== 2 || first > last || last > end - begin) {
    throw damaged(path, `${at} reaches past the end of the file (an unfinished download?)`);
  }
  let bytes = elementBytes;
  for (const side of shape) {
    bytes *= side;
    if (!Number.isSafeInteger(bytes)) {
      throw damaged(path, `${at} has an impossible shape`);
    }
  }
  if (bytes !== last - first) {
    throw damaged(path, `${at} has ${last - first} bytes where its shape needs ${bytes}`);
  }
  return { name, dtype, shape, file: path, offset: begin + first, bytes };
}

function damaged(path: string, why: string): EngineError {
  return new EngineError('invalidModel', `${path} is not a usable safetensors file: ${why}. Download it again.`);
}
