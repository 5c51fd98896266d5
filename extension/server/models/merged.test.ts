import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NativeModule } from '../engine/binding.ts';
import { mergedModel } from './merged.ts';

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'paddock-merged-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

test('merges once for a model and an adapter, and keeps a few copies', async () => {
  const model = join(folder, 'model.gguf');
  await writeFile(model, 'model');
  const made: string[] = [];
  const addon = {
    quantize: (_source: string, _adapter: string, _importance: string, path: string) => {
      made.push(path);
      return { result: writeFile(path, 'copy'), cancel: () => {} };
    },
  } as unknown as NativeModule;
  const copies = join(folder, 'copies');
  const merge = async (text: string): Promise<string> => {
    const adapter = join(folder, 'adapter.gguf');
    await writeFile(adapter, text);
    const hooks = { signal: new AbortController().signal, onProgress: () => {} };
    return mergedModel(addon, { model, adapter, folder: copies }, hooks);
  };
  const first = await merge('one');
  expect(await merge('one')).toBe(first);
  expect(made).toEqual([first]);
  for (const text of ['two', 'three', 'four']) await merge(text);
  expect(await readdir(copies)).toHaveLength(3);
});
