/**
 * Reads source files of one workspace folder. What lies there may be hostile: links that lead out, pipes, huge files
 * and folders cost a bounded amount of time and memory, and nothing outside the folder is read.
 */
import { opendir, realpath } from 'node:fs/promises';
import { posix } from 'node:path';
import { isSecretFile } from '../../../base/secret-file.ts';
import { placeInside, readRegular } from '../../confined-file.ts';
import { toLf } from '../../prompt/code-block.ts';
import { LatestMap } from './latest-map.ts';

export interface SourceFile {
  /** Relative to the folder, with slashes. */
  readonly path: string;
  readonly lines: readonly string[];
  readonly text: string;
}

const mostBytes = 256 * 1024;
const mostFiles = 64;
const mostEntries = 1000;
const mostAnswers = 2048;
/** For so long a path is not looked at again. */
const trustMs = 3000;

interface Known<T> {
  readonly until: number;
  readonly answer: Promise<T>;
}

export class WorkspaceFiles {
  readonly #folder: string;
  #root: Promise<string | undefined> | undefined;
  /** By path. */
  readonly #files = new LatestMap<Known<SourceFile | undefined>>(mostAnswers);
  readonly #listings = new LatestMap<Known<readonly string[]>>(mostAnswers);
  /** Texts by path and the version that they were read at. */
  readonly #texts = new LatestMap<{ readonly version: string; readonly file: SourceFile }>(mostFiles);

  /** An absolute path. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Undefined for what is not there, is no source text, or may not be read. */
  async read(path: string): Promise<SourceFile | undefined> {
    const wanted = posix.normalize(path);
    return remembered(this.#files, wanted, () => this.#readNow(wanted).catch(() => undefined));
  }

  /** Names in a folder, sorted; none when it is not there. */
  async names(path: string): Promise<readonly string[]> {
    const wanted = posix.normalize(path);
    return remembered(this.#listings, wanted, () => this.#listNow(wanted).catch(() => []));
  }

  /** The real place of a path in the folder; undefined when it leads out. */
  async #inside(path: string): Promise<string | undefined> {
    if (path.startsWith('..') || posix.isAbsolute(path) || path.includes('\0')) return undefined;
    this.#root ??= realpath(this.#folder).catch(() => undefined);
    const root = await this.#root;
    if (root === undefined) return undefined;
    return placeInside(root, path);
  }

  async #listNow(path: string): Promise<readonly string[]> {
    const place = await this.#inside(path);
    const names: string[] = [];
    if (place === undefined) return names;
    for await (const { name } of await opendir(place)) if (names.push(name) >= mostEntries) break;
    return names.sort();
  }

  async #readNow(path: string): Promise<SourceFile | undefined> {
    if (isSecretFile(path)) return undefined;
    const place = await this.#inside(path);
    if (place === undefined || isSecretFile(place)) return undefined;
    return readRegular(place, mostBytes, async (handle, about) => {
      const version = `${about.ino} ${about.size} ${about.mtimeMs}`;
      const known = this.#texts.get(path);
      if (known?.version === version) return known.file;
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(mostBytes), 0, mostBytes, 0);
      const bytes = buffer.subarray(0, bytesRead);
      if (bytes.includes(0)) return undefined;
      const text = toLf(bytes.toString('utf8').replace(/^\uFEFF/u, ''));
      const file = { path, text, lines: text.split('\n') };
      this.#texts.set(path, { version, file });
      return file;
    });
  }
}

/** The answer to a path, also when there is none, for some seconds. */
async function remembered<T>(known: LatestMap<Known<T>>, path: string, ask: () => Promise<T>): Promise<T> {
  const found = known.get(path);
  if (found !== undefined && found.until > performance.now()) return found.answer;
  const answer = ask();
  known.set(path, { until: performance.now() + trustMs, answer });
  return answer;
}
