/**
 * Questions from the user's own conversations with Paddock, only from files that the user names. The texts of attached
 * files are not taken.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { wholeLines } from '../../../base/json-lines.ts';
import { isRecord } from '../../../protocol/check.ts';
import { cleanText } from '../curate/record.ts';
import { toPrompt } from './prompts.ts';
import type { Prompt } from './prompts.ts';

/** `path`: a log, or a folder of them. */
export async function readOwnChats(path: string): Promise<Prompt[]> {
  const paths = (await stat(path)).isDirectory()
    ? (await readdir(path))
        .filter((name) => name.endsWith('.jsonl'))
        .sort()
        .map((name) => join(path, name))
    : [path];
  const prompts: Prompt[] = [];
  for (const file of paths) {
    const { lines } = wholeLines(await readFile(file));
    prompts.push(...questions(lines).map((content) => toPrompt([{ role: 'user', content }], 'chat')));
  }
  return prompts;
}

/** What was asked and not taken back; see `LogRecord` of the client for the format. */
export function questions(lines: readonly string[]): string[] {
  let turns: { id: unknown; text: string | undefined }[] = [];
  for (const line of lines) {
    const record = parse(line);
    const { type, id, text } = record;
    if (type === 'user' && typeof text === 'string') turns.push({ id, text: cleanText(text) });
    if (type === 'answer') turns.push({ id, text: undefined });
    if (type === 'drop') {
      const at = turns.findIndex((turn) => turn.id === id);
      turns = at === -1 ? turns : turns.slice(0, at);
    }
  }
  return turns.map(({ text }) => text).filter((text) => text !== undefined && text !== '') as string[];
}

function parse(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}
