/** One JSON line for each step. A run that continues from a checkpoint removes the lines after it. */
import { readFile } from 'node:fs/promises';
import { number, object, passes, whole } from '../../../protocol/check.ts';
import type { Check } from '../../../protocol/check.ts';
import { appendLines, wholeLines } from '../../../base/json-lines.ts';
import { writeAtomically } from '../../../base/write-atomically.ts';

export interface StepEntry {
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly gradientNorm: number;
  readonly tokens: number;
  readonly tokensPerSecond: number;
}
export interface ValidEntry {
  /** Steps before this validation. */
  readonly step: number;
  readonly validLoss: number;
}
export type LogEntry = StepEntry | ValidEntry;

const stepEntry: Check<StepEntry> = object<StepEntry>({
  step: whole(),
  epoch: number(),
  loss: number(),
  learningRate: number(),
  gradientNorm: number(),
  tokens: whole(),
  tokensPerSecond: number(),
});
const validEntry: Check<ValidEntry> = object<ValidEntry>({ step: whole(), validLoss: number() });

/** Lines that fail the check are skipped. */
function parseEntry(line: string): LogEntry[] {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return [];
  }
  if (passes(stepEntry, value)) return [stepEntry(value, '')];
  return passes(validEntry, value) ? [validEntry(value, '')] : [];
}

export class RunLog {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async append(entry: LogEntry): Promise<void> {
    await appendLines(this.#path, [entry], 'cut');
  }

  async read(): Promise<LogEntry[]> {
    const bytes = await readFile(this.#path).catch(() => Buffer.alloc(0));
    return wholeLines(bytes).lines.flatMap(parseEntry);
  }

  /** Keeps the entries of the first `steps` steps. */
  async rewind(steps: number): Promise<void> {
    const kept = (await this.read()).filter((entry) => ('loss' in entry ? entry.step < steps : entry.step <= steps));
    await writeAtomically(this.#path, kept.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  }
}
