import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RoomLog } from './room-log.ts';

let folder: string;
let path: string;
let lines: string[];
const log = {
  debug: () => undefined,
  info: (line: string) => void lines.push(line),
  warn: () => undefined,
  error: () => undefined,
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'paddock-log-'));
  path = join(folder, 'room.log');
  lines = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

it('shows lines that come, whole, and none that were there before', async () => {
  writeFileSync(path, 'old\n');
  const shown = await RoomLog.after(path, log);
  shown.follow();
  appendFileSync(path, 'one\nünf');
  await vi.waitFor(() => expect(lines).toEqual(['one']));
  appendFileSync(path, 'inished\n');
  await vi.waitFor(() => expect(lines).toEqual(['one', 'ünfinished']));
  await shown.close();
  appendFileSync(path, 'late\n');
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(lines).toHaveLength(2);
});

it('goes on when the log was cut, shows the end of a long one, and needs no file', async () => {
  const shown = await RoomLog.after(path, log);
  shown.follow();
  await shown.show();
  writeFileSync(path, `${'x'.repeat(5000)}\n`.repeat(100));
  await shown.show();
  expect(lines.length).toBeLessThan(20);
  expect(Math.max(...lines.map(({ length }) => length))).toBe(2000);
  truncateSync(path, 0);
  appendFileSync(path, 'anew\n');
  await shown.close();
  expect(lines.at(-1)).toBe('anew');
});
