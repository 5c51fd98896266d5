import { describe, expect, test } from 'vitest';
import { answerOf, cleanText, promptOf } from './record.ts';
import { toRecords } from './shapes.ts';

const origin = { id: 'f:1', source: 'f' };

function texts(value: unknown): { prompt: string; answer: string }[] | string {
  const records = toRecords(value, origin);
  return typeof records === 'string'
    ? records
    : records.map((record) => ({ prompt: promptOf(record), answer: answerOf(record) }));
}

describe('every known shape becomes a question and an answer', () => {
  const expected = [{ prompt: 'Q', answer: 'A' }];
  test.each([
    ['prompt and response', { prompt: 'Q', response: 'A' }],
    ['prompt and completion', { prompt: 'Q', completion: 'A' }],
    ['question and answer', { question: 'Q', answer: 'A' }],
    ['a wrapped prompt', { prompt: { value: 'Q' }, response: { description: 'A' } }],
    ['Alpaca', { instruction: 'Q', input: '', output: 'A' }],
    [
      'ShareGPT',
      {
        conversations: [
          { from: 'human', value: 'Q' },
          { from: 'gpt', value: 'A' },
        ],
      },
    ],
    [
      'messages',
      {
        messages: [
          { role: 'user', content: 'Q' },
          { role: 'assistant', content: 'A' },
        ],
      },
    ],
    [
      'parts of messages',
      {
        messages: [
          { role: 'user', content: [{ type: 'text', text: 'Q' }] },
          { role: 'assistant', content: 'A' },
        ],
      },
    ],
    ['self-instruct', { instruction: 'Q', instances: [{ input: '', output: 'A' }] }],
    ['what ends with a control token', { prompt: 'Q', response: 'A<|endoftext|>' }],
  ])('%s', (_, value) => expect(texts(value)).toEqual(expected));

  test('an input stands below its instruction', () => {
    expect(texts({ instruction: 'Q', input: 'I', output: 'A' })).toEqual([{ prompt: 'Q\n\nI', answer: 'A' }]);
  });

  test('a plain text is an answer without a question', () => {
    expect(texts({ text: 'T' })).toEqual([{ prompt: '', answer: 'T' }]);
  });

  test('each instance of a task is a record with an id of its own', () => {
    const instances = [
      { input: 'a', output: 'A' },
      { input: 'b', output: 'B' },
    ];
    const records = toRecords({ instruction: 'Q', instances }, origin);
    expect(records).toMatchObject([{ id: 'f:1.1' }, { id: 'f:1.2' }]);
  });

  test('earlier turns belong to the question', () => {
    const messages = ['user', 'assistant', 'user', 'assistant'].map((role, index) => ({ role, content: `${index}` }));
    expect(texts({ messages })).toEqual([{ prompt: '0\n1\n2', answer: '3' }]);
  });
});

test('the source of the record wins over that of the file, and settings become meta data', () => {
  const model_settings = { model: 'm', finish_reason: 'length' };
  expect(toRecords({ prompt: 'Q', response: 'A', source: 's', template: 't', model_settings }, origin)).toMatchObject([
    { source: 's', meta: { template: 't', model: 'm', finish_reason: 'length' } },
  ]);
  expect(toRecords({ prompt: 'Q', response: 'A' }, origin)).toMatchObject([{ source: 'f', meta: {} }]);
});

test.each([
  [1, 'notAnObject'],
  [null, 'notAnObject'],
  [{}, 'unknownShape'],
  [{ prompt: 'Q' }, 'unknownShape'],
  [{ prompt: 1, response: 'A' }, 'notText'],
  [{ messages: [{ role: 'nobody', content: 'x' }] }, 'unknownShape'],
  [{ messages: [{ role: 'user', content: 7 }] }, 'notText'],
  [{ conversations: [] }, 'unknownShape'],
])('%j is refused as %s', (value, reason) => expect(toRecords(value, origin)).toBe(reason));

test('a null answer is an empty one, so that it is counted', () => {
  expect(texts({ prompt: 'Q', response: null })).toEqual([{ prompt: 'Q', answer: '' }]);
});

describe('clean texts', () => {
  test.each([
    ['a\r\nb\rc', 'a\nb\nc'],
    ['e\u0301', '\u00e9'],
    ['\ufeffa\u200bb\u00ad', 'ab'],
    ['  a  ', 'a'],
    ['done</s>', 'done'],
    ['<|endoftext|>', ''],
    ['a <b> c', 'a <b> c'],
  ])('%j', (text, clean) => expect(cleanText(text)).toBe(clean));

  test('joiners that carry meaning stay', () => {
    expect(cleanText('👩\u200d💻 می\u200cخواهم')).toBe('👩\u200d💻 می\u200cخواهم');
  });
});
