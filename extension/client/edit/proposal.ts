/**
 * A proposed edit of one document: two versions of a part of it, and what is known about them. It knows nothing of how
 * it is shown. Pure but for its event.
 */
import { previewText } from './preview.ts';
import { acceptHunk, followChange, hunksOf, rejectHunk, type Hunk, type TextChange } from './hunks.ts';

/** What is kept on disk, so that a proposal survives a reload and a crash. */
export interface ProposalRecord {
  readonly id: string;
  readonly uri: string;
  readonly title: string;
  /** Offset in the document of the part that changes. */
  readonly start: number;
  readonly base: string;
  readonly proposed: string;
  /** What a parser finds wrong with it, in words. */
  readonly fault?: string;
}

export type ProposalState =
  /** The text streams in. */
  | { readonly kind: 'writing'; readonly progress: string }
  | { readonly kind: 'ready' }
  /** What it replaces was changed, so that it does not fit any more. Undoing the change makes it fit. */
  | { readonly kind: 'paused' };

export class Proposal {
  readonly id: string;
  readonly uri: string;
  readonly title: string;
  #state: ProposalState;
  #start: number;
  #base: string;
  #proposed: string;
  #fault: string | undefined;
  /** While it streams, the new text as the model writes it. */
  #streamed = '';

  constructor(record: ProposalRecord, state: ProposalState = { kind: 'ready' }) {
    this.id = record.id;
    this.uri = record.uri;
    this.title = record.title;
    this.#start = record.start;
    this.#base = record.base;
    this.#proposed = record.proposed;
    this.#fault = record.fault;
    this.#state = state;
  }

  get state(): ProposalState {
    return this.#state;
  }

  get fault(): string | undefined {
    return this.#fault;
  }

  get start(): number {
    return this.#start;
  }

  get base(): string {
    return this.#base;
  }

  get proposed(): string {
    return this.#proposed;
  }

  get hunks(): Hunk[] {
    return hunksOf({ base: this.#base, proposed: this.#proposed });
  }

  get record(): ProposalRecord {
    const { id, uri, title } = this;
    const fault = this.#fault === undefined ? {} : { fault: this.#fault };
    return { id, uri, title, start: this.#start, base: this.#base, proposed: this.#proposed, ...fault };
  }

  /** More text from the model: whole lines are shown. */
  append(text: string, eol: '\n' | '\r\n'): void {
    this.#streamed += text;
    this.#proposed = previewText(this.#base, this.#streamed, eol);
  }

  /** The model begins again. */
  restart(): void {
    this.#streamed = '';
    this.#proposed = this.#base;
  }

  report(progress: string): void {
    if (this.#state.kind === 'writing') this.#state = { kind: 'writing', progress };
  }

  /** False when it changes nothing. */
  finish(proposed: string, fault?: string): boolean {
    this.#proposed = proposed;
    this.#fault = fault;
    if (this.#state.kind === 'writing') this.#state = { kind: 'ready' };
    return proposed !== this.#base;
  }

  /** The document after `hunk` is accepted has the new base at `start`. */
  accept(hunk: Hunk): void {
    this.#base = acceptHunk({ base: this.#base, proposed: this.#proposed }, hunk).base;
  }

  reject(hunk: Hunk): void {
    this.#proposed = rejectHunk({ base: this.#base, proposed: this.#proposed }, hunk).proposed;
  }

  /**
   * The document was changed elsewhere. `text` is the document with the change: a proposal that does not fit any more
   * fits again when its old text is back in its place.
   */
  follow(changes: readonly TextChange[], text: string): void {
    for (const change of changes) {
      const next = followChange({ start: this.#start, base: this.#base, proposed: this.#proposed }, change);
      if (next === undefined) {
        // The place is kept as well as it goes, for the case that the change is undone.
        if (change.offset < this.#start) this.#start = Math.max(0, this.#start + change.text.length - change.length);
        continue;
      }
      this.#start = next.start;
      if (this.#state.kind !== 'paused') [this.#base, this.#proposed] = [next.base, next.proposed];
    }
    const fits = text.startsWith(this.#base, this.#start);
    if (this.#state.kind === 'paused' && fits) this.#state = { kind: 'ready' };
    else if (this.#state.kind === 'ready' && !fits) this.#state = { kind: 'paused' };
  }
}
