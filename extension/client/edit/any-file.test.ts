/** Any file, any proposed text, any typing: only accepted hunks change the file, and undo gives back what was there. */
import { expect, it } from 'vitest';
import type { Hunk, TextChange } from './hunks.ts';
import { Proposal } from './proposal.ts';
import { wholeLines } from './whole-lines.ts';
import { generator } from '../../../test/workbench/random.mjs';

type Random = (bound: number) => number;

/** A document as VS Code keeps it: one kind of line end, changes that can be undone. */
class Document {
  text: string;
  readonly #undo: TextChange[][] = [];

  constructor(text: string) {
    this.text = text;
  }

  /** All offsets count from before the changes, and they do not overlap; as one step of undo. */
  change(changes: readonly TextChange[]): TextChange[] {
    const descending = [...changes].sort((a, b) => b.offset - a.offset);
    const back: TextChange[] = [];
    for (const { offset, length, text } of descending) {
      back.unshift({ offset, length: text.length, text: this.text.slice(offset, offset + length) });
      this.text = this.text.slice(0, offset) + text + this.text.slice(offset + length);
    }
    this.#undo.push(back);
    return descending;
  }

  undo(): void {
    for (const { offset, length, text } of this.#undo.pop() ?? []) {
      this.text = this.text.slice(0, offset) + text + this.text.slice(offset + length);
    }
  }
}

it('changes no byte outside of accepted hunks in 10,000 files', () => {
  const random = generator(20_261_127);
  for (let round = 0; round < 10_000; round++) {
    const eol = random(3) === 0 ? '\r\n' : '\n';
    const document = new Document(
      (random(9) === 0 ? '\uFEFF' : '') + lines(random, 14, eol) + (round % 2000 === 7 ? longLine : ''),
    );
    const selected = random(document.text.length + 1);
    const [start, end] = wholeLines(document.text, selected, selected + random(document.text.length - selected + 1));
    const proposal = new Proposal({
      id: '1',
      uri: 'file:///a',
      languageId: 'plaintext',
      title: 'Any',
      start,
      base: document.text.slice(start, end),
      proposed: lines(random, 12, eol),
      notes: [],
      asked: [],
    });
    for (let step = 0; step < 6 && proposal.state.kind === 'ready'; step++) act(random, document, proposal, eol);
  }
});

/** The user types with several cursors, or accepts or rejects a hunk. */
function act(random: Random, document: Document, proposal: Proposal, eol: string): void {
  const textAt = (start: number, length: number): string => document.text.slice(start, start + length);
  const hunk = proposal.hunks[random(Math.max(proposal.hunks.length, 1))];
  if (hunk === undefined || random(3) === 0) {
    proposal.follow(document.change(typing(random, document.text, eol)));
    proposal.check(textAt);
  } else if (random(2) === 0) {
    accept(document, proposal, hunk);
    proposal.check(textAt);
    expect(proposal.state.kind).toBe('ready');
  } else {
    const { text } = document;
    proposal.reject(hunk);
    expect(document.text).toBe(text);
  }
  if (proposal.state.kind === 'ready') expect(textAt(proposal.start, proposal.base.length)).toBe(proposal.base);
}

function accept(document: Document, proposal: Proposal, hunk: Hunk): void {
  const before = document.text;
  const [from, to] = [proposal.start + hunk.start, proposal.start + hunk.end];
  const change = { offset: from, length: to - from, text: hunk.text };
  document.change([change]);
  const after = document.text;
  expect(after.slice(0, from)).toBe(before.slice(0, from));
  expect(after.slice(after.length - (before.length - to))).toBe(before.slice(to));
  document.undo();
  expect(document.text).toBe(before);
  document.change([change]);
  proposal.accepted(hunk);
}

function typing(random: Random, text: string, eol: string): TextChange[] {
  const changes: TextChange[] = [];
  let at = 0;
  for (let cursor = random(3); cursor >= 0 && at <= text.length; cursor--) {
    const offset = at + random(text.length - at + 1);
    const length = random(Math.min(3, text.length - offset + 1));
    changes.push({ offset, length, text: lines(random, 2, eol).slice(0, random(4)) });
    at = offset + length + 1;
  }
  return changes;
}

const longLine = 'x'.repeat(1_000_000);
const words = ['a', 'bb', 'é', '👩‍👩‍👧', 'שלום', '\t', '  ', '```', '}', '`', '\0', ''];

function lines(random: Random, most: number, eol: string): string {
  const line = (): string => `${words[random(words.length)] ?? ''}${words[random(words.length)] ?? ''}`;
  const all = Array.from({ length: random(most) }, line).join(eol);
  return random(4) === 0 ? all : all + eol;
}
