import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parseCatalogue, readCatalogue } from './catalogue.ts';

const shipped = fileURLToPath(new URL('../../../media/catalogue.json', import.meta.url));

test('the catalogue that ships is right', async () => {
  const models = await readCatalogue(shipped);
  expect(models.filter((model) => model.recommended)).toHaveLength(1);
  for (const model of models) {
    expect(model.sources.map((source) => source.kind)).toEqual(['http', 'wheels']);
    for (const source of model.sources) {
      if (source.kind === 'wheels') {
        expect(Math.ceil(model.bytes / source.partBytes)).toBe(source.parts.length);
      }
    }
  }
});

test.each([
  [null, 'catalogue must be an object'],
  [{ version: 2, models: [] }, 'catalogue.version must be 1'],
  [{ version: 1, models: [] }, 'catalogue.models must not be empty'],
  [{ version: 1, models: [{ id: '../x' }] }, 'catalogue.models[0].id has the wrong format'],
])('names what is wrong: %j', (value, message) => {
  expect(() => parseCatalogue(value)).toThrow(message);
});

test('a file of the hub is named by its commit', () => {
  const at = (url: string): unknown => ({ version: 1, models: [{ ...entry, sources: [{ kind: 'http', url }] }] });
  const commit = '0123456789abcdef0123456789abcdef01234567';
  expect(() => parseCatalogue(at('https://huggingface.co/a/b/resolve/main/c.gguf'))).toThrow(/sources\[0\]\.url/u);
  expect(parseCatalogue(at(`https://huggingface.co/a/b/resolve/${commit}/c.gguf`))).toHaveLength(1);
  expect(parseCatalogue(at('https://models.example/c.gguf'))).toHaveLength(1);
});

const entry = {
  id: 'x',
  title: 'X',
  description: 'x',
  licence: 'x',
  file: 'x.gguf',
  bytes: 1,
  sha256: '0'.repeat(64),
  memory: { weights: 1, kvCache: 1, scratch: 1 },
};

test('a damaged catalogue is an error with words', async () => {
  await expect(readCatalogue('/nowhere/catalogue.json')).rejects.toMatchObject({ code: 'internal' });
});
