import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { append, appendLines, appendLinesSync, wholeLines, type UnfinishedLine } from './json-lines.ts';

let folder = '';
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'paddock-lines-'))));
afterAll(() => rmSync(folder, { recursive: true }));

interface Entry {
  readonly n: number;
  readonly text: string;
}
const entry = (n: number): Entry => ({ n, text: `äöü “${'x'.repeat(n % 7)}”\n` });
const line = (n: number): string => `${JSON.stringify(entry(n))}\n`;
const entries = Array.from({ length: 50 }, (_, n) => entry(n));
const whole = Buffer.from(entries.map(({ n }) => line(n)).join(''));

function parsed(bytes: Buffer): Entry[] {
  return wholeLines(bytes).lines.flatMap((text) => {
    try {
      return [JSON.parse(text) as Entry];
    } catch {
      return [];
    }
  });
}

function appendSync(path: string, values: readonly unknown[], unfinished: UnfinishedLine): void {
  const file = openSync(path, 'a+', 0o600);
  try {
    appendLinesSync(file, values, unfinished);
  } finally {
    closeSync(file);
  }
}

describe('a log that was cut at any byte', () => {
  it.each(['cut', 'close'] as const)(
    'keeps every whole record, and the next one is readable: %s',
    async (unfinished) => {
      const path = join(folder, `every-byte-${unfinished}`);
      for (let cut = 0; cut <= whole.length; cut++) {
        const before = whole.subarray(0, cut);
        writeFileSync(path, before);
        const kept = parsed(before);
        expect(kept).toEqual(entries.slice(0, before.filter((byte) => byte === 10).length));
        // Both ways of appending, in turns.
        if (cut % 2 === 0) appendSync(path, [entry(98), entry(99)], unfinished);
        else await appendLines(path, [entry(98), entry(99)], unfinished);
        const after = parsed(readFileSync(path));
        // When only the line end was missing, closing the line makes the record whole.
        const isMissingEnd = unfinished === 'close' && whole[cut] === 10 && cut > 0;
        expect(after).toEqual([...entries.slice(0, kept.length + (isMissingEnd ? 1 : 0)), entry(98), entry(99)]);
      }
    },
  );

  it('cuts an unfinished line that is longer than a block', () => {
    const path = join(folder, 'long');
    writeFileSync(path, line(1) + 'y'.repeat(200_000));
    appendSync(path, [entry(2)], 'cut');
    expect(readFileSync(path, 'utf8')).toBe(line(1) + line(2));
  });

  it('leaves zeros behind that a power failure wrote', () => {
    const path = join(folder, 'zeros');
    writeFileSync(path, line(1) + '\0'.repeat(500));
    appendSync(path, [entry(2)], 'close');
    expect(parsed(readFileSync(path))).toEqual([entry(1), entry(2)]);
  });
});

/** A disk that takes `free` bytes, and `atOnce` of them in one write. */
class SmallDisk {
  bytes = Buffer.alloc(0);
  free: number;
  readonly #atOnce: number;
  canTruncate = true;

  constructor(free: number, atOnce: number) {
    this.free = free;
    this.#atOnce = atOnce;
  }

  append(values: readonly unknown[], unfinished: UnfinishedLine, afterFailure = (): void => undefined): void {
    const steps = append(values, unfinished);
    for (let step = steps.next(); step.done !== true;) {
      const { value } = step;
      if (value.kind === 'size') step = steps.next(this.bytes.length);
      else if (value.kind === 'read') {
        step = steps.next(this.bytes.copy(value.into, 0, value.position, value.position + value.into.length));
      } else if (value.kind === 'truncate') {
        if (!this.canTruncate) throw new Error('EIO');
        this.free += this.bytes.length - value.size;
        this.bytes = this.bytes.subarray(0, value.size);
        step = steps.next(value.size);
      } else if (this.free === 0) {
        afterFailure();
        step = steps.throw(new Error('ENOSPC'));
      } else {
        const taken = Math.min(this.free, this.#atOnce, value.bytes.length);
        this.bytes = Buffer.concat([this.bytes, value.bytes.subarray(0, taken)]);
        this.free -= taken;
        step = steps.next(taken);
      }
    }
  }
}

describe('a disk that is full', () => {
  it('keeps the records before, says so, and takes records again when there is room', () => {
    for (const unfinished of ['cut', 'close'] as const) {
      for (let free = 0; free < line(3).length + 4; free++) {
        const disk = new SmallDisk(10_000, 3);
        disk.append([entry(1), entry(2)], unfinished);
        const before = disk.bytes.toString();
        disk.free = free;
        expect(() => disk.append([entry(3)], unfinished)).toThrow('ENOSPC');
        expect(disk.bytes.toString()).toBe(before);
        disk.free = 10_000;
        disk.append([entry(4)], unfinished);
        expect(parsed(disk.bytes)).toEqual([entry(1), entry(2), entry(4)]);
      }
    }
  });

  it('does not cut what another process has appended meanwhile', () => {
    const disk = new SmallDisk(10_000, 3);
    disk.append([entry(1)], 'close');
    disk.free = 6;
    const other = Buffer.from(`\n${line(7)}`);
    const failed = (): void =>
      disk.append([entry(2)], 'close', () => (disk.bytes = Buffer.concat([disk.bytes, other])));
    expect(failed).toThrow('ENOSPC');
    disk.free = 10_000;
    disk.append([entry(3)], 'close');
    expect(parsed(disk.bytes)).toEqual([entry(1), entry(7), entry(3)]);
  });

  it('goes on behind a part that could not be cut off', () => {
    for (const unfinished of ['cut', 'close'] as const) {
      const disk = new SmallDisk(10_000, 3);
      disk.append([entry(1)], unfinished);
      disk.free = 6;
      disk.canTruncate = false;
      expect(() => disk.append([entry(2)], unfinished)).toThrow();
      disk.canTruncate = true;
      disk.free = 10_000;
      disk.append([entry(3)], unfinished);
      expect(parsed(disk.bytes)).toEqual([entry(1), entry(3)]);
    }
  });

  it('reports it for a real device, and creates files for the user alone', async () => {
    await expect(appendLines('/dev/full', [entry(1)], 'close')).rejects.toThrow('ENOSPC');
    const path = join(folder, 'new', 'file.jsonl');
    await appendLines(path, [], 'close');
    await appendLines(path, [entry(1)], 'close');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });
});

it('takes records of several processes at once without mixing them', async () => {
  const path = join(folder, 'shared');
  const contents = `
    import { appendLines } from './json-lines.ts';
    for (let n = 0; n < 100; n++) await appendLines(process.argv[2], [{ n, text: process.argv[3].repeat(3000) }], 'close');`;
  const { outputFiles } = buildSync({
    stdin: { contents, resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
  });
  const script = join(folder, 'writer.mjs');
  writeFileSync(script, outputFiles[0]?.text ?? '');
  const writers = ['a', 'b', 'c'].map((letter) =>
    spawn(process.execPath, [script, path, letter], { stdio: 'inherit' }),
  );
  await Promise.all(writers.map((writer) => once(writer, 'exit')));
  const read = parsed(readFileSync(path));
  expect(read).toHaveLength(300);
  for (const letter of ['a', 'b', 'c']) {
    expect(read.filter(({ text }) => text === letter.repeat(3000)).map(({ n }) => n)).toEqual(
      Array.from({ length: 100 }, (_, n) => n),
    );
  }
});
