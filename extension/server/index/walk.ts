/**
 * The files of a folder that are worth searching. The folder may be hostile: links are never followed, and the walk is
 * bounded in files, entries and depth.
 */
import type { Dirent } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { isSecretFile } from '../../base/secret-file.ts';
import { IgnoreRules } from './ignore-rules.ts';
import { readText } from './read-text.ts';

export interface FoundFile {
  /** Relative to the folder, with slashes. */
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
}

export const mostFileBytes = 1024 * 1024;
const mostFiles = 100_000;
/** For all files together. The index takes about half as much. */
const mostBytes = 512 * 1024 * 1024;
const mostEntries = 500_000;
const deepest = 40;

/**
 * Yields files from the outermost folder inwards, those of one folder by name. A .gitignore above `root` is not read.
 * Throws when `root` itself cannot be read; a folder below it that cannot be read is empty.
 */
export async function* walk(root: string, signal?: AbortSignal): AsyncGenerator<FoundFile> {
  const folders = [{ path: '', depth: 0, rules: IgnoreRules.none }];
  let [files, bytes, entries] = [0, 0, 0];
  for (const { path, depth, rules: above } of folders) {
    signal?.throwIfAborted();
    const found = await list(join(root, path), mostEntries - entries).catch((error: unknown) => {
      if (path === '') throw error;
      return [];
    });
    entries += found.length;
    const rules = found.some((entry) => entry.name === '.gitignore' && entry.isFile())
      ? above.with(path, await readText(root, join(path, '.gitignore'), mostFileBytes))
      : above;
    for (const entry of found) {
      signal?.throwIfAborted();
      const inner = path === '' ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory()) {
        if (depth < deepest && !isSkippedFolder(entry.name, rules.exist) && !rules.ignores(inner, true)) {
          folders.push({ path: inner, depth: depth + 1, rules });
        }
      } else if (entry.isFile() && !isSkippedFile(entry.name) && !rules.ignores(inner, false)) {
        const about = await lstat(join(root, inner)).catch(() => undefined);
        if (about?.isFile() !== true || !hasRightSize(about.size)) continue;
        bytes += about.size;
        if (files++ >= mostFiles || bytes > mostBytes) return;
        yield { path: inner, size: about.size, mtimeMs: about.mtimeMs };
      }
    }
  }
}

/** The file of this path, if `walk` would yield it. Its cost does not depend on the other files. */
export async function findFile(root: string, path: string): Promise<FoundFile | undefined> {
  const steps = path.split(sep === '/' ? '/' : /[\\/]/u);
  if (steps.length > deepest + 1 || steps.some((step) => step === '' || step === '.' || step === '..'))
    return undefined;
  let rules = IgnoreRules.none;
  for (const [index, name] of steps.entries()) {
    const folder = steps.slice(0, index).join('/');
    const inner = steps.slice(0, index + 1).join('/');
    const isFolder = index < steps.length - 1;
    rules = rules.with(folder, await readText(root, join(folder, '.gitignore'), mostFileBytes));
    if (rules.ignores(inner, isFolder)) return undefined;
    const about = await lstat(join(root, inner)).catch(() => undefined);
    if (isFolder) {
      if (about?.isDirectory() !== true || isSkippedFolder(name, rules.exist)) return undefined;
    } else if (about?.isFile() === true && !isSkippedFile(name) && hasRightSize(about.size)) {
      return { path: inner, size: about.size, mtimeMs: about.mtimeMs };
    }
  }
  return undefined;
}

function hasRightSize(size: number): boolean {
  return size > 0 && size <= mostFileBytes;
}

/** Sorted by name, so that a walk that meets a bound always finds the same files. */
async function list(folder: string, most: number): Promise<Dirent[]> {
  const found: Dirent[] = [];
  if (most <= 0) return found;
  for await (const entry of await opendir(folder)) if (found.push(entry) >= most) break;
  return found.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** Folders without source code of the project. They are skipped even if no .gitignore lists them. */
const alwaysSkipped =
  /^(?:\.git|\.hg|\.svn|\.jj|node_modules|bower_components|\.?venv|__pycache__|__pypackages__|site-packages|\.tox|\.nox|\.\w+_cache|\.cache|\.gradle|\.next|\.nuxt|\.svelte-kit|\.turbo|\.yarn|\.terraform|.*\.egg-info)$/iu;
/** Usually build output, but some projects keep sources there. Where there is a .gitignore, it decides. */
const skippedWithoutRules = /^(?:build|dist|out|target|coverage)$/iu;

function isSkippedFolder(name: string, hasRules: boolean): boolean {
  return alwaysSkipped.test(name) || (!hasRules && skippedWithoutRules.test(name));
}

/** Lock files, minified code and data. */
const skippedFile =
  /^(?:package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|go\.sum|.*\.(?:lock|lockb|min\.\w+|map|svg|csv|tsv|jsonl|ndjson|log|tsbuildinfo|patch))$/iu;
/** Binary files, recognized without opening them. */
const binaryFile =
  /\.(?:png|jpe?g|gif|webp|ico|bmp|tiff?|pdf|zip|gz|tgz|bz2|xz|zst|7z|jar|war|class|pyc|pyo|so|dll|dylib|exe|o|a|lib|wasm|node|woff2?|ttf|otf|eot|mp[34]|mov|avi|webm|wav|ogg|flac|gguf|safetensors|bin|dat|db|sqlite3?|parquet|npy|npz|pkl|onnx|pt)$/iu;

function isSkippedFile(name: string): boolean {
  return skippedFile.test(name) || binaryFile.test(name) || isSecretFile(name);
}
