import { describe, expect, it } from 'vitest';
import { acceptHunk, followChange, hunksOf, rejectHunk, type PlacedVersions } from './hunks.ts';
import { generator } from '../../../test/workbench/random.mjs';

const base = 'a\nb\nc\nd\ne\n';
const proposed = 'a\nB\nc\nd\nx\ne\n';

describe('hunks', () => {
  it('are whole lines', () => {
    expect(hunksOf({ base, proposed })).toEqual([
      { start: 2, end: 4, proposedStart: 2, text: 'B\n' },
      { start: 8, end: 8, proposedStart: 8, text: 'x\n' },
    ]);
  });

  it('of texts that have little in common are one', () => {
    const lines = (word: string): string => Array.from({ length: 20_000 }, (_, index) => `${word} ${index}\n`).join('');
    const hunks = hunksOf({ base: `a\n${lines('old')}z\n`, proposed: `a\n${lines('new')}z\n` });
    expect(hunks).toEqual([{ start: 2, end: 2 + lines('old').length, proposedStart: 2, text: lines('new') }]);
  });

  it('are accepted and rejected one by one', () => {
    const [first, second] = hunksOf({ base, proposed });
    if (first === undefined || second === undefined) throw new Error('There are two.');
    const accepted = acceptHunk({ base, proposed }, second);
    expect(accepted.base).toBe('a\nb\nc\nd\nx\ne\n');
    expect(hunksOf(accepted)).toHaveLength(1);
    expect(rejectHunk({ base, proposed }, first).proposed).toBe('a\nb\nc\nd\nx\ne\n');
  });

  it('follow what is typed before, after and between them', () => {
    const placed = { start: 10, base, proposed };
    const type = (offset: number, text: string, length = 0): PlacedVersions | undefined =>
      followChange(placed, { offset, length, text });
    expect(type(0, 'zz')).toMatchObject({ start: 12, base, proposed });
    expect(type(30, 'zz')).toBe(placed);
    expect(type(10 + 5, '!')).toMatchObject({ base: 'a\nb\nc!\nd\ne\n', proposed: 'a\nB\nc!\nd\nx\ne\n' });
    // Within the line that is replaced.
    expect(type(10 + 2, '!')).toBeUndefined();
    expect(type(10 + 3, '', 1)).toBeUndefined();
  });
});

describe('any text and any changes', () => {
  it('never change a byte outside of accepted hunks', () => {
    const random = generator(11);
    for (let round = 0; round < 3000; round++) {
      const document = Array.from({ length: random(12) }, () => line(random)).join('');
      const start = random(document.length + 1);
      const end = start + random(document.length - start + 1);
      let placed: PlacedVersions | undefined = {
        start,
        base: document.slice(start, end),
        proposed: Array.from({ length: random(6) }, () => line(random)).join(''),
      };
      let text = document;
      for (let step = 0; step < 5 && placed !== undefined; step++) {
        const offset = random(text.length + 1);
        const length = random(Math.min(4, text.length - offset + 1));
        const insert = line(random).slice(0, random(3));
        const next: PlacedVersions | undefined = followChange(placed, { offset, length, text: insert });
        text = text.slice(0, offset) + insert + text.slice(offset + length);
        placed = next;
        if (next === undefined) break;
        // What it takes for the document's text is there.
        expect(text.slice(next.start, next.start + next.base.length)).toBe(next.base);
      }
      if (placed === undefined) continue;
      // All hunks accepted one after the other give the proposed text in its place.
      let versions: PlacedVersions = placed;
      for (let hunk = hunksOf(versions)[0]; hunk !== undefined; hunk = hunksOf(versions)[0]) {
        versions = { ...versions, ...acceptHunk(versions, hunk) };
      }
      expect(versions.base).toBe(placed.proposed);
      // All rejected leave what was there.
      let rejected: PlacedVersions = placed;
      for (let hunk = hunksOf(rejected)[0]; hunk !== undefined; hunk = hunksOf(rejected)[0]) {
        rejected = { ...rejected, ...rejectHunk(rejected, hunk) };
      }
      expect(rejected.proposed).toBe(placed.base);
    }
  });
});

function line(random: (bound: number) => number): string {
  const words = ['a', 'bb', 'é', '👍', '\t', '  ', '```', '}', ''];
  const ends = ['\n', '\n', '\r\n', ''];
  return `${words[random(words.length)] ?? ''}${words[random(words.length)] ?? ''}${ends[random(ends.length)] ?? ''}`;
}
