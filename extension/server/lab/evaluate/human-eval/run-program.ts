import { randomBytes } from 'node:crypto';
import { cancelledError } from '../../../engine/errors.ts';
import { startProgram } from '../../../programs.ts';
import { emptyEnvironment, limits } from './isolate.ts';
import type { Sandbox } from './isolate.ts';

export interface ProgramResult {
  readonly passed: boolean;
  /** `passed`, `timeout`, or the last line of what Python said. */
  readonly outcome: string;
}

/**
 * Runs a Python program in an absolute folder. It has passed when it came to its end: a program that leaves early,
 * whatever
 * its exit code, has not. Throws `cancelled`.
 */
export function runProgram(
  sandbox: Sandbox,
  program: string,
  folder: string,
  signal: AbortSignal,
): Promise<ProgramResult> {
  if (signal.aborted) {
    return Promise.reject(cancelledError());
  }
  const mark = randomBytes(16).toString('hex');
  return new Promise((resolve, reject) => {
    // A group of its own, so that what it started ends with it.
    const child = startProgram({ program: sandbox.program, args: sandbox.args, folder, env: emptyEnvironment });
    let timedOut = false;
    let said = '';
    let ended = '';
    const end = (): void => {
      try {
        process.kill(-(child.pid ?? Number.NaN), 'SIGKILL');
      } catch {
        child.kill('SIGKILL');
      }
    };
    const timer = setTimeout(
      () => {
        timedOut = true;
        end();
      },
      limits.seconds * 1000 + startMs,
    );
    signal.addEventListener('abort', end, { once: true });
    // Only the end matters, and a program may print without end.
    child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString('utf8')).slice(-2000)));
    child.stdout.on('data', (chunk: Buffer) => (ended = (ended + chunk.toString('latin1')).slice(-mark.length - 2)));
    child.stdin.on('error', () => {});
    child.on('error', reject);
    child.on('close', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      end();
      if (signal.aborted) {
        reject(cancelledError());
        return;
      }
      const passed = !timedOut && ended.trim() === mark;
      const last = said.trim().split('\n').at(-1)?.slice(0, 200);
      resolve({ passed, outcome: passed ? 'passed' : timedOut ? 'timeout' : last || 'ended early' });
    });
    child.stdin.end(`${program}\nprint("\\n${mark}", end="")\n`);
  });
}

/** What the sandbox and Python take before the program begins, on a busy machine. */
const startMs = 1000;
