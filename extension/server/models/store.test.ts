import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fakeNative } from '../testing/fake-native.ts';
import type { CatalogueModel } from './catalogue.ts';
import { modelsFolder } from './folder.ts';
import { ModelStore } from './store.ts';

const model: CatalogueModel = {
  id: 'tiny',
  title: 'Tiny',
  description: 'A model.',
  licence: 'MIT',
  recommended: true,
  completes: false,
  file: 'tiny.gguf',
  bytes: 4,
  sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  memory: { weights: 10, kvCache: 5, scratch: 1 },
  sources: [{ kind: 'http', url: 'https://127.0.0.1:9/tiny.gguf' }],
};
const host = {
  env: {},
  platform: 'linux',
  arch: 'x64',
  pid: 1,
  homeFolder: '/home/me',
  installFolder: '/',
  isAlive: () => false,
  startOf: () => undefined,
};

let root = '';
let folder = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'paddock-store-'));
  folder = join(root, 'models');
});
afterEach(() => rm(root, { recursive: true }));

function storeWith({ total, available } = { total: 2 ** 40, available: 2 ** 40 }): ModelStore {
  const native = fakeNative({});
  return new ModelStore({
    host,
    folder,
    catalogue: [model],
    inspect: (path) => native.inspect(path),
    memory: () => ({ total, available, defaultPrefixCache: 0 }),
    prefixCacheBytes: 0,
  });
}

describe('ModelStore', () => {
  test('lists the catalogue before anything is there', async () => {
    const { entries } = await storeWith().list();
    expect(entries).toEqual([
      expect.objectContaining({ id: 'tiny', state: 'available', path: undefined, fit: 'fits' }),
    ]);
  });

  test('says what fits the memory', async () => {
    const fit = async (total: number, available: number) =>
      (await storeWith({ total, available }).list()).entries[0]?.fit;
    expect(await fit(2 ** 30, 20)).toBe('fits');
    expect(await fit(2 ** 30, 10)).toBe('tight');
    expect(await fit(15, 10)).toBe('tooLarge');
  });

  test('knows a downloaded, a partial and a damaged file apart', async () => {
    await mkdir(folder);
    await writeFile(join(folder, 'tiny.gguf.partial'), 'te');
    expect((await storeWith().list()).entries[0]).toMatchObject({ state: 'partial', partialBytes: 2 });
    await writeFile(join(folder, 'tiny.gguf'), 'test');
    const store = storeWith();
    expect((await store.list()).entries[0]).toMatchObject({ state: 'installed', path: join(folder, 'tiny.gguf') });
    const signal = new AbortController().signal;
    expect(await store.check('tiny', signal)).toBe(true);
    await writeFile(join(folder, 'tiny.gguf'), 'tset');
    expect(await store.check('tiny', signal)).toBe(false);
  });

  test('finds files in subfolders, and remembers files elsewhere without touching them', async () => {
    await mkdir(join(folder, 'sub', 'deeper'), { recursive: true });
    await writeFile(join(folder, 'sub', 'deeper', 'Mine.GGUF'), 'x');
    const elsewhere = join(root, 'other.gguf');
    await writeFile(elsewhere, 'y');
    await storeWith().add(elsewhere);
    const { entries } = await storeWith().list();
    expect(entries.map(({ title }) => title)).toEqual(['Tiny', 'Mine', 'other']);
    expect(entries.map((entry) => [entry.source, entry.id])).toEqual([
      ['catalogue', 'tiny'],
      ['user', join(folder, 'sub', 'deeper', 'Mine.GGUF')],
      ['user', elsewhere],
    ]);
    await storeWith().remove(elsewhere);
    expect(await readFile(elsewhere, 'utf8')).toBe('y');
    expect((await storeWith().list()).entries).toHaveLength(2);
  });

  test('resolves names and paths, and says what is wrong', async () => {
    await mkdir(folder);
    const store = storeWith();
    await expect(store.resolve('tiny')).rejects.toMatchObject({
      code: 'notFound',
      message: expect.stringMatching(/not downloaded/u),
    });
    await expect(store.resolve('tinny')).rejects.toThrow(/no model of the catalogue has this name \(tiny\)/u);
    await expect(store.resolve(folder)).rejects.toMatchObject({ code: 'notAFile' });
    await writeFile(join(folder, 'tiny.gguf'), 'test');
    expect(await store.resolve('tiny')).toBe(join(folder, 'tiny.gguf'));
    expect(await store.resolve('tiny', '/elsewhere')).toBe(join(folder, 'tiny.gguf'));
    expect(await store.resolve('tiny.gguf', folder)).toBe(join(folder, 'tiny.gguf'));
    expect(await store.defaultModel()).toBe('tiny');
  });

  test('a damaged index loses no model files', async () => {
    await mkdir(folder);
    await writeFile(join(folder, 'models.json'), '{"added": [');
    expect((await storeWith().list()).entries).toHaveLength(1);
  });
});

test('the models folder: setting, then PADDOCK_MODELS, then the platform', () => {
  const at = (platform: string, env: Record<string, string> = {}, setting?: string) =>
    modelsFolder({ platform, env, homeFolder: '/home/me' }, setting);
  expect(at('linux', { PADDOCK_MODELS: '/m' }, '/s')).toBe('/s');
  expect(at('linux', {}, '~/models')).toBe('/home/me/models');
  expect(at('linux', { PADDOCK_MODELS: '/m' })).toBe('/m');
  expect(at('linux')).toBe('/home/me/.local/share/paddock/models');
  expect(at('linux', { XDG_DATA_HOME: '/data' })).toBe('/data/paddock/models');
  expect(at('darwin')).toBe('/home/me/Library/Application Support/Paddock/models');
  expect(at('win32', { LOCALAPPDATA: '/local' })).toBe('/local/Paddock/models');
});

test('a model folder of Hugging Face is a source for the quantizer, and no file', async () => {
  const store = storeWith();
  const path = join(root, 'SmolLM');
  await mkdir(path);
  await expect(store.resolveSource(path)).rejects.toMatchObject({ code: 'notAFile' });
  await writeFile(join(path, 'config.json'), '{}');
  expect(await store.resolveSource(path)).toEqual({ path, kind: 'folder' });
  await expect(store.resolve(path)).rejects.toThrow(`paddock quantize ${path} --out SmolLM.gguf`);
  await expect(store.resolveSource('tiny')).rejects.toThrow('not downloaded');
  await writeFile(join(path, 'model.gguf'), 'x');
  expect(await store.resolveSource(join(path, 'model.gguf'))).toEqual({ path: join(path, 'model.gguf'), kind: 'file' });
});
