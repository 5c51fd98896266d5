/**
 * A proposed edit of one document: two versions of a part of it, and what is known about them. It knows nothing of how
 * it is shown or kept. Pure.
 */
import { acceptHunk, followChange, hunksOf, rejectHunk, type Hunk, type TextChange } from './hunks.ts';
import { previewText } from './preview.ts';

/** What is kept on disk, so that a proposal survives a reload and a crash. */
export interface ProposalRecord {
  readonly id: string;
  readonly uri: string;
  readonly languageId: string;
  readonly title: string;
  /** Offset in the document of the part that changes: whole lines. */
  readonly start: number;
  readonly base: string;
  readonly proposed: string;
  /** What the user should know before accepting, in words. */
  readonly notes: readonly ProposalNote[];
  /** What was asked for, the first question first; empty for an edit that did not come from a question. */
  readonly asked: readonly string[];
}

export interface ProposalNote {
  readonly kind: 'warning' | 'info';
  readonly text: string;
}

/** What the engine does for a proposal. */
export interface WritingProgress {
  readonly phase: 'reading' | 'writing' | 'repairing';
  /** 0..1; undefined when nothing can be said. */
  readonly share?: number | undefined;
  readonly remainingSeconds?: number | undefined;
}

export type ProposalState =
  | { readonly kind: 'writing'; readonly progress: WritingProgress }
  | { readonly kind: 'ready' }
  /** The document is not there, or what the edit replaces was changed in it. It goes on when that is undone. */
  | { readonly kind: 'paused'; readonly reason: 'changed' | 'missing' };

export class Proposal {
  readonly id: string;
  readonly languageId: string;
  readonly asked: readonly string[];
  readonly title: string;
  uri: string;
  #state: ProposalState;
  #start: number;
  #base: string;
  #proposed: string;
  #notes: readonly ProposalNote[];
  #hunks: readonly Hunk[] | undefined;
  /** While it is written: the new text so far, and what the user changed in the base meanwhile, counted from it. */
  #streamed = '';
  #meanwhile: TextChange[] = [];

  constructor(record: ProposalRecord, state: ProposalState = { kind: 'ready' }) {
    this.id = record.id;
    this.uri = record.uri;
    this.languageId = record.languageId;
    this.title = record.title;
    this.asked = record.asked;
    this.#start = record.start;
    this.#base = record.base;
    this.#proposed = record.proposed;
    this.#notes = record.notes;
    this.#state = state;
  }

  get state(): ProposalState {
    return this.#state;
  }

  get notes(): readonly ProposalNote[] {
    return this.#notes;
  }

  get start(): number {
    return this.#start;
  }

  /** What is in the document at `start`, unless the proposal is paused. */
  get base(): string {
    return this.#base;
  }

  get proposed(): string {
    return this.#proposed;
  }

  /** In the order of the document. None while it is written over something that the user changes. */
  get hunks(): readonly Hunk[] {
    if (this.#state.kind === 'writing' && this.#meanwhile.length > 0) return [];
    this.#hunks ??= hunksOf({ base: this.#base, proposed: this.#proposed });
    return this.#hunks;
  }

  get record(): ProposalRecord {
    const { id, uri, languageId, title, asked } = this;
    const [start, base, proposed, notes] = [this.#start, this.#base, this.#proposed, this.#notes];
    return { id, uri, languageId, title, start, base, proposed, notes, asked };
  }

  report(progress: WritingProgress): void {
    if (this.#state.kind === 'writing') this.#state = { kind: 'writing', progress };
  }

  /** More text from the model for the lines between `head` and `tail` of the base. Whole lines are shown. */
  append(text: string, { head, tail, eol }: WrittenPart): void {
    this.#streamed += text;
    const old = this.#base.slice(head.length, this.#base.length - tail.length);
    this.#change({ proposed: head + previewText(old, this.#streamed, eol) + tail });
  }

  get writtenLength(): number {
    return this.#streamed.length;
  }

  /** The model begins again. */
  restart(): void {
    this.#streamed = '';
    this.#change({ proposed: this.#base });
  }

  /** The text is complete. False when it changes nothing. */
  finish(proposed: string, notes: readonly ProposalNote[]): boolean {
    const changes = this.#meanwhile;
    this.#meanwhile = [];
    this.#notes = notes;
    this.#change({ proposed });
    this.#state = { kind: 'ready' };
    // What was typed while it was written; the first change that touches a hunk pauses it.
    for (const change of changes) this.#followOne({ ...change, offset: change.offset + this.#start });
    return this.#proposed !== this.#base;
  }

  /** The document has the hunk's text in the place of its old lines now. */
  accepted(hunk: Hunk): void {
    this.#change(acceptHunk({ base: this.#base, proposed: this.#proposed }, hunk));
  }

  reject(hunk: Hunk): void {
    this.#change(rejectHunk({ base: this.#base, proposed: this.#proposed }, hunk));
  }

  /** The document was changed elsewhere, in this order. `check` must follow. */
  follow(changes: readonly TextChange[]): void {
    for (const change of changes) {
      if (this.#state.kind === 'writing') this.#noteMeanwhile(change);
      else this.#followOne(change);
    }
  }

  /**
   * Pauses and goes on, by what the document has at `start`; `textAt` gives that text, undefined when there is no
   * document.
   */
  check(textAt: (start: number, length: number) => string | undefined): void {
    if (this.#state.kind === 'writing') return;
    const text = textAt(this.#start, this.#base.length);
    if (text === this.#base) this.#state = { kind: 'ready' };
    else this.#state = { kind: 'paused', reason: text === undefined ? 'missing' : 'changed' };
  }

  /** It was found elsewhere in the document. */
  moveTo(start: number): void {
    this.#start = start;
  }

  #followOne(change: TextChange): void {
    const placed = { start: this.#start, base: this.#base, proposed: this.#proposed };
    const next = this.#state.kind === 'paused' ? undefined : followChange(placed, change);
    if (next !== undefined) {
      this.#start = next.start;
      if (next.base !== this.#base) this.#change(next);
      return;
    }
    if (this.#state.kind === 'ready') this.#state = { kind: 'paused', reason: 'changed' };
    this.#shift(change);
  }

  #noteMeanwhile(change: TextChange): void {
    const { offset, length } = change;
    const isBefore = offset + length <= this.#start && offset < this.#start;
    if (isBefore) this.#shift(change);
    else if (offset <= this.#start + this.#base.length)
      this.#meanwhile.push({ ...change, offset: offset - this.#start });
  }

  /** Keeps the place as well as it goes, for the case that the change is undone. */
  #shift({ offset, length, text }: TextChange): void {
    if (offset + length <= this.#start) this.#start = Math.max(0, this.#start + text.length - length);
  }

  #change({
    base = this.#base,
    proposed = this.#proposed,
  }: {
    readonly base?: string;
    readonly proposed?: string;
  }): void {
    this.#base = base;
    this.#proposed = proposed;
    this.#hunks = undefined;
  }
}

/** Where the model's text goes in the base: between `head` and `tail`. */
export interface WrittenPart {
  readonly head: string;
  readonly tail: string;
  readonly eol: '\n' | '\r\n';
}
