/**
 * Reads what the prompts of one user begin with, once for all of them. It is the same from key to key and may take
 * longer than there is between two keys, so reading goes on when a key cancels the request that has begun it: the next
 * one needs it as well. It ends soon when there is none.
 */
import type { Timings } from '../../protocol/model.ts';
import type { NativeModel } from '../engine/binding.ts';
import { generate } from '../engine/generate.ts';
import { completeSampler, editSampler } from '../engine/sampling.ts';

/** Reading less is not worth a pass of its own. */
const leastTokens = 64;
/** How long it goes on when nobody waits for it: a little longer than people take from key to key. */
const lingerMs = 400;
const sampler = completeSampler({ seed: 0 }, editSampler);

interface Reading {
  readonly model: NativeModel;
  readonly head: Int32Array;
  readonly stop: AbortController;
  readonly done: Promise<void>;
  /** Requests that wait for it. */
  waiting: number;
}

export class PromptReader {
  readonly #onRead: (model: NativeModel, timings: Timings) => void;
  /** The latest: it runs, or its head is in the cache. */
  #latest: Reading | undefined;

  constructor(onRead: (model: NativeModel, timings: Timings) => void) {
    this.#onRead = onRead;
  }

  /** Settles when the head was read, or `signal` aborts. `ending` is the end of the model. */
  async read(model: NativeModel, head: Int32Array, signal: AbortSignal, ending: AbortSignal): Promise<void> {
    if (head.length < leastTokens) return;
    let reading = this.#latest;
    if (reading?.model !== model || !isMostOf(reading.head, head)) {
      reading?.stop.abort();
      reading = this.#latest = this.#begin(model, head, ending);
    }
    reading.waiting++;
    await Promise.race([reading.done, aborted(signal)]);
    reading.waiting--;
    if (signal.aborted) setTimeout(() => reading.waiting === 0 && reading.stop.abort(), lingerMs).unref();
  }

  /** Settles when nothing is read. */
  async idle(): Promise<void> {
    await this.#latest?.done;
  }

  #begin(model: NativeModel, head: Int32Array, ending: AbortSignal): Reading {
    const stop = new AbortController();
    const request = { prompt: head, maxTokens: 1, sampler, transient: true, work: 'completion' } as const;
    const done = generate(model, request, { signal: AbortSignal.any([stop.signal, ending]) }).then(
      ({ finishReason, timings }) => {
        if (finishReason === 'cancelled') this.#forget(reading);
        else this.#onRead(model, timings);
      },
      // Whoever needs it reads it again, and hears what is wrong.
      () => this.#forget(reading),
    );
    const reading: Reading = { model, head, stop, done, waiting: 0 };
    return reading;
  }

  #forget(reading: Reading): void {
    if (this.#latest === reading) this.#latest = undefined;
  }
}

/** Whether what `head` has behind it is not worth a pass of its own. */
function isMostOf(beginning: Int32Array, head: Int32Array): boolean {
  const more = head.length - beginning.length;
  return more >= 0 && more < leastTokens && beginning.every((id, index) => id === head[index]);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
