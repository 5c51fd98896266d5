/** The samples of each step. The order depends on the seed only, also after a resume. */
import { createHash } from 'node:crypto';

/** Numbers 0 .. count - 1 in the order of an epoch. */
export function epochOrder(count: number, seed: number, epoch: number): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  const random = generator(createHash('sha256').update(`order ${seed} ${epoch}`).digest().readUInt32LE(0));
  // Fisher and Yates
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}

export function stepsPerEpoch(samples: number, batch: number): number {
  return Math.ceil(samples / batch);
}

/** The samples of step `step`, counted over all epochs. */
export function samplesOfStep(step: number, samples: number, batch: number, seed: number): number[] {
  const perEpoch = stepsPerEpoch(samples, batch);
  const place = step % perEpoch;
  return epochOrder(samples, seed, Math.floor(step / perEpoch)).slice(place * batch, (place + 1) * batch);
}

/** Uniform in [0, 1): Weyl's sequence through a finalizer with the constants of MurmurHash3. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let x = state;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
  };
}
