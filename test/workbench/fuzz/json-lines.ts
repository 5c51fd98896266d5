/** A log that anything has happened to: its whole records are read, and one that is appended is read again. */
import { closeSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appendLinesSync, wholeLines } from '../../../extension/base/json-lines.ts';
import { readLog } from '../../../extension/client/chat/conversation.ts';

const record = (value: unknown): string => `${JSON.stringify(value)}\n`;

export const seeds = [
  '',
  '\n',
  '{"torn',
  record({ type: 'open', version: 1, id: 'a', at: 1 }) +
    record({ type: 'user', at: 2, id: 'b', text: 'question', attachments: [] }) +
    record({ type: 'answer', at: 3, id: 'c' }) +
    record({ type: 'drop', at: 4, id: 'b' }),
  record([1, null, 'é\u2028']) + '\0\0\0',
];

const path = join(mkdtempSync(join(tmpdir(), 'paddock-fuzz-')), 'log.jsonl');

export async function tryOne(text: string): Promise<void> {
  for (const unfinished of ['cut', 'close'] as const) {
    writeFileSync(path, text);
    const before = wholeLines(readFileSync(path)).lines;
    const file = openSync(path, 'a+');
    try {
      appendLinesSync(file, [{ appended: text }], unfinished);
    } finally {
      closeSync(file);
    }
    const after = wholeLines(readFileSync(path)).lines;
    if (before.some((line, index) => after[index] !== line)) throw new Error('a whole record has changed');
    const last: unknown = JSON.parse(after.at(-1) ?? '');
    if (JSON.stringify(last) !== JSON.stringify({ appended: text })) throw new Error('the appended record is lost');
  }
  await readLog(readFileSync(path));
}
