/**
 * The summary of a log for the list of chats. Logs can hold megabytes of attached files, so the log is read in chunks,
 * and only the beginning of most lines is decoded.
 */
import { open } from 'node:fs/promises';
import { TimeSlices } from '../../base/time-slices.ts';
import { logVersion, parseRecord, titleOf } from './conversation.ts';

export interface ConversationSummary {
  readonly id: string;
  readonly title: string;
  readonly updatedAt: number;
  readonly questions: number;
}

const chunkBytes = 128 * 1024;
/** Type, time and id stand at the beginning of a line. */
const headBytes = 300;
/** The title is cut from the first question. A longer line is read up to here. */
const longestTitleLine = 2_000_000;

/** Undefined when the file is not a log, is of a newer version, or holds no question. */
export async function readSummary(path: string): Promise<ConversationSummary | undefined> {
  const file = await open(path, 'r');
  const slices = new TimeSlices();
  const scan = new LogScan();
  try {
    // A buffer of its own for each chunk: parts of it are kept until their line ends.
    for (let position = 0; ;) {
      const chunk = Buffer.allocUnsafe(chunkBytes);
      const { bytesRead } = await file.read(chunk, 0, chunkBytes, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      scan.add(chunk.subarray(0, bytesRead));
      await slices.pause();
    }
  } finally {
    await file.close();
  }
  return scan.summary();
}

class LogScan {
  /** The needed beginning of the current line. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  #id: string | undefined;
  #isForeign = false;
  #title = '';
  #updatedAt = 0;
  #turns: { readonly id: string; readonly isQuestion: boolean }[] = [];

  add(chunk: Buffer): void {
    for (let start = 0; start < chunk.length;) {
      const end = chunk.indexOf(10, start);
      this.#keep(chunk.subarray(start, end < 0 ? chunk.length : end));
      if (end < 0) return;
      this.#endLine();
      start = end + 1;
    }
  }

  summary(): ConversationSummary | undefined {
    this.#endLine();
    const questions = this.#turns.filter(({ isQuestion }) => isQuestion).length;
    if (this.#id === undefined || this.#isForeign || questions === 0) return undefined;
    return { id: this.#id, title: this.#title, updatedAt: this.#updatedAt, questions };
  }

  #keep(part: Buffer): void {
    const limit = this.#title === '' ? longestTitleLine : headBytes;
    if (this.#partBytes >= limit) return;
    this.#parts.push(part.subarray(0, limit - this.#partBytes));
    this.#partBytes += part.length;
  }

  #endLine(): void {
    const line = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partBytes = 0;
    if (line === undefined || line.length === 0 || this.#isForeign) return;
    const head = line.toString('utf8', 0, headBytes);
    if (this.#id === undefined) return this.#readFirst(head);
    const match = lineHead.exec(head);
    if (match === null) return;
    const [, type, at, id = ''] = match;
    if (type === 'drop') {
      const index = this.#turns.findIndex((turn) => turn.id === id);
      if (index >= 0) this.#turns.length = index;
      return;
    }
    this.#turns.push({ id, isQuestion: type === 'user' });
    this.#updatedAt = Number(at);
    if (type === 'user' && this.#title === '') this.#title = titleOfLine(line);
  }

  #readFirst(head: string): void {
    const record = parseRecord(head);
    if (record?.type === 'open' && record.version <= logVersion) {
      this.#id = record.id;
      this.#updatedAt = record.at;
    } else if (record !== undefined) this.#isForeign = true;
  }
}

/** Records are written with their fields in this order. */
const lineHead = /^\{"type":"(user|answer|drop)",(?:"at":(\d+),)?"id":"([^"\\]*)"/;

function titleOfLine(line: Buffer): string {
  const record = parseRecord(line.toString('utf8'));
  if (record?.type === 'user') return titleOf(record.text);
  // The line was too long to read whole. Its text comes before the attachments.
  const [, text] = /"text":("(?:[^"\\]|\\.){0,500})/.exec(line.toString('utf8', 0, 2000)) ?? [];
  try {
    return text === undefined ? '' : titleOf(String(JSON.parse(`${text}"`)));
  } catch {
    return '';
  }
}
