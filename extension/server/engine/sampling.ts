import type { SamplerOptions } from '../../protocol/model.ts';

/** A sampler with every choice made. */
export type Sampler = Required<SamplerOptions>;

/** For conversation: a little variety, none of the unlikely tail. */
export const chatSampler: Omit<Sampler, 'seed'> = {
  temperature: 0.3,
  topK: 40,
  topP: 0.9,
  minP: 0.05,
  repetitionPenalty: 1.05,
};

/** For code that replaces code: the most likely text, and repetition is what code is made of. */
export const editSampler: Omit<Sampler, 'seed'> = {
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
};

/** Fills in what the caller left open; without a seed each call gets its own. */
export function completeSampler(options: SamplerOptions | undefined, defaults: Omit<Sampler, 'seed'>): Sampler {
  const given = Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined));
  return { seed: Math.floor(Math.random() * 2 ** 31), ...defaults, ...given };
}
