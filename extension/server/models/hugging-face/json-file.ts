import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckError, anything, fields, list, number, text, whole } from '../../../protocol/check.ts';
import type { Check } from '../../../protocol/check.ts';
import { EngineError } from '../../engine/errors.ts';

/** A JSON file of a model folder. Others wrote it: every value is checked when it is asked for. */
export class JsonFile {
  readonly path: string;
  readonly root: Json;

  /** Throws `invalidModel` unless the text is an object. */
  constructor(path: string, text: string) {
    this.path = path;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw new EngineError('invalidModel', `${path} is no JSON. Download the model again.`, error);
    }
    this.root = this.object(value, 'the whole');
  }

  wrong(what: string, problem: string): EngineError {
    return new EngineError('invalidModel', `${this.path}: ${what} ${problem}. Download the model again.`);
  }

  unsupported(what: string): EngineError {
    return new EngineError('unsupportedModel', `${this.path}: ${what}. Choose another model.`);
  }

  object(value: unknown, what: string): Json {
    return this.#checked(fields, value, what);
  }

  list(value: unknown, what: string): readonly unknown[] {
    return this.#checked(list(anything), value, what);
  }

  text(value: unknown, what: string): string {
    return this.#checked(text(), value, what);
  }

  number(value: unknown, what: string, least: number, most: number): number {
    return this.#checked(number(least, most), value, what);
  }

  whole(value: unknown, what: string, least: number, most: number): number {
    return this.#checked(whole(least, most), value, what);
  }

  #checked<T>(check: Check<T>, value: unknown, what: string): T {
    try {
      return check(value, what);
    } catch (error) {
      throw error instanceof CheckError ? this.wrong(what, error.problem) : error;
    }
  }
}

export type Json = Readonly<Record<string, unknown>>;

/** For a message: what is not ours may be long, or hold what terminals obey. */
export function quoted(value: unknown): string {
  const text = (JSON.stringify(value) ?? 'nothing').replaceAll(/\p{C}/gu, '?');
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}

/** `undefined` when there is no such file in the folder. */
export async function readJson(folder: string, name: string): Promise<JsonFile | undefined> {
  const text = await readText(folder, name);
  return text === undefined ? undefined : new JsonFile(join(folder, name), text);
}

/** `undefined` when there is no such file in the folder. */
export async function readText(folder: string, name: string): Promise<string | undefined> {
  const path = join(folder, name);
  const file = await open(path, 'r').catch((error: unknown) => {
    const failure = EngineError.from(error);
    if (failure.code === 'notFound') {
      return undefined;
    }
    throw new EngineError(failure.code, `${path} cannot be read: ${failure.message}`, error);
  });
  if (file === undefined) {
    return undefined;
  }
  try {
    const info = await file.stat();
    if (!info.isFile() || info.size > mostBytes) {
      throw new EngineError('invalidModel', `${path} is no file, or larger than 256 MB. Download the model again.`);
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** Tokenizers of a million tokens have some 50 MB. */
const mostBytes = 256e6;
