/**
 * The only module that starts programs. A program is named by its absolute path and runs in a folder that the caller
 * names: nothing is ever looked up in the current folder, which may be a workspace that nobody has checked.
 */
// oxlint-disable-next-line no-restricted-imports
import { execFile, execFileSync, spawn } from 'node:child_process';
// oxlint-disable-next-line no-restricted-imports
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Host } from './host.ts';

export interface ProgramCall {
  /** Absolute. */
  readonly program: string;
  readonly args: readonly string[];
  /** Absolute: the folder that the program starts in. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The absolute path of a program on PATH; `undefined` when there is none. Entries of PATH that are empty or relative
 * mean the current folder and are ignored.
 */
export function findProgram(name: string, { env, platform }: Pick<Host, 'env' | 'platform'>): string | undefined {
  const file = platform === 'win32' ? `${name}.exe` : name;
  const folders = (env['PATH'] ?? env['Path'] ?? '').split(delimiter).filter(isAbsolute);
  return folders.map((folder) => join(folder, file)).find(isProgram);
}

/** Starts a program with three pipes in a process group of its own. */
export function startProgram(call: ProgramCall): ChildProcessWithoutNullStreams {
  check(call);
  const { program, args, folder, env } = call;
  return spawn(program, args, { cwd: folder, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
}

export interface OutputOptions {
  readonly timeoutMs: number;
  /** What the program reads; nothing by default. */
  readonly input?: string;
}

/** Standard output of a program that succeeds; rejects when it fails or takes longer than `timeoutMs`. */
export function outputOf(call: ProgramCall, { timeoutMs, input = '' }: OutputOptions): Promise<string> {
  check(call);
  const { program, args, folder, env } = call;
  return new Promise((resolve, reject) => {
    const options = { cwd: folder, env, timeout: timeoutMs, encoding: 'utf8', windowsHide: true } as const;
    const child = execFile(program, args, options, (error, stdout) => (error ? reject(error) : resolve(stdout)));
    // It may end without having read its input.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

/** The same, while the caller waits. Throws. */
export function outputOfSync(call: ProgramCall, { timeoutMs }: Pick<OutputOptions, 'timeoutMs'>): string {
  check(call);
  const { program, args, folder, env } = call;
  return execFileSync(program, args, {
    cwd: folder,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: timeoutMs,
    windowsHide: true,
  });
}

function check({ program, folder }: ProgramCall): void {
  if (!isAbsolute(program) || !isAbsolute(folder)) {
    throw new Error(`A program and its folder must be absolute: ${program} in ${folder}`);
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
