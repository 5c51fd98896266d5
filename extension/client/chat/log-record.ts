/** The check of a log record. Missing figures count as 0, so that an old answer stays readable. */
import {
  either,
  exactly,
  list,
  number,
  object,
  oneOf,
  optional,
  text,
  variant,
  whole,
  withDefault,
  type Check,
} from '../../protocol/check.ts';
import { errorCodes, type ErrorCode, type Timings } from '../../protocol/model.ts';
import type { Omission } from '../../protocol/server.ts';
import type { AnswerEnd, Attachment, LogRecord } from './conversation.ts';

type RecordOf<Type extends LogRecord['type']> = Extract<LogRecord, { readonly type: Type }>;

const figure = withDefault(number(), 0);

const attachment: Check<Attachment> = object<Attachment>({
  id: text(),
  uri: text(),
  path: text(),
  languageId: text(),
  text: text(),
  startLine: optional(whole()),
  endLine: optional(whole()),
});

const timings: Check<Timings> = object<Timings>({
  promptTokens: figure,
  cachedTokens: figure,
  prefillMs: figure,
  completionTokens: figure,
  decodeMs: figure,
  prefillTokensPerSecond: figure,
  decodeTokensPerSecond: figure,
});

const omission: Check<Omission> = object<Omission>({
  kind: oneOf(['messages', 'attachment', 'surroundings']),
  what: text(),
  tokens: figure,
});

const answerEnd: Check<AnswerEnd> = object<AnswerEnd>({
  finishReason: oneOf(['stop', 'length', 'cancelled']),
  timings,
  contextUsed: figure,
  contextLength: figure,
  omitted: withDefault(list(omission), []),
});

/** A code of a newer version counts as `internal`. */
const errorCode: Check<ErrorCode> = either(oneOf(errorCodes), (value, place) => {
  text()(value, place);
  return 'internal' as const;
});

export const logRecord: Check<LogRecord> = variant<LogRecord>('type', {
  open: object<RecordOf<'open'>>({ type: exactly('open'), version: number(), id: text(), at: number() }),
  user: object<RecordOf<'user'>>({
    type: exactly('user'),
    at: number(),
    id: text(),
    text: text(),
    attachments: list(attachment),
  }),
  answer: object<RecordOf<'answer'>>({ type: exactly('answer'), at: number(), id: text() }),
  text: object<RecordOf<'text'>>({ type: exactly('text'), id: text(), text: text() }),
  end: object<RecordOf<'end'>>({ type: exactly('end'), id: text(), text: optional(text()), end: answerEnd }),
  error: object<RecordOf<'error'>>({ type: exactly('error'), id: text(), code: errorCode, message: text() }),
  drop: object<RecordOf<'drop'>>({ type: exactly('drop'), id: text() }),
});
