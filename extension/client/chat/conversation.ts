/**
 * A conversation is what its log says: records are only ever appended, and the state is their fold. So a crash in
 * the middle of an answer loses at most the last fraction of a second of it. Pure.
 */
import type { FinishReason, Timings, ErrorCode } from '../../protocol/model.ts';
import type { CodeContext, Omission } from '../../protocol/server.ts';

/** Raised when a record changes its meaning. A log of a newer version is left alone. */
export const logVersion = 1;

export interface Attachment extends CodeContext {
  readonly id: string;
  /** Where it came from, to go back there. */
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
  /** Undefined while it streams, and for ever when the window went away meanwhile. */
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
  /** `text` only when it is not what the `text` records add up to. */
  | { readonly type: 'end'; readonly id: string; readonly text?: string; readonly end: AnswerEnd }
  | { readonly type: 'error'; readonly id: string; readonly code: ErrorCode; readonly message: string }
  /** This turn and all after it are gone (the answer is made again). */
  | { readonly type: 'drop'; readonly id: string };

export function openConversation(id: string, at: number): Conversation {
  return { id, createdAt: at, updatedAt: at, title: '', turns: [] };
}

/** The conversation after one more record. A record that does not fit changes nothing. */
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
 * Reads a whole log. A torn last line (the machine went down while it was written) is dropped. Undefined when this
 * is no log, or one of a newer version.
 */
export function parseLog(content: string): Conversation | undefined {
  const records = content.split('\n').flatMap((line) => parseRecord(line) ?? []);
  const [first] = records;
  if (first?.type !== 'open' || first.version > logVersion) return undefined;
  return records.reduce(applyRecord, openConversation(first.id, first.at));
}

export function formatRecord(record: LogRecord): string {
  return `${JSON.stringify(record)}\n`;
}

function parseRecord(line: string): LogRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The files are ours, but disks and hands are not: what the fold relies on is checked. */
function isRecord(value: unknown): value is LogRecord {
  if (typeof value !== 'object' || value === null || !('type' in value) || !('id' in value)) return false;
  if (typeof value.id !== 'string') return false;
  const fields = value as Readonly<Record<string, unknown>>;
  switch (value.type) {
    case 'open':
      return typeof fields['version'] === 'number' && typeof fields['at'] === 'number';
    case 'user':
      return (
        typeof fields['text'] === 'string' && typeof fields['at'] === 'number' && Array.isArray(fields['attachments'])
      );
    case 'answer':
      return typeof fields['at'] === 'number';
    case 'text':
      return typeof fields['text'] === 'string';
    case 'end':
      return typeof fields['end'] === 'object' && fields['end'] !== null;
    case 'error':
      return typeof fields['message'] === 'string' && typeof fields['code'] === 'string';
    case 'drop':
      return true;
    default:
      return false;
  }
}

function updateAnswer(
  conversation: Conversation,
  id: string,
  update: (turn: AssistantTurn) => AssistantTurn,
): Conversation {
  const index = conversation.turns.findIndex((turn) => turn.id === id);
  const turn = conversation.turns[index];
  return turn?.role === 'assistant'
    ? { ...conversation, turns: conversation.turns.with(index, update(turn)) }
    : conversation;
}

const longestTitle = 60;

function titleOf(text: string): string {
  const [line = ''] = text.trim().split('\n');
  return line.length <= longestTitle ? line : `${line.slice(0, longestTitle - 1).trimEnd()}…`;
}
