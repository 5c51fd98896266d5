import { readFile } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import { join } from 'node:path';
import { object, text } from '../protocol/check.ts';
import type { EngineState, ServerOptions } from '../protocol/server.ts';
import type { NativeModule } from './engine/binding.ts';
import { Engine } from './engine/engine.ts';
import { inspectModel } from './engine/inspect.ts';
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
  readonly store: ModelStore;
  /** Loads the native code on first call. Throws `engineUnavailable`. */
  readonly addon: () => NativeModule;
  readonly syntax: Syntax;
  /** Clears the prompt cache, in the loaded model and on disk. */
  readonly clearCache: () => Promise<void>;
}

export type SessionOptions = Pick<ServerOptions, 'modelsFolder' | 'threads' | 'contextLength'> &
  Partial<Pick<ServerOptions, 'prefixCacheBytes' | 'snapshotBytes' | 'compactCache' | 'polite'>> & {
    /** Where earlier prompts are kept; undefined = the platform's data folder. */
    readonly snapshotFolder?: string | undefined;
    /** As `EngineOptions`. */
    readonly exact?: boolean | undefined;
  };

export async function createSession(
  room: Room,
  options: SessionOptions,
  onState?: (state: EngineState) => void,
): Promise<Session> {
  const { host, addon, slot, syntax } = room;
  const { threads, contextLength, prefixCacheBytes, compactCache, exact, polite, snapshotBytes = 0 } = options;
  const folder = options.snapshotFolder ?? snapshotFolder(host);
  const snapshots = snapshotBytes > 0 ? { folder, bytes: snapshotBytes } : undefined;
  const engine = new Engine(
    slot,
    { threads, contextLength, prefixCacheBytes, compactCache, exact, polite, snapshots },
    onState,
  );
  const store = new ModelStore({
    host,
    folder: modelsFolder(host, options.modelsFolder),
    catalogue: await readCatalogue(join(host.installFolder, 'media', 'catalogue.json')),
    inspect: (path) => inspectModel(addon(), path, contextLength, options),
    memory: () => machineMemory(room),
    prefixCacheBytes,
  });
  const clearCache = async (): Promise<void> => {
    await engine.clearCache();
    await removeSnapshots(folder);
  };
  const folders = { installFolder: host.installFolder, mergedFolder: mergedFolder(host) };
  return { host, version: await readVersion(host), ...folders, engine, store, addon, syntax, clearCache };
}

/** Memory for a model: free memory plus that of the loaded model. */
function machineMemory({ addon, slot }: Room): Memory {
  const given = slot.model?.info.memory.total ?? 0;
  try {
    const { totalMemory, availableMemory, defaultPrefixCache } = addon().systemInfo();
    return { total: totalMemory, available: Math.min(totalMemory, availableMemory + given), defaultPrefixCache };
  } catch {
    // Without an engine the list can still be shown, with the system's coarser figures.
    return { total: totalmem(), available: freemem() + given, defaultPrefixCache: 0 };
  }
}

async function readVersion({ installFolder }: Host): Promise<string> {
  const path = join(installFolder, 'package.json');
  return object({ version: text() })(JSON.parse(await readFile(path, 'utf8')), path).version;
}
