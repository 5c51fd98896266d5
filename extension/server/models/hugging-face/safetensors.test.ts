import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EngineError } from '../../engine/errors.ts';
import { readSafetensors } from './safetensors.ts';
import { safetensors, safetensorsHeader } from './testing/toy-folder.ts';

let folder = '';
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'paddock-safetensors-'))));
afterAll(() => rm(folder, { recursive: true }));

async function read(bytes: Uint8Array) {
  const path = join(folder, 'model.safetensors');
  await writeFile(path, bytes);
  return readSafetensors(path);
}

const sound = safetensors({
  one: { dtype: 'BF16', shape: [2, 3], values: new Float32Array(6) },
  other: { dtype: 'F32', shape: [4], values: new Float32Array(4) },
  none: { dtype: 'F32', shape: [0], values: new Float32Array(0) },
  scalar: { dtype: 'F32', shape: [], values: new Float32Array(1) },
});
const headerBytes = Number(sound.readBigUInt64LE());

test('reads where each tensor lies', async () => {
  const path = join(folder, 'model.safetensors');
  const begin = 8 + headerBytes;
  expect(await read(sound)).toEqual([
    { name: 'one', dtype: 'BF16', shape: [2, 3], file: path, offset: begin, bytes: 12 },
    { name: 'other', dtype: 'F32', shape: [4], file: path, offset: begin + 12, bytes: 16 },
    { name: 'none', dtype: 'F32', shape: [0], file: path, offset: begin + 28, bytes: 0 },
    { name: 'scalar', dtype: 'F32', shape: [], file: path, offset: begin + 28, bytes: 4 },
  ]);
});

describe('says what is wrong', () => {
  const header = (value: unknown, data = 64): Buffer =>
    Buffer.concat([safetensorsHeader(typeof value === 'string' ? value : JSON.stringify(value)), Buffer.alloc(data)]);
  const one = (more: object): Buffer => header({ a: { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16], ...more } });
  const length = (bytes: bigint): Buffer =>
    Buffer.concat([Buffer.from(BigUint64Array.of(bytes).buffer), Buffer.alloc(64)]);

  test.each<[string, Buffer, string]>([
    ['empty', Buffer.alloc(0), 'too short'],
    ['header beyond the file', length(1000n), 'cannot have 1000 bytes'],
    ['endless header', length(2n ** 64n - 1n), 'cannot have 18446744073709551615 bytes'],
    ['no JSON', header('{'), 'is not valid JSON'],
    ['a list', header('[]'), 'must be an object'],
    ['deep', header('{"a":'.repeat(1e5)), 'is not valid JSON'],
    ['tensor that is none', header({ a: 7 }), '"a" must be an object'],
    ['type', one({ dtype: 'F128' }), 'unknown type "F128"'],
    ['type of the language', one({ dtype: 'toString' }), 'unknown type "toString"'],
    ['type that is none', one({ dtype: 7 }), 'must be a string'],
    ['shape', one({ shape: '2x2' }), 'must be a list'],
    ['negative side', one({ shape: [-2, -2] }), 'each side'],
    ['half a side', one({ shape: [2.5, 2] }), 'whole number'],
    ['overflow', one({ shape: [2 ** 40, 2 ** 40] }), 'impossible shape'],
    ['overflow to the right size', one({ shape: [2 ** 52, 2 ** 12, 0] }), 'impossible shape'],
    ['too small', one({ shape: [2, 3] }), 'has 16 bytes where its shape needs 24'],
    ['offsets', one({ data_offsets: [0] }), 'past the end'],
    ['backwards', one({ data_offsets: [16, 0] }), 'past the end'],
    ['beyond', one({ data_offsets: [64, 80] }), 'past the end'],
    ['far beyond', one({ data_offsets: [2 ** 60, 2 ** 60] }), 'each of data_offsets'],
    [
      'overlap',
      header({
        a: { dtype: 'F32', shape: [4], data_offsets: [0, 16] },
        'b\u0007': { dtype: 'F32', shape: [4], data_offsets: [12, 28] },
      }),
      String.raw`"a" and "b\u0007" overlap`,
    ],
  ])('%s', async (_, bytes, message) => {
    await expect(read(bytes)).rejects.toThrow(message);
    await expect(read(bytes)).rejects.toThrow(/Download .* again\.$/u);
  });

  test('a missing file and a folder', async () => {
    await expect(readSafetensors(join(folder, 'none'))).rejects.toMatchObject({ code: 'notFound' });
    await expect(readSafetensors(folder)).rejects.toThrow(folder);
  });
});

test('truncated and damaged headers end in a sentence', async () => {
  let refused = 0;
  const survive = async (bytes: Uint8Array): Promise<void> => {
    const failure: unknown = await read(bytes).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure !== undefined) {
      expect(failure).toBeInstanceOf(EngineError);
      expect((failure as Error).message).toMatch(/\.$/u);
      refused++;
    }
  };
  for (let size = 0; size < sound.length; size++) {
    await survive(sound.subarray(0, size));
  }
  expect(refused).toBe(sound.length);
  for (let bit = 0; bit < 8 * (8 + headerBytes); bit += 3) {
    const damaged = Buffer.from(sound);
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    await survive(damaged);
  }
});
