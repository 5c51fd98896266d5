import { execFileSync } from 'node:child_process';
import { homedir } from 'node:os';

/**
 * What a server module may know of the process it runs in. `main.ts` of the child and of the terminal program
 * each make one; nothing else reads `process`.
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

/** The host that a real process is. */
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
        // It lives and belongs to another user.
        return error instanceof Error && 'code' in error && error.code === 'EPERM';
      }
    },
    startOf: (pid) => startOf(pid, process),
  };
}

function startOf(pid: number, { platform, env }: Pick<NodeJS.Process, 'platform' | 'env'>): number | undefined {
  const [program, args] =
    platform === 'win32'
      ? ['powershell', ['-NoProfile', '-Command', `(Get-Process -Id ${pid}).StartTime.ToUniversalTime().ToString('o')`]]
      : ['ps', ['-o', 'lstart=', '-p', String(pid)]];
  try {
    const words = execFileSync(program, args, {
      encoding: 'utf8',
      env: { ...env, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 10_000,
      windowsHide: true,
    });
    const start = Date.parse(words.trim());
    return Number.isNaN(start) ? undefined : start;
  } catch {
    return undefined;
  }
}
