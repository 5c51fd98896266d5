/** What the verbs of long runs share: progress for people and logs, reports, and the name of the state file. */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { formatDuration } from '../protocol/format.ts';
import { EngineError } from '../server/engine/errors.ts';
import { progressLine } from './progress-line.ts';
import type { ProgressLine } from './progress-line.ts';
import { UsageError, text } from './verb.ts';
import type { OptionValues, Terminal } from './verb.ts';

/** On a terminal, one line that overwrites itself. In a log, a line now and then, and none for a short run. */
export function progressLog(terminal: Terminal): ProgressLine {
  const line = progressLine(terminal);
  let told = performance.now();
  return {
    show: (words) => {
      line.show(words);
      if (!terminal.interactive && performance.now() - told >= logEveryMs) {
        terminal.note(`${words}\n`);
        told = performance.now();
      }
    },
    clear: () => line.clear(),
  };
}

const logEveryMs = 15_000;

export function withRemaining(words: string, seconds: number | undefined): string {
  return seconds === undefined ? words : `${words}, ${formatDuration(seconds)} left`;
}

/** `--state`, or a file beside the HTML report. */
export function statePath(values: OptionValues): string | undefined {
  const page = text(values, 'html');
  return text(values, 'state') ?? (page === undefined ? undefined : `${page.replace(/\.html?$/iu, '')}.state.jsonl`);
}

/** Called before hours of work, so that a report that cannot be written fails at once. */
export async function checkPage(values: OptionValues): Promise<string | undefined> {
  const page = text(values, 'html');
  if (page === '') {
    throw new UsageError('--html needs the name of a file.');
  }
  if (page !== undefined) {
    await writeFile(page, '', { flag: 'a' }).catch((error: unknown) => {
      throw new EngineError(EngineError.from(error).code, `${resolve(page)} cannot be written.`, error);
    });
  }
  return page;
}

/** Runs `work`. When it is stopped, prints that the same command resumes it. */
export async function resumable<T>(terminal: Terminal, state: string | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (state !== undefined && (EngineError.is(error, 'cancelled') || terminal.signal.aborted)) {
      terminal.note(`Stopped. What is done is in ${state}; the same command goes on from there.\n`);
    }
    throw error;
  }
}
