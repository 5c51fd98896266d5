import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';
import type { Session } from '../server/session.ts';

/** What a verb may use of the terminal. */
export interface Terminal {
  /** Results: nothing else goes to stdout. */
  readonly out: (text: string) => void;
  /** Progress and errors. */
  readonly note: (text: string) => void;
  /** Whether notes go to a terminal, where a line can overwrite itself. */
  readonly interactive: boolean;
  /** Whether results may be styled: stdout is a terminal and plain text was not requested. */
  readonly styled: boolean;
  /** Aborts with Ctrl+C. */
  readonly signal: AbortSignal;
  readonly session: (options: CommonOptions) => Promise<Session>;
}

export type OptionSpecs = NonNullable<ParseArgsConfig['options']>;
export type OptionValues = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

/** One verb of the program. */
export interface Verb {
  readonly name: string;
  /** What stands after the verb in its usage line. */
  readonly usage: string;
  readonly summary: string;
  /** Lines of the help: option and what it does. */
  readonly options: readonly (readonly [option: string, does: string])[];
  readonly specs: OptionSpecs;
  /** The common options that apply to this verb, by name; absent = all. */
  readonly common?: readonly string[];
  /** Keeps the prompt cache on disk: for conversations, not for measurements. */
  readonly keepsPrompts?: boolean;
  /** Takes minutes: sleeps while a model answers or completes in the editor. */
  readonly givesWay?: boolean;
  /** Throws `UsageError` when the arguments are wrong. */
  run(terminal: Terminal, values: OptionValues, positionals: readonly string[]): Promise<void>;
}

/** The arguments are wrong: exit code 2. */
export class UsageError extends Error {}

export interface CommonOptions {
  readonly model: string | undefined;
  /** An adapter that the model is run with. */
  readonly adapter?: string | undefined;
  readonly threads: number;
  readonly contextLength: number;
  /** Where earlier prompts are kept on disk; undefined = the data folder, for verbs that keep them. */
  readonly cacheFolder: string | undefined;
  /** `false`: no prompt cache, in memory or on disk. */
  readonly cache: boolean;
  /** Keys and values in 8 bits. */
  readonly compactCache: boolean;
  /** Activations are not rounded; of verbs with `exactSpecs`. */
  readonly exact: boolean;
  /** Leaves one core to other programs. */
  readonly polite: boolean;
}

const commonSpecs: OptionSpecs = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  model: { type: 'string', short: 'm' },
  adapter: { type: 'string' },
  threads: { type: 'string' },
  context: { type: 'string' },
  'cache-dir': { type: 'string' },
  'no-cache': { type: 'boolean' },
  polite: { type: 'boolean' },
  'compact-cache': { type: 'boolean' },
};

export const commonHelp = [
  ['--model NAME|PATH', 'a model of "paddock models list" or a .gguf file; the recommended one that is installed'],
  ['--adapter FILE', 'run the model with this adapter; the first time a copy of the model is made'],
  ['--threads N', 'threads of the engine, at most one for each CPU; as many cores as it pays to use'],
  ['--polite', 'without --threads: leave one core to other programs'],
  ['--context N', 'tokens of context; the smaller of what the model was trained on and 8192'],
  ['--cache-dir DIR', 'keep what was read for the next time there; chat and ask: the data folder'],
  ['--no-cache', 'remember nothing of earlier prompts'],
  ['--compact-cache', 'keep the context in 8 instead of 16 bits: half the memory, slightly different answers'],
  ['--json', 'print one JSON value on stdout and nothing else there'],
  ['--help', 'print this'],
] as const;

/** Of verbs that measure. */
export const exactSpecs: OptionSpecs = { exact: { type: 'boolean' } };
export const exactHelp = [
  ['--exact', 'round no activations to 8 bits: slower, and what every exact engine finds for the same file'],
] as const;

export function parseVerbArguments(
  verb: Verb,
  args: readonly string[],
): { values: OptionValues; positionals: string[] } {
  try {
    return parseArgs({
      args: [...args],
      options: { ...commonSpecs, ...verb.specs },
      allowPositionals: true,
      strict: true,
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

export function commonOptions(values: OptionValues): CommonOptions {
  return {
    model: text(values, 'model'),
    adapter: text(values, 'adapter'),
    threads: wholeNumber(values, 'threads', 0),
    contextLength: wholeNumber(values, 'context', 0),
    cacheFolder: text(values, 'cache-dir'),
    cache: values['no-cache'] !== true,
    polite: values['polite'] === true,
    compactCache: values['compact-cache'] === true,
    exact: values['exact'] === true,
  };
}

export function text(values: OptionValues, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

export function texts(values: OptionValues, name: string): string[] {
  const value = values[name];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

export function requiredText(values: OptionValues, name: string): string {
  const value = text(values, name);
  if (value === undefined || value === '') {
    throw new UsageError(`--${name} is missing.`);
  }
  return value;
}

export function wholeNumber(values: OptionValues, name: string, otherwise: number): number {
  return number(values, name, otherwise, /^\d+$/u, 'a whole number');
}

export function decimal(values: OptionValues, name: string, otherwise: number): number {
  return number(values, name, otherwise, /^\d+(\.\d+)?$/u, 'a number');
}

function number(values: OptionValues, name: string, otherwise: number, pattern: RegExp, kind: string): number {
  const value = text(values, name);
  if (value === undefined) {
    return otherwise;
  }
  if (!pattern.test(value) || !Number.isSafeInteger(Math.floor(Number(value)))) {
    throw new UsageError(`--${name} must be ${kind}, not "${value}".`);
  }
  return Number(value);
}
