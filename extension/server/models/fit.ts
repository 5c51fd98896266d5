import type { MemoryNeed } from '../../protocol/model.ts';
import type { ModelEntry } from '../../protocol/server.ts';

export interface Memory {
  readonly total: number;
  /** Free now, with what the loaded model would give back. */
  readonly available: number;
  /** What the engine takes for earlier prompts when it may choose. */
  readonly defaultPrefixCache: number;
}

/** What the rest of the machine needs at least. Bytes. */
const keptFree = 512 * 2 ** 20;

/** Whether a model can be loaded: now, after closing other programs, or never on this machine. */
export function fitOf(need: MemoryNeed, memory: Memory): ModelEntry['fit'] {
  if (need.total <= memory.available) {
    return 'fits';
  }
  return need.total <= memory.total - keptFree ? 'tight' : 'tooLarge';
}
