import type { SamplerOptions } from '../../protocol/model.ts';

/** Sampler options with all fields set. */
export type Sampler = Required<SamplerOptions>;

/** For chat: some variety, without the unlikely tail. */
export const chatSampler: Omit<Sampler, 'seed'> = {
  temperature: 0.3,
  topK: 40,
  topP: 0.9,
  minP: 0.05,
  repetitionPenalty: 1.05,
};

/** For edits: greedy, without a repetition penalty, because code repeats. */
export const editSampler: Omit<Sampler, 'seed'> = {
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
};

/** Fills in missing options. Without a seed each call gets a random one. */
export function completeSampler(options: SamplerOptions | undefined, defaults: Omit<Sampler, 'seed'>): Sampler {
  const given = Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined));
  return { seed: Math.floor(Math.random() * 2 ** 31), ...defaults, ...given };
}
