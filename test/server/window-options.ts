import { protocolVersion } from '../../extension/protocol/model.ts';
import type { ServerOptions } from '../../extension/protocol/server.ts';

/** What a window of the tests asks the engine for. */
export function windowOptions(modelsFolder: string | undefined): ServerOptions {
  return {
    protocolVersion,
    modelsFolder,
    threads: 0,
    polite: false,
    contextLength: 2048,
    prefixCacheBytes: undefined,
    snapshotBytes: 0,
    compactCache: false,
    idleMs: 0,
    completionModel: '',
  };
}
