/** Starts the server's program: Node itself with a module of ours, in the module's folder. */
// The client's one program.
// oxlint-disable-next-line no-restricted-imports
import { fork, type ChildProcess, type StdioOptions } from 'node:child_process';
import { dirname } from 'node:path';

export type ServerChild = ChildProcess;

export interface ServerProgram {
  /** Absolute path of dist/server.js. */
  readonly module: string;
  /** Where a debugger attaches when the extension itself is being debugged. */
  readonly debugPort: number;
}

export interface ForkOptions {
  readonly args: readonly string[];
  readonly stdio: StdioOptions;
  /** It outlives this process. */
  readonly detached?: boolean;
}

export function forkServer(program: ServerProgram, { args, stdio, detached = false }: ForkOptions): ServerChild {
  const options = {
    // Never the workspace: Python, for example, runs code from its working directory.
    cwd: dirname(program.module),
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', ELECTRON_NO_ASAR: '1' },
    execArgv: [...execArgvOf(program)],
    stdio,
    detached,
    // A detached process would have a console window.
    windowsHide: true,
  };
  return fork(program.module, [...args], options);
}

/** What Node itself is started with. */
export function execArgvOf({ debugPort }: ServerProgram): readonly string[] {
  return isDebugged() ? ['--nolazy', `--inspect=${debugPort}`] : [];
}

function isDebugged(): boolean {
  return process.execArgv.some((argument) => /^--inspect(?:-brk)?(?:=|$)/.test(argument));
}
