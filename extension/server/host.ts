import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { outputOfSync } from './programs.ts';
import type { ProgramCall } from './programs.ts';

/**
 * The process environment of the server modules. `main.ts` of the child and of the terminal program each create one;
 * nothing else reads `process`.
 */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  readonly arch: string;
  readonly pid: number;
  readonly homeFolder: string;
  /** The folder that holds `dist` and `media`. */
  readonly installFolder: string;
  isAlive(pid: number): boolean;
  /** When a process started, in milliseconds since 1970; undefined when the system does not say. */
  startOf(pid: number): number | undefined;
}

/** The host of the real process. */
export function nodeHost(
  process: Pick<NodeJS.Process, 'env' | 'platform' | 'arch' | 'pid' | 'kill'>,
  installFolder: string,
): Host {
  return {
    env: process.env,
    platform: process.platform,
    arch: process.arch,
    pid: process.pid,
    homeFolder: homedir(),
    installFolder,
    isAlive: (pid) => {
      try {
        return process.kill(pid, 0);
      } catch (error) {
        // The process is alive and belongs to another user.
        return error instanceof Error && 'code' in error && error.code === 'EPERM';
      }
    },
    startOf: (pid) => startOf(pid, process),
  };
}

function startOf(pid: number, { platform, env }: Pick<NodeJS.Process, 'platform' | 'env'>): number | undefined {
  try {
    if (platform === 'linux') return startFromProc(pid);
    const words = outputOfSync(startQuery(pid, { platform, env }), { timeoutMs: 10_000 });
    const start = Date.parse(words.trim());
    return Number.isNaN(start) ? undefined : start;
  } catch {
    return undefined;
  }
}

/** Linux tells the start in ticks since the computer's (proc(5), field 22 of `stat`); a tick is 10 ms for programs. */
function startFromProc(pid: number): number | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the name in brackets and may hold anything, so fields are counted behind it.
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  const boot = Number(/^btime (\d+)$/mu.exec(readFileSync('/proc/stat', 'utf8'))?.[1]);
  return Number.isFinite(ticks) && Number.isFinite(boot) ? boot * 1000 + ticks * 10 : undefined;
}

function startQuery(pid: number, { platform, env }: Pick<NodeJS.Process, 'platform' | 'env'>): ProgramCall {
  if (platform !== 'win32') {
    return {
      program: '/bin/ps',
      args: ['-o', 'lstart=', '-p', String(pid)],
      folder: '/',
      env: { ...env, LC_ALL: 'C' },
    };
  }
  const folder = join(env['SystemRoot'] ?? String.raw`C:\Windows`, 'System32');
  const query = `(Get-Process -Id ${pid}).StartTime.ToUniversalTime().ToString('o')`;
  const program = join(folder, 'WindowsPowerShell', 'v1.0', 'powershell.exe');
  return { program, args: ['-NoProfile', '-Command', query], folder, env };
}
