/**
 * What a page shows: the host's snapshot and the deltas since. A gap in the deltas asks for a snapshot again. Pure but
 * for the messages it is given.
 */
import { protocolVersion } from '../../extension/protocol/model.ts';
import type { ViewDelta, ViewSnapshot } from '../../extension/protocol/view.ts';
import { setTranslations } from './l10n.ts';

export interface ViewStoreOptions<State, Change> {
  readonly fetch: () => Promise<ViewSnapshot<State>>;
  /** The state after a change; undefined when the change does not fit the state. */
  readonly apply: (state: State, change: Change) => State | undefined;
  readonly onChange: () => void;
}

export class ViewStore<State, Change> {
  readonly #options: ViewStoreOptions<State, Change>;
  #state: State | undefined;
  #seq = 0;
  #outdated = false;
  #fetching: Promise<void> | undefined;
  /** Deltas that came while a snapshot was on its way. */
  #waiting: ViewDelta<Change>[] = [];

  constructor(options: ViewStoreOptions<State, Change>) {
    this.#options = options;
  }

  /** Undefined until the first snapshot is here. */
  get state(): State | undefined {
    return this.#state;
  }

  /** The page is older than the host: VS Code kept it over an update. */
  get outdated(): boolean {
    return this.#outdated;
  }

  /** Gets the whole state. Calls while one is on its way share it. */
  refresh(): Promise<void> {
    return (this.#fetching ??= this.#refresh().finally(() => (this.#fetching = undefined)));
  }

  apply(delta: ViewDelta<Change>): void {
    if (this.#fetching !== undefined || this.#state === undefined) {
      this.#waiting.push(delta);
      return;
    }
    if (!this.#accept(delta)) {
      this.#waiting.push(delta);
      void this.refresh();
      return;
    }
    this.#options.onChange();
  }

  async #refresh(): Promise<void> {
    const { seq, state, texts, protocolVersion: version } = await this.#options.fetch();
    setTranslations(texts);
    this.#outdated = version !== protocolVersion;
    this.#state = state;
    this.#seq = seq;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const delta of waiting) if (delta.seq > seq) this.#accept(delta);
    this.#options.onChange();
  }

  /** False: a delta before it is missing. */
  #accept({ seq, change }: ViewDelta<Change>): boolean {
    if (this.#state === undefined || seq !== this.#seq + 1) return false;
    const next = this.#options.apply(this.#state, change);
    if (next === undefined) return false;
    this.#state = next;
    this.#seq = seq;
    return true;
  }
}

/** Calls `update` once per frame, however often it is asked to. */
export function oncePerFrame(update: () => void): () => void {
  let scheduled = false;
  return () => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      update();
    });
  };
}
