/**
 * One request for a completion. It goes on as long as what is typed meanwhile is what it is about to say. It may run
 * ahead: as if what is shown had been accepted already.
 */
import type * as vscode from 'vscode';
import { PlaceWatch } from './place-watch.ts';
import { typedSince } from './typed-since.ts';
import type { Around } from './typed-since.ts';

/** Where a completion is asked for. */
export interface Spot extends Around {
  readonly document: vscode.TextDocument;
  readonly position: vscode.Position;
}

export class CompletionRun {
  readonly #spot: Spot;
  readonly #ahead: string;
  readonly #watch: PlaceWatch;
  /** Behind the spot, with what it runs ahead. */
  #said: string;
  #isOver = false;
  /** Settles when the request does. */
  readonly texts: Promise<readonly string[]>;

  /**
   * `request` gets the token that ends it, and tells what the model has said since the last time. `ahead` is what is
   * shown at the spot, when the request is for the place behind it: nobody waits for that yet.
   */
  constructor(
    spot: Spot,
    request: (token: PlaceWatch['token'], onText: (part: string) => void) => Promise<readonly string[]>,
    ahead = '',
  ) {
    this.#spot = spot;
    this.#ahead = this.#said = ahead;
    this.#watch = new PlaceWatch(spot, (typed) => this.#says(typed));
    this.texts = request(this.#watch.token, (part) => (this.#said += part)).finally(() => {
      this.#isOver = true;
      this.#watch.dispose();
    });
    // Callers that await it see the failure; without one it must not count as unhandled.
    this.texts.catch(() => undefined);
  }

  /** Whether nobody wants it any more. */
  get isLeft(): boolean {
    return this.#watch.token.isCancellationRequested;
  }

  /** Whether it is on its way and will do for this spot as well, which `given` asks for: then it goes on for both. */
  join(spot: Spot, given: vscode.CancellationToken): boolean {
    if (this.#isOver || this.isLeft || spot.document !== this.#spot.document) return false;
    const typed = typedSince(this.#spot, spot);
    if (typed === undefined || !this.#says(typed)) return false;
    this.#watch.follow(given);
    return true;
  }

  /** Whether it was asked for here, and not some typed characters before. */
  isAt(prefix: string): boolean {
    return this.#spot.prefix + this.#ahead === prefix;
  }

  leave(): void {
    this.#watch.leave();
  }

  /** Whether this is shown, or said with more behind it. */
  #says(typed: string): boolean {
    return this.#ahead.startsWith(typed) || (this.#said.length > typed.length && this.#said.startsWith(typed));
  }
}
