#!/usr/bin/env node
/** The terminal program: the server's modules without an editor. */
import { fileURLToPath } from 'node:url';
import { nodeHost } from '../server/host.ts';
import { runProgram } from './program.ts';

const host = nodeHost(process, fileURLToPath(new URL('..', import.meta.url)));

const stop = new AbortController();
process.on('SIGINT', () => {
  if (stop.signal.aborted) {
    process.exit(130);
  }
  stop.abort();
});
process.on('SIGTERM', () => stop.abort());
process.stdout.on('error', () => process.exit(0));

const code = await runProgram(process.argv.slice(2), host, {
  out: (text) => process.stdout.write(text),
  note: (text) => process.stderr.write(text),
  interactive: process.stderr.isTTY,
  styled: process.stdout.isTTY && process.stdout.hasColors(),
  signal: stop.signal,
});
// Waits until large JSON has been written out.
process.stdout.write('', () => process.exit(code));
