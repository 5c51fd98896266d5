/**
 * A conversation is the sum of its log: records are only ever appended. A crash in the middle of an answer loses at
 * most the last fraction of a second of it.
 */
import { TimeSlices } from '../../base/time-slices.ts';
import { logRecord } from './log-record.ts';
import type { FinishReason, Timings, ErrorCode } from '../../protocol/model.ts';
import type { CodeContext, Omission } from '../../protocol/server.ts';

/** Raised when a record changes its meaning. A log of a newer version is left alone. */
export const logVersion = 1;

export interface Attachment extends CodeContext {
  readonly id: string;
  /** The document it was taken from. */
  readonly uri: string;
}

export interface UserTurn {
  readonly role: 'user';
  readonly id: string;
  readonly text: string;
  readonly attachments: readonly Attachment[];
}

export interface AnswerEnd {
  readonly finishReason: FinishReason;
  readonly timings: Timings;
  readonly contextUsed: number;
  readonly contextLength: number;
  readonly omitted: readonly Omission[];
}

export interface AssistantTurn {
  readonly role: 'assistant';
  readonly id: string;
  readonly text: string;
  /** Undefined while it streams. Stays undefined if the window closed or the engine restarted mid-answer. */
  readonly end: AnswerEnd | undefined;
  readonly error: { readonly code: ErrorCode; readonly message: string } | undefined;
}
export type Turn = UserTurn | AssistantTurn;

export interface Conversation {
  readonly id: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly title: string;
  readonly turns: readonly Turn[];
}

/** One line of the log. */
export type LogRecord =
  | { readonly type: 'open'; readonly version: number; readonly id: string; readonly at: number }
  | {
      readonly type: 'user';
      readonly at: number;
      readonly id: string;
      readonly text: string;
      readonly attachments: readonly Attachment[];
    }
  | { readonly type: 'answer'; readonly at: number; readonly id: string }
  | { readonly type: 'text'; readonly id: string; readonly text: string }
  /** `text` is present only when it differs from the concatenated `text` records. */
  | { readonly type: 'end'; readonly id: string; readonly text?: string; readonly end: AnswerEnd }
  | { readonly type: 'error'; readonly id: string; readonly code: ErrorCode; readonly message: string }
  /** Removes this turn and all later ones, because the answer is regenerated. */
  | { readonly type: 'drop'; readonly id: string };

export function openConversation(id: string, at: number): Conversation {
  return { id, createdAt: at, updatedAt: at, title: '', turns: [] };
}

/** Returns the conversation after one more record. A record that does not fit changes nothing. */
export function applyRecord(conversation: Conversation, record: LogRecord): Conversation {
  switch (record.type) {
    case 'open':
      return conversation;
    case 'user': {
      const { id, text, attachments, at } = record;
      const turns = [...conversation.turns, { role: 'user' as const, id, text, attachments }];
      return { ...conversation, updatedAt: at, turns, title: conversation.title || titleOf(text) };
    }
    case 'answer': {
      const turn: AssistantTurn = { role: 'assistant', id: record.id, text: '', end: undefined, error: undefined };
      return { ...conversation, updatedAt: record.at, turns: [...conversation.turns, turn] };
    }
    case 'text':
      return updateAnswer(conversation, record.id, (turn) => ({ ...turn, text: turn.text + record.text }));
    case 'end':
      return updateAnswer(conversation, record.id, (turn) => ({
        ...turn,
        text: record.text ?? turn.text,
        end: record.end,
      }));
    case 'error':
      return updateAnswer(conversation, record.id, (turn) => ({
        ...turn,
        error: { code: record.code, message: record.message },
      }));
    case 'drop': {
      const index = conversation.turns.findIndex(({ id }) => id === record.id);
      return index < 0 ? conversation : { ...conversation, turns: conversation.turns.slice(0, index) };
    }
  }
}

/**
 * Reads a whole log, in slices of time. Lines that cannot be read are skipped; an unfinished last line is one of them.
 * Undefined when this is not a log, or one of a newer version.
 */
export async function readLog(bytes: Buffer): Promise<Conversation | undefined> {
  const slices = new TimeSlices();
  let conversation: Conversation | undefined;
  for (let start = 0; start < bytes.length;) {
    const lineEnd = bytes.indexOf(10, start);
    const end = lineEnd < 0 ? bytes.length : lineEnd;
    const record = parseRecord(bytes.toString('utf8', start, end));
    start = end + 1;
    if (record === undefined) continue;
    if (conversation !== undefined) conversation = applyRecord(conversation, record);
    else if (record.type !== 'open' || record.version > logVersion) return undefined;
    else conversation = openConversation(record.id, record.at);
    await slices.pause();
  }
  return conversation;
}

/** Records that rebuild the conversation. */
export function recordsOf({ id, createdAt, updatedAt, turns }: Conversation): LogRecord[] {
  return [
    { type: 'open', version: logVersion, id, at: createdAt },
    ...turns.flatMap((turn) => turnRecords(turn, updatedAt)),
  ];
}

function turnRecords(turn: Turn, at: number): LogRecord[] {
  const { id, text } = turn;
  if (turn.role === 'user') return [{ type: 'user', at, id, text, attachments: turn.attachments }];
  const { end, error } = turn;
  return [
    { type: 'answer', at, id },
    ...(text === '' ? [] : [{ type: 'text' as const, id, text }]),
    ...(end === undefined ? [] : [{ type: 'end' as const, id, end }]),
    ...(error === undefined ? [] : [{ type: 'error' as const, id, ...error }]),
  ];
}

/** Undefined for a line that is not a record: disks fail, and people edit files. */
export function parseRecord(line: string): LogRecord | undefined {
  if (line === '') return undefined;
  try {
    return logRecord(JSON.parse(line), 'record');
  } catch {
    return undefined;
  }
}

function updateAnswer(
  conversation: Conversation,
  id: string,
  update: (turn: AssistantTurn) => AssistantTurn,
): Conversation {
  const index = conversation.turns.findLastIndex((turn) => turn.id === id);
  const turn = conversation.turns[index];
  return turn?.role === 'assistant'
    ? { ...conversation, turns: conversation.turns.with(index, update(turn)) }
    : conversation;
}

const longestTitle = 60;

export function titleOf(text: string): string {
  const [line = ''] = text.slice(0, 10_000).trim().split('\n');
  return line.length <= longestTitle ? line : `${line.slice(0, longestTitle - 1).trimEnd()}…`;
}
