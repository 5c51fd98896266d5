import type { GenerationPart } from '../../protocol/server.ts';
import { RateMeter } from '../models/rate-meter.ts';

export type SendPart = (part: GenerationPart) => void;

/** Turns engine events into numbered parts for the client, and adds the remaining time to prefill parts. */
export class GenerationStream {
  readonly #send: SendPart;
  readonly #meter = new RateMeter();
  #seq = 0;
  #started = false;

  constructor(send: SendPart) {
    this.#send = send;
  }

  /** `done` counts cached tokens as done; only the others take time. */
  prefill(done: number, total: number, now = performance.now()): void {
    if (!this.#started) {
      this.#started = true;
      this.#meter.restart(done, now);
    }
    const rate = this.#meter.update(done, now);
    const remainingSeconds = rate > 0 ? (total - done) / rate : undefined;
    this.#send({ kind: 'prefill', seq: this.nextSeq(), done, total, remainingSeconds });
  }

  /** `tokens` are those of the answer so far. */
  text(text: string, tokens: number): void {
    this.#send({ kind: 'text', seq: this.nextSeq(), text, tokens });
  }

  /** The remaining time is that of another prompt. */
  protected restart(): void {
    this.#started = false;
  }

  protected nextSeq(): number {
    return this.#seq++;
  }
}
