import type { MemoryNeed } from '../../protocol/model.ts';
import type { ModelEntry } from '../../protocol/server.ts';

export interface Memory {
  readonly total: number;
  /** Free now, with what the loaded model would give back. */
  readonly available: number;
}

/** What the engine takes for earlier prompts when it may choose; its own rule, for models that are not here yet. */
export function defaultPrefixCache(totalMemory: number): number {
  return Math.min(2 ** 29, Math.floor(totalMemory / 32));
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
