import { describe, expect, test } from 'vitest';
import { hasDamage, isApiError, isEcho, isTruncated, malformations } from './malformed.ts';
import { isRefusal } from './refusals.ts';
import { isRepetitive } from './repetition.ts';
import { record } from './testing/record.ts';

test('nothing and nearly nothing', () => {
  expect(malformations(record('Q', ''))).toEqual(['malformed/empty']);
  expect(malformations(record('', 'An answer.'))).toEqual(['malformed/empty']);
  expect(malformations(record('A question?', 'x'))).toEqual(['malformed/too-short']);
  expect(malformations(record('A question?', '😀'))).toEqual(['malformed/too-short']);
  expect(malformations(record('A question?', 'No'))).toEqual([]);
});

test('an earlier answer of a conversation counts too', () => {
  const messages = [
    { role: 'assistant' as const, content: 'Error code: 503' },
    ...record('And now?', 'All is well.').messages,
  ];
  expect(malformations({ ...record('', ''), messages })).toEqual(['malformed/api-error']);
});

describe('damage', () => {
  test.each(['caf\ufffd', 'a\u0000b', 'cafÃ©', 'itâ€™s', 'half \ud83d of an emoji', 'a\u0085b'])('%j', (text) =>
    expect(hasDamage(text)).toBe(true),
  );
  test.each(['café', 'São Paulo', 'tab\tand\nline', '日本語', '😀', 'Ã is a letter of Portuguese'])('not %j', (text) =>
    expect(hasDamage(text)).toBe(false),
  );
});

describe('errors of an interface', () => {
  test.each([
    '{"error": {"message": "x", "code": 429}}',
    'Error code: 503 - overloaded',
    '<html><head><title>502 Bad Gateway</title></head>',
    'Rate limit reached for requests',
    'Internal Server Error',
    'undefined',
  ])('%s', (text) => expect(isApiError(text)).toBe(true));
  test.each([
    'The error code 404 means that a page was not found.',
    'Error handling in Go is explicit.',
    '{"name": "error"}',
    'None',
    'Rate limiting is a technique.',
  ])('not %s', (text) => expect(isApiError(text)).toBe(false));
});

describe('cut off', () => {
  test.each([
    'One sentence is whole here. The second sentence was never brought to an',
    'First there is a point. Then the writer goes on and stops after some word',
    'To do this, you need flour, sugar, eggs, and',
    'Look at this code:\n\n```js\nlet a = 1;',
  ])('%j', (text) => expect(isTruncated(text, undefined)).toBe(true));
  test.each([
    'One sentence is whole here. The second one is too.',
    'Paris',
    'The capital of France is Paris',
    'Here is a list of what you need today. Buy it:\n\n- flour\n- sugar and eggs',
    'Dear Ann,\n\nThank you for the invitation. I will come.\n\nBest wishes,\nTom',
    'I look forward to it. It will be nice to see you again.\n\nLooking forward to seeing you,',
    'Do this. It is code:\n\n```js\nlet a = 1;\n```',
    'Do this. It is shown in the manual at https://a.example/b',
    'Roses are red and violets are blue\nsugar is sweet and so are you',
  ])('whole: %j', (text) => expect(isTruncated(text, undefined)).toBe(false));
  test('by the reason that the model gave', () => {
    expect(isTruncated('Whole.', 'length')).toBe(true);
    expect(isTruncated('Whole.', 'stop')).toBe(false);
  });
});

test('an echo of the question', () => {
  expect(isEcho('What is it?', 'what  is it?')).toBe(true);
  expect(isEcho('Tell me what the weather is like today.', 'Tell me what the weather is like today. Nice.')).toBe(true);
  expect(isEcho('Correct: he go home', 'He goes home.')).toBe(false);
  expect(isEcho('def add(a, b):\n    """Adds them."""', 'def add(a, b):\n    """Adds them."""\n    return a + b')).toBe(
    false,
  );
});

describe('repetition', () => {
  test.each([
    'I like it very much. '.repeat(12),
    'word '.repeat(60),
    `A beginning. ${'The same line is here again.\n'.repeat(12)}`,
  ])('%j', (text) => expect(isRepetitive(text.trim())).toBe(true));
  test('not a list, a table or code', () => {
    const list = Array.from(
      { length: 20 },
      (_, index) => `- ${index}: w${index} x${index * 7} is the y${index} of z${index % 7}, q${index}`,
    ).join('\n');
    const code = `\`\`\`js\n${Array.from({ length: 12 }, (_, index) => `const value${index} = read(input, ${index});`).join('\n')}\n\`\`\``;
    expect(isRepetitive(list)).toBe(false);
    expect(isRepetitive(code)).toBe(false);
    expect(isRepetitive('-'.repeat(200))).toBe(false);
  });
});

describe('refusals', () => {
  test.each([
    "I'm sorry, but I can't assist with that.",
    'As an AI language model, I do not have opinions.',
    'Unfortunately, I cannot help with this.',
    'I’m unable to provide that.',
    'Thank you for asking. However, as an AI language model I have none.',
    "I'm sorry, I don't understand your question.",
  ])('%s', (text) => expect(isRefusal(text)).toBe(true));
  test.each([
    "I'm sorry that I missed your party.",
    'Dear John, I am sorry, but I cannot come to the wedding.',
    'A language model is a program.',
    'As an AI researcher, I study models.',
    "I can't wait to see you.",
    `${'A long answer comes first. '.repeat(10)}As an AI language model, I end here.`,
  ])('not %s', (text) => expect(isRefusal(text)).toBe(false));
});
