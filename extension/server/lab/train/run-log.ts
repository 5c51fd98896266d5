/** What happened at each step, a JSON line each. A run that goes on from a checkpoint forgets what came after it. */
import { appendFile, readFile } from 'node:fs/promises';
import { writeAtomically } from '../../models/write-atomically.ts';
import { wholeLines } from '../journal.ts';

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
  /** Steps that were made before. */
  readonly step: number;
  readonly validLoss: number;
}
export type LogEntry = StepEntry | ValidEntry;

export class RunLog {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async append(entry: LogEntry): Promise<void> {
    await appendFile(this.#path, `${JSON.stringify(entry)}\n`);
  }

  async read(): Promise<LogEntry[]> {
    const bytes = await readFile(this.#path).catch(() => Buffer.alloc(0));
    return wholeLines(bytes).lines.map((line) => JSON.parse(line) as LogEntry);
  }

  /** Keeps what belongs to the first `steps` steps. */
  async rewind(steps: number): Promise<void> {
    const kept = (await this.read()).filter((entry) => ('loss' in entry ? entry.step < steps : entry.step <= steps));
    await writeAtomically(this.#path, kept.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  }
}
