import { expect, test } from 'vitest';
import { Pace } from './pace.ts';
import { isSecretFile } from '../../base/secret-file.ts';

test('waits longer where completions take longer, within limits', () => {
  const pace = new Pace();
  expect(pace.delayMs).toBe(40);
  for (let count = 0; count < 9; count++) pace.observe(500);
  expect(pace.delayMs).toBe(50);
  for (let count = 0; count < 9; count++) pace.observe(60_000);
  expect(pace.delayMs).toBe(100);
});

test('files with secrets are known by their names', () => {
  for (const path of [
    '/a/.env',
    '/a/.env.local',
    'C:\\keys\\server.pem',
    '/home/me/.ssh/id_ed25519',
    '/a/secrets.yaml',
  ])
    expect(isSecretFile(path)).toBe(true);
  for (const path of ['/a/env.ts', '/a/keys.py', '/.env/main.ts', '/a/secretary.ts'])
    expect(isSecretFile(path)).toBe(false);
});
