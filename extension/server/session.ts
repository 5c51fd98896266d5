import { readFile } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import { join } from 'node:path';
import { object, text } from '../protocol/check.ts';
import type { EngineState, RoleState, ServerOptions } from '../protocol/server.ts';
import { CompletionModel } from './complete/completion-model.ts';
import type { NativeModule } from './engine/binding.ts';
import { Engine } from './engine/engine.ts';
import { inspectModel } from './engine/inspect.ts';
import type { ModelSlot } from './engine/model-slot.ts';
import { removeSnapshots } from './engine/snapshots.ts';
import type { Host } from './host.ts';
import { readCatalogue } from './models/catalogue.ts';
import type { Memory } from './models/fit.ts';
import { mergedFolder, modelsFolder, snapshotFolder } from './models/folder.ts';
import { ModelStore } from './models/store.ts';
import type { Room } from './room/room.ts';
import type { Syntax } from './syntax/syntax.ts';

/** The engine and the models of one client: a window of the editor or a run of the terminal program. */
export interface Session {
  readonly host: Host;
  /** Of this program. */
  readonly version: string;
  /** The folder that holds `dist` and `media`. */
  readonly installFolder: string;
  /** Where copies of models with an adapter are kept. */
  readonly mergedFolder: string;
  readonly engine: Engine;
  /** Which model completes code. */
  readonly completing: CompletionModel;
  readonly store: ModelStore;
  /** Loads the native code on first call. Throws `engineUnavailable`. */
  readonly addon: () => NativeModule;
  readonly syntax: Syntax;
  /** Clears the prompt cache, in the loaded model and on disk. */
  readonly clearCache: () => Promise<void>;
  readonly states: () => readonly RoleState[];
  /** Takes the models out of memory. */
  readonly unload: () => Promise<void>;
  /** The client is gone. */
  readonly close: () => void;
}

export type SessionOptions = Pick<ServerOptions, 'modelsFolder' | 'threads' | 'contextLength'> &
  Partial<
    Pick<ServerOptions, 'prefixCacheBytes' | 'snapshotBytes' | 'compactCache' | 'polite' | 'idleMs' | 'completionModel'>
  > & {
    /** Where earlier prompts are kept; undefined = the platform's data folder. */
    readonly snapshotFolder?: string | undefined;
    /** As `EngineOptions`. */
    readonly exact?: boolean | undefined;
  };

export async function createSession(
  room: Room,
  options: SessionOptions,
  onState: (state: RoleState) => void = () => {},
): Promise<Session> {
  const { host, addon, syntax } = room;
  const { contextLength, prefixCacheBytes, completionModel = '' } = options;
  const snapshots = options.snapshotFolder ?? snapshotFolder(host);
  const engines = createEngines(room, options, snapshots, onState);
  const { engine, own } = engines;
  const store = new ModelStore({
    host,
    folder: modelsFolder(host, options.modelsFolder),
    catalogue: await readCatalogue(join(host.installFolder, 'media', 'catalogue.json')),
    inspect: (path) => inspectModel(addon(), path, contextLength, options),
    memory: () => machineMemory(room, room.chat),
    prefixCacheBytes,
  });
  const completing = new CompletionModel({
    chat: engine,
    own,
    wanted: completionModel,
    models: async () => (await store.list()).entries,
    resolve: (wanted) => store.resolve(wanted),
    available: () => machineMemory(room, room.completion).available,
  });
  const clearCache = async (): Promise<void> => {
    await Promise.all([engine.clearCache(), own.clearCache()]);
    await removeSnapshots(snapshots);
  };
  const version = await readVersion(host);
  const folders = { installFolder: host.installFolder, mergedFolder: mergedFolder(host) };
  return { ...engines, host, version, ...folders, completing, store, addon, syntax, clearCache };
}

/** Of one client: what answers it, and what completes its code beside that. */
function createEngines(
  room: Room,
  options: SessionOptions,
  snapshotFolder: string,
  onState: (state: RoleState) => void,
): Pick<Session, 'engine' | 'states' | 'unload' | 'close'> & { readonly own: Engine } {
  const { threads, contextLength, prefixCacheBytes, compactCache, exact, polite } = options;
  const { snapshotBytes = 0, idleMs = 0 } = options;
  const snapshots = snapshotBytes > 0 ? { folder: snapshotFolder, bytes: snapshotBytes } : undefined;
  const tell = (role: RoleState['role']) => (state: EngineState) => onState({ role, state });
  const shared = { threads, compactCache, exact, polite };
  const engine = new Engine(room.chat, { ...shared, contextLength, prefixCacheBytes, snapshots }, tell('chat'), idleMs);
  const own = new Engine(room.completion, { ...shared, ...completionOptions }, tell('completion'), idleMs);
  return {
    engine,
    own,
    states: () => [
      { role: 'chat', state: engine.state },
      { role: 'completion', state: own.state },
    ],
    unload: async () => void (await Promise.all([engine.unload(), own.unload()])),
    close: () => [engine, own].forEach((one) => one.close()),
  };
}

/** A completion reads a window of the file and writes a few lines; the next one begins nearly alike. */
const completionOptions = { contextLength: 4096, prefixCacheBytes: 64 * 2 ** 20 };

/** Memory for a model: free memory plus that of the one which it replaces. */
function machineMemory({ addon }: Room, slot: ModelSlot): Memory {
  const given = slot.model?.info.memory.total ?? 0;
  try {
    const { totalMemory, availableMemory, defaultPrefixCache } = addon().systemInfo();
    return { total: totalMemory, available: Math.min(totalMemory, availableMemory + given), defaultPrefixCache };
  } catch {
    // Without an engine the list can still be shown, with the system's coarser figures.
    return { total: totalmem(), available: freemem() + given, defaultPrefixCache: 0 };
  }
}

/** Of this program. */
export async function readVersion({ installFolder }: Host): Promise<string> {
  const path = join(installFolder, 'package.json');
  return object({ version: text() })(JSON.parse(await readFile(path, 'utf8')), path).version;
}
