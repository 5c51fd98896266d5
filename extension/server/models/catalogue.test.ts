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
        expect(Math.ceil(model.bytes / source.partBytes)).toBe(source.parts);
      }
    }
  }
});

test.each([
  [null, 'catalogue is no object'],
  [{ version: 2, models: [] }, 'catalogue.version'],
  [{ version: 1, models: [] }, 'models is no list'],
  [{ version: 1, models: [{ id: '../x' }] }, 'models[0].memory'],
  [{ version: 1, models: [{ id: '../x', memory: {} }] }, 'models[0].id'],
])('names what is wrong: %j', (value, message) => {
  expect(() => parseCatalogue(value)).toThrow(message);
});

test('a damaged catalogue is an error with words', async () => {
  await expect(readCatalogue('/nowhere/catalogue.json')).rejects.toMatchObject({ code: 'internal' });
});
