import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProposalFiles } from './proposal-files.ts';
import type { ProposalRecord } from './proposal.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paddock-edits-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function record(id: string): ProposalRecord {
  return {
    id,
    uri: 'file:///a.ts',
    languageId: 'typescript',
    title: 'Simplify',
    start: 3,
    base: 'old\n',
    proposed: 'new\n',
    notes: [{ kind: 'warning', text: 'Check it' }],
    asked: ['Simplify'],
  };
}

const ids = (records: readonly ProposalRecord[]): string[] => records.map(({ id }) => id);

describe('ProposalFiles', () => {
  it('gives back what was saved, the oldest first, to a later session', async () => {
    const files = new ProposalFiles(join(folder, 'edits'));
    await Promise.all([files.save(record('b')), files.save(record('a')), files.save({ ...record('a'), start: 9 })]);
    const { open, rejected } = await new ProposalFiles(join(folder, 'edits')).readAll();
    expect(open).toEqual([{ ...record('a'), start: 9 }, record('b')]);
    expect(rejected).toEqual([]);
  });

  it('keeps the last ten that were rejected, and brings one back', async () => {
    const files = new ProposalFiles(folder);
    const names = Array.from({ length: 12 }, (_, index) => `id-${String(index).padStart(2, '0')}`);
    for (const name of names) {
      await files.save(record(name));
      await files.reject(name);
    }
    expect(ids((await files.readAll()).rejected)).toEqual(names.slice(2));
    await files.bringBack('id-11');
    const { open, rejected } = await files.readAll();
    expect(ids(open)).toEqual(['id-11']);
    expect(rejected).toHaveLength(9);
    await files.remove('id-11');
    expect((await files.readAll()).open).toEqual([]);
  });

  it('leaves out files that it cannot read, and leaves them alone', async () => {
    const files = new ProposalFiles(folder);
    await files.save(record('good'));
    const bad = {
      'torn.json': '{"id":',
      'number.json': JSON.stringify({ ...record('x'), start: -1 }),
      'path.json': JSON.stringify(record('../../x')),
      'other.txt': 'mine',
    };
    for (const [name, text] of Object.entries(bad)) await writeFile(join(folder, name), text);
    expect(ids((await files.readAll()).open)).toEqual(['good']);
    expect((await readdir(folder)).sort()).toEqual([...Object.keys(bad), 'good.json'].sort());
  });

  it('is empty without a folder', async () => {
    expect(await new ProposalFiles(join(folder, 'none')).readAll()).toEqual({ open: [], rejected: [] });
  });
});
