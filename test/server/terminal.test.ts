/** `paddock chat` as a person uses it, through its pipes, with the small model. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, smallModel } from './child.ts';

test('paddock chat answers, forgets with /new, refuses a slip, and leaves with /exit', async () => {
  const child = spawn(process.execPath, [join(root, 'dist', 'cli.js'), 'chat', '--model', smallModel], {
    stdio: 'pipe',
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.write('/help\nWhat is 2 + 2? Answer with one number.\n/new\n/exit\nThis is never read.\n');
  const [code] = (await once(child, 'exit')) as [number | null];
  expect(code).toBe(0);
  expect(stderr).toContain('There is no command /help. /new begins anew, /exit or Ctrl+D leaves.');
  expect(stderr.match(/There is no command/g)).toHaveLength(1);
  expect(stdout.trim()).not.toBe('');
  expect(stdout.length).toBeLessThan(2000);
}, 60_000);
