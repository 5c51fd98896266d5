import { describe, expect, test } from 'vitest';
import { indexText } from './index-text.ts';
import { readQuestion } from './question.ts';
import { rank } from './ranking.ts';
import { fieldCount } from './record.ts';
import type { FileRecord, Field } from './record.ts';
import { TimeSlices } from '../../base/time-slices.ts';

const filler = 'other words stand here\n'.repeat(20);

function record(path: string, text: string): Promise<FileRecord> {
  const file = { path, size: text.length, mtimeMs: 1 };
  return indexText({ file, text, items: undefined, imports: [] }, new TimeSlices());
}

/** Paths, the best first. */
async function ranked(
  question: string,
  files: Readonly<Record<string, string>>,
  importers: Readonly<Record<string, number>> = {},
): Promise<string[]> {
  const records = await Promise.all(Object.entries(files).map(([path, text]) => record(path, text)));
  const sum = (of: (one: FileRecord) => number): number => records.reduce((all, one) => all + of(one), 0);
  const totals = {
    files: records.length,
    chunks: sum(({ chunkCount }) => chunkCount),
    lengths: Array.from({ length: fieldCount }, (_, field) => sum((one) => one.fileLength(field as Field))),
  };
  const importersOf = ({ path }: FileRecord): number => importers[path] ?? 0;
  const found = await rank(records, { totals, question: readQuestion(question), importersOf }, new TimeSlices());
  return found.map(({ record: { path } }) => path);
}

describe('rank', () => {
  test('rare words count more than frequent ones, and the length of a file counts against it', async () => {
    const files = { 'a.sql': `tax ${filler}`, 'b.sql': `voucher ${filler}`, 'c.sql': `tax ${filler}`, 'd.sql': filler };
    expect((await ranked('voucher tax', files))[0]).toBe('b.sql');
    expect(await ranked('tax', { 'a.sql': `tax\n${filler}${filler}`, 'b.sql': 'tax\n', 'c.sql': filler })).toEqual([
      'b.sql',
      'a.sql',
    ]);
  });

  test('the name of a file and of a section count more than the text', async () => {
    const files = { 'a.sql': `tax ${filler}`, 'tax.sql': `tax ${filler}`, 'c.sql': filler, 'paid-tax.sql': filler };
    expect(await ranked('tax', files)).toEqual(['tax.sql', 'a.sql', 'paid-tax.sql']);
    const docs = { 'a.md': `# Other\ntax\n${filler}`, 'b.md': `# Tax\n${filler}`, 'c.md': filler };
    expect(await ranked('tax', docs)).toEqual(['b.md', 'a.md']);
  });

  test('an identifier is found by its words', async () => {
    const files = { 'a.sql': `tax rate ${filler}`, 'b.sql': `TaxRate ${filler}`, 'c.sql': filler };
    expect((await ranked('Where is the tax rate?', files))[0]).toBe('b.sql');
    expect((await ranked('Where is tax_rate?', files))[0]).toBe('b.sql');
  });

  test('tests and documents stand back, unless the question speaks of them', async () => {
    const [some, more] = [`tax\n${filler}`, `tax\ntax\n${filler}`];
    const files = { 'tests/a.sql': more, 'a.sql': some, 'a.md': more, 'b.sql': filler, 'c.sql': filler };
    expect((await ranked('tax', files))[0]).toBe('a.sql');
    expect((await ranked('Is the tax documented?', files))[0]).toBe('a.md');
    expect((await ranked('Which tests are about the tax?', files))[0]).toBe('tests/a.sql');
  });

  test('what others import goes first among equals', async () => {
    const files = { 'a.sql': `tax ${filler}`, 'b.sql': `tax ${filler}`, 'c.sql': filler };
    expect(await ranked('tax', files)).toEqual(['a.sql', 'b.sql']);
    expect(await ranked('tax', files, { 'b.sql': 5 })).toEqual(['b.sql', 'a.sql']);
  });

  test('no file has a term', async () => {
    expect(await ranked('xylophone', { 'a.sql': filler })).toEqual([]);
    expect(await ranked('tax', {})).toEqual([]);
    expect(await ranked('', { 'a.sql': filler })).toEqual([]);
  });
});
