/** Questions for a teacher: from files, about code, and from the user's own chats. */
import { createHash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { readFileItems } from '../curate/read-file.ts';
import { answerOf, cleanText, promptOf } from '../curate/record.ts';
import type { CurateRecord, Message } from '../curate/record.ts';
import { toRecords } from '../curate/shapes.ts';

export interface Prompt {
  /** Digest of the conversation. Equal questions are asked once. */
  readonly id: string;
  /** Ends with a question of the user. */
  readonly messages: readonly Message[];
  readonly source: string;
}

export interface PromptFile {
  readonly prompts: readonly Prompt[];
  /** Lines without a question. */
  readonly badLines: number;
}

export function toPrompt(messages: readonly Message[], source: string): Prompt {
  const text = JSON.stringify(messages.map(({ role, content }) => [role, content]));
  return { id: createHash('sha256').update(text).digest('hex').slice(0, 16), messages, source };
}

/** Records in any format that curation reads, whose answers are ignored; or a text with one question per line. */
export async function readPromptFile(path: string): Promise<PromptFile> {
  return (await isText(path)) ? readLines(path) : readValues(path);
}

/** Records with their answers, as they are. */
export async function readAnswered(path: string): Promise<{ records: CurateRecord[]; badLines: number }> {
  const records: CurateRecord[] = [];
  let badLines = 0;
  for await (const { items } of readFileItems(path)) {
    for (const { value, line, bad } of items) {
      const made = bad ?? toRecords(value, { id: `${basename(path)}:${line}`, source: sourceName(path) });
      if (typeof made === 'string') badLines++;
      else records.push(...made.filter((record) => promptOf(record) !== '' && answerOf(record) !== ''));
    }
  }
  return { records, badLines };
}

/** The first of equal questions, in their order. */
export function eachOnce(prompts: readonly Prompt[]): Prompt[] {
  return [...new Map(prompts.toReversed().map((prompt) => [prompt.id, prompt])).values()].toReversed();
}

async function readLines(path: string): Promise<PromptFile> {
  const lines = (await readFile(path, 'utf8')).split('\n').map(cleanText);
  const asked = lines.filter((line) => line !== '');
  return { prompts: asked.map((content) => toPrompt([{ role: 'user', content }], sourceName(path))), badLines: 0 };
}

async function readValues(path: string): Promise<PromptFile> {
  const prompts: Prompt[] = [];
  let badLines = 0;
  for await (const { items } of readFileItems(path)) {
    for (const { value, line, bad } of items) {
      const records = bad ?? toRecords(withAnswer(value), { id: String(line), source: sourceName(path) });
      const made = typeof records === 'string' ? [] : records.flatMap(asked);
      if (made.length === 0) badLines++;
      prompts.push(...made);
    }
  }
  return { prompts, badLines };
}

/** A question needs no answer yet, but a record does. */
function withAnswer(value: unknown): unknown {
  if (typeof value === 'string') return { prompt: value, output: '' };
  return typeof value === 'object' && value !== null ? { output: '', ...value } : value;
}

function asked(record: CurateRecord): Prompt[] {
  const end = record.messages.findLastIndex(({ role }) => role === 'user') + 1;
  // A plain text is a question too when it is given as one.
  const alone = record.messages.length === 1 ? [{ role: 'user' as const, content: answerOf(record) }] : [];
  const messages = end > 0 ? record.messages.slice(0, end) : alone;
  return messages.at(-1)?.content ? [toPrompt(messages, record.source)] : [];
}

async function isText(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0);
    const head = buffer.subarray(0, bytesRead);
    const packed = head.subarray(0, 4).toString('latin1') === 'PAR1' || (head[0] === 0x1f && head[1] === 0x8b);
    return !packed && !/^\ufeff?\s*[[{"]/u.test(head.toString('utf8'));
  } finally {
    await file.close();
  }
}

function sourceName(path: string): string {
  return basename(path).replace(/\.(?:jsonl?|ndjson|parquet|gz|txt)\b/giu, '');
}
