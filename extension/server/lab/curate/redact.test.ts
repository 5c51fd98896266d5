import { describe, expect, test } from 'vitest';
import { findPersonal, isCardNumber, isIban, isPublicAddress } from './personal.ts';
import { isTruncated } from './malformed.ts';
import { cleanText } from './record.ts';
import { findings, redact, replaceSpans } from './redact.ts';
import { entropy, findSecrets } from './secrets.ts';

const letters = 'q8Zr2LmX5vTn7Kc1Yb4Wd9Hs3Jf6Pg0AeRuIoBxNvMkQ';

describe('secrets', () => {
  test.each([
    ['AWS_KEY', 'AKIAQ3EGRZB7KTMWX2VN'],
    ['GITHUB_TOKEN', `ghp_${letters.slice(0, 36)}`],
    ['OPENAI_KEY', `sk-${letters}`],
    ['ANTHROPIC_KEY', `sk-ant-api03-${letters}`],
    ['GOOGLE_KEY', `AIza${letters.slice(0, 35)}`],
    ['STRIPE_KEY', `sk_live_${letters.slice(0, 24)}`],
    ['HUGGINGFACE_TOKEN', `hf_${letters.slice(0, 34)}`],
    ['JWT', `eyJ${letters.slice(0, 12)}.eyJ${letters.slice(0, 20)}.${letters.slice(0, 20)}`],
    ['PRIVATE_KEY', `-----BEGIN PRIVATE KEY-----\n${letters}\n-----END PRIVATE KEY-----`],
  ])('%s', (kind, secret) => {
    const text = `before ${secret} after`;
    expect(replaceSpans(text, findSecrets(text))).toBe(`before [${kind}] after`);
  });

  test('only the secret of an assignment or an address is replaced', () => {
    const redacted = (text: string): string => replaceSpans(text, findSecrets(text));
    expect(redacted(`api_key = "${letters.slice(0, 32)}"`)).toBe('api_key = "[SECRET]"');
    expect(redacted('postgres://admin:p4ssW0rdX@db/shop')).toBe('postgres://admin:[PASSWORD]@db/shop');
    expect(redacted('password: S3cr3t!Pass')).toBe('password: [PASSWORD]');
  });

  test.each([
    'password: "your-password-goes-here"',
    'const token = readTokenFromEnvironment2(name);',
    'token: abcdefghijklmnopqrstuvwxyz',
    'ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    'sk-learn-is-a-python-library-for-people',
    'digest 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'http://localhost:3000/@user',
  ])('not %s', (text) => expect(findSecrets(text)).toEqual([]));

  test('entropy is in bits per character', () => {
    expect(entropy('aaaa')).toBe(0);
    expect(entropy('abcd')).toBe(2);
  });
});

describe('personal data', () => {
  test.each([
    ['EMAIL', 'anna.schmidt+x@post.example.org'],
    ['IP_ADDRESS', '93.184.216.34'],
    ['PHONE', '+49 171 2345678'],
    ['PHONE', '(212) 664-7665'],
    ['PHONE', '020 7946 0958'],
    ['CARD_NUMBER', '4111 1111 1111 1111'],
    ['IBAN', 'DE89 3704 0044 0532 0130 00'],
  ])('%s %s', (kind, datum) => {
    const text = `before ${datum} after`;
    expect(replaceSpans(text, findPersonal(text))).toBe(`before [${kind}] after`);
  });

  test.each([
    '192.168.1.7 and 10.0.0.1 are private',
    'version 10.20.30.40',
    'section 1.2.3.4',
    'ISBN 978-3-16-148410-0',
    '2024-05-12 10:11:12',
    'someone@localhost',
    '4111 1111 1111 1112',
    '3.14159265358979',
    'postgres://admin:secret9X@db.internal.net/shop',
  ])('not %s', (text) => expect(findPersonal(text)).toEqual([]));

  test('check digits', () => {
    expect(isCardNumber('5555555555554444')).toBe(true);
    expect(isCardNumber('5555555555554445')).toBe(false);
    expect(isIban('GB82WEST12345698765432')).toBe(true);
    expect(isIban('GB82WEST12345698765433')).toBe(false);
    expect(isPublicAddress('8.8.8.8')).toBe(true);
    expect(isPublicAddress('300.1.1.1')).toBe(false);
  });
});

test('meta data are cleaned too, and what shall stay stays', () => {
  const record = {
    id: '1',
    source: 's',
    messages: [{ role: 'user' as const, content: `mail a@b.org, key ghp_${letters.slice(0, 36)}` }],
    meta: { author: 'a@b.org', turns: 2 },
  };
  expect(findings(record, findPersonal)).toEqual({ EMAIL: 2 });
  expect(redact(record, { secrets: false, personal: true })).toMatchObject({
    messages: [{ content: `mail [EMAIL], key ghp_${letters.slice(0, 36)}` }],
    meta: { author: '[EMAIL]', turns: 2 },
  });
});

describe('texts made to be slow take no longer than others', () => {
  test.each([
    ['a.', 'x'],
    ['eyJ-', ''],
    ['://a:', ''],
    ['token ', ''],
    ['0-', ''],
    ['a@', ''],
    [' ', '</s>x'],
    ['-----BEGIN ', ''],
  ])('%j again and again', (piece, end) => {
    const text = piece.repeat(200_000) + end;
    const start = performance.now();
    findSecrets(text);
    findPersonal(text);
    isTruncated(text, undefined);
    cleanText(text);
    expect(performance.now() - start).toBeLessThan(3000);
  });
});

test('spans that overlap are replaced once', () => {
  const spans = [
    { start: 2, end: 6, kind: 'A' },
    { start: 4, end: 8, kind: 'B' },
  ];
  expect(replaceSpans('0123456789', spans)).toBe('01[A]89');
});
