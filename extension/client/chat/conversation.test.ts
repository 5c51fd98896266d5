import { describe, expect, it } from 'vitest';
import { logVersion, readLog, recordsOf, type AnswerEnd, type Conversation, type LogRecord } from './conversation.ts';

const end: AnswerEnd = {
  finishReason: 'stop',
  timings: {
    promptTokens: 3,
    cachedTokens: 0,
    prefillMs: 1,
    completionTokens: 2,
    decodeMs: 1,
    prefillTokensPerSecond: 3,
    decodeTokensPerSecond: 2,
  },
  contextUsed: 5,
  contextLength: 100,
  omitted: [],
};
const records: LogRecord[] = [
  { type: 'open', version: logVersion, id: 'c', at: 1 },
  { type: 'user', at: 2, id: 'u1', text: 'What is a closure?\nIn short.', attachments: [] },
  { type: 'answer', at: 3, id: 'a1' },
  { type: 'text', id: 'a1', text: 'A function ' },
  { type: 'text', id: 'a1', text: 'with its scope.' },
  { type: 'end', id: 'a1', end },
];
const log = (some: readonly LogRecord[]): string => some.map((record) => `${JSON.stringify(record)}\n`).join('');
const read = (text: string): Promise<Conversation | undefined> => readLog(Buffer.from(text));

describe('readLog', () => {
  it('adds the records up', async () => {
    expect(await read(log(records))).toMatchObject({
      id: 'c',
      title: 'What is a closure?',
      updatedAt: 3,
      turns: [{ role: 'user' }, { role: 'assistant', text: 'A function with its scope.', end }],
    });
  });

  it('reads what every crash leaves: any prefix of the log, with the text that was written so far', async () => {
    const whole = log(records);
    const opened = log(records.slice(0, 1)).length;
    for (let length = opened; length <= whole.length; length++) {
      const conversation = await read(whole.slice(0, length));
      expect(conversation?.id).toBe('c');
      const answer = conversation?.turns[1];
      if (answer !== undefined) expect('A function with its scope.'.startsWith(answer.text)).toBe(true);
    }
  });

  it('goes on after a torn line in the middle (written after a crash)', async () => {
    const torn = `${log(records.slice(0, 4))}{"type":"text","id":"a1","te\n${log([{ type: 'user', at: 9, id: 'u2', text: 'Next', attachments: [] }])}`;
    expect((await read(torn))?.turns.map(({ id }) => id)).toEqual(['u1', 'a1', 'u2']);
  });

  it.each([
    ['an attachment that is no object', { type: 'user', at: 9, id: 'x', text: 'y', attachments: [null] }],
    ['an attachment without a text', { type: 'user', at: 9, id: 'x', text: 'y', attachments: [{ id: 'a' }] }],
    ['an end without figures', { type: 'end', id: 'a1', end: {} }],
    ['omissions that are no list', { type: 'end', id: 'a1', end: { ...end, omitted: 'all' } }],
    ['a text that is a number', { type: 'text', id: 'a1', text: 7 }],
    ['an unknown type', { type: 'constructor', id: 'a1' }],
    ['no object', [1]],
  ])('skips a record with %s', async (_name, hostile) => {
    const before = log(records);
    expect(await read(`${before}${JSON.stringify(hostile)}\n`)).toEqual(await read(before));
  });

  it('reads figures that are missing as 0, and a code of a newer version as an internal error', async () => {
    const ended = { type: 'end', id: 'a1', end: { finishReason: 'stop', timings: {} } };
    const failed = { type: 'error', id: 'a1', code: 'fromTheFuture', message: 'It failed.' };
    const text = [log(records.slice(0, 3)), ended, failed].map((one) =>
      typeof one === 'string' ? one : `${JSON.stringify(one)}\n`,
    );
    expect((await read(text.join('')))?.turns[1]).toMatchObject({
      end: { timings: { decodeMs: 0 }, contextUsed: 0, omitted: [] },
      error: { code: 'internal', message: 'It failed.' },
    });
  });

  it('drops a turn and what follows', async () => {
    expect((await read(log([...records, { type: 'drop', id: 'a1' }])))?.turns.map(({ id }) => id)).toEqual(['u1']);
  });

  it('leaves a newer version and foreign files alone', async () => {
    expect(await read(log([{ type: 'open', version: logVersion + 1, id: 'c', at: 1 }]))).toBeUndefined();
    expect(await read('')).toBeUndefined();
    expect(await read('{"type":"user"}\nnull\n[]\n7')).toBeUndefined();
  });

  it('ignores records of the wrong shape', async () => {
    const odd = '{"type":"text","id":7,"text":"x"}\n{"type":"end","id":"a1"}\n{"type":"later","id":"x"}\n';
    expect((await read(log(records.slice(0, 3)) + odd))?.turns[1]).toMatchObject({ text: '', end: undefined });
  });

  it('writes a conversation again as a log that adds up to it', async () => {
    for (const some of [records, records.slice(0, 4), records.slice(0, 2)]) {
      const conversation = (await read(log(some)))!;
      const again = (await read(log(recordsOf(conversation))))!;
      expect(again.turns).toEqual(conversation.turns);
      expect(again).toMatchObject({ id: 'c', title: conversation.title, createdAt: 1 });
    }
  });
});
