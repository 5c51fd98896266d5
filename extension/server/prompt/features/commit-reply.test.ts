import { describe, expect, test } from 'vitest';
import { cleanCommitMessage as clean } from './commit-reply.ts';

const cleanCommitMessage = (reply: string): string => clean(reply, { types: [], lowerCase: false });

describe('cleanCommitMessage', () => {
  test.each([
    ['a message', 'Add a cart', 'Add a cart'],
    ['a body', 'Add a cart\n\nIt keeps items.', 'Add a cart\n\nIt keeps items.'],
    ['no empty line', 'Add a cart\nIt keeps items.', 'Add a cart\n\nIt keeps items.'],
    ['a fence of its own', '```text\nAdd a cart\n```', 'Add a cart'],
    ['a fence after words', 'Sure! Here is the commit message:\n\n```\nAdd a cart\n```\nLet me know.', 'Add a cart'],
    ['the end of our fence', 'Add a cart\n```\nThis message says what…', 'Add a cart'],
    ['words before it', 'Here is a commit message for it:\n\nAdd a cart', 'Add a cart'],
    ['words only', 'Here is the commit message:', ''],
    ['a label', 'Commit message: Add a cart', 'Add a cart'],
    ['quotes', '"Add a cart."', 'Add a cart'],
    ['a label in bold', '**Subject: Add a cart**', 'Add a cart'],
    ['typographic quotes', '“Add a cart”', 'Add a cart'],
    ['quotes that belong to it', '"a" and "b" are added', '"a" and "b" are added'],
    ['a list', '- Add a cart\n- Add tests', 'Add a cart\n\n- Add tests'],
    ['a heading', '# Add a cart', 'Add a cart'],
    ['a type where none is used', 'feat(cart): add a cart', 'Add a cart'],
    ['chatter behind it', 'Add a cart\n\nThis commit message is short.\nBye', 'Add a cart'],
    ['trailers', 'Add a cart\n\nSigned-off-by: A <a@b.c>\nCo-authored-by: B <b@b.c>', 'Add a cart'],
    ['the subject twice', 'Add a cart\n\nAdd a cart', 'Add a cart'],
    ['thoughts', '<think>\nHm.\n</think>\n\nAdd a cart', 'Add a cart'],
    ['control characters', 'Add \u001b[31ma\u202e cart\r\n\r\nBody', 'Add [31ma cart\n\nBody'],
    ['nothing', ' \n\n', ''],
  ])('%s', (_name, reply, message) => expect(cleanCommitMessage(reply)).toBe(message));

  test('a subject is cut between words', () => {
    const long = 'Add support for reading the configuration from the home folder of the user and from others';
    const message = cleanCommitMessage(long);
    expect(message).toBe('Add support for reading the configuration from the home folder');
    expect(cleanCommitMessage('x'.repeat(100))).toHaveLength(72);
  });

  test('a body is wrapped, and short', () => {
    const message = cleanCommitMessage(`Add a cart\n\n- ${'word '.repeat(40)}\n${'line\n'.repeat(50)}`);
    const lines = message.split('\n');
    expect(lines.every((line) => line.length <= 72)).toBe(true);
    expect(lines[3]).toMatch(/^ {2}word/u);
    expect(lines.length).toBeLessThanOrEqual(12);
  });

  test.each(['`', ' ', '-', '*', '"', 'a', '\n', '# ', '- ', 'Here', '<think>', 'a:'])(
    'takes no time for a million times %j',
    (part) => {
      const start = performance.now();
      cleanCommitMessage(part.repeat(1_000_000));
      cleanCommitMessage(`Add a cart\n${part.repeat(3900)}x`);
      expect(performance.now() - start).toBeLessThan(200);
    },
  );
});
