import type { MemoryNeed } from '../../protocol/model.ts';
import type { ModelEntry } from '../../protocol/server.ts';

export interface Memory {
  readonly total: number;
  /** Free memory, including that of the loaded model. */
  readonly available: number;
  /** The engine's default size of the prompt cache. */
  readonly defaultPrefixCache: number;
}

/** Minimum for the rest of the machine. Bytes. */
const keptFree = 512 * 2 ** 20;

/** Whether a model can be loaded: now, after closing other programs, or never on this machine. */
export function fitOf(need: MemoryNeed, memory: Memory): ModelEntry['fit'] {
  if (need.total <= memory.available) {
    return 'fits';
  }
  return need.total <= memory.total - keptFree ? 'tight' : 'tooLarge';
}
