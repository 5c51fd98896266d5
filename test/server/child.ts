import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IPCMessageReader, IPCMessageWriter, createMessageConnection } from 'vscode-jsonrpc/node';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import { protocolVersion } from '../../extension/protocol/model.ts';
import type { ErrorData } from '../../extension/protocol/model.ts';
import type { ServerOptions } from '../../extension/protocol/server.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));
/** The folder that `npm test` downloads the models into. */
export const modelsFolder =
  process.env['PADDOCK_MODELS'] ??
  join(process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'paddock', 'models');
export const smallModel = 'smollm2-135m-instruct';

/** The real child process, spoken to as the editor does. */
export interface Child {
  readonly process: ChildProcess;
  readonly connection: MessageConnection;
  readonly exited: Promise<number | NodeJS.Signals>;
  stop(): Promise<void>;
}

export async function startChild(
  options: Partial<ServerOptions> = {},
  env: Record<string, string> = {},
): Promise<Child> {
  const module = join(root, 'dist', 'server.js');
  if (!existsSync(module)) {
    throw new Error(`${module} is missing. Run: npm run build`);
  }
  const child = fork(module, ['--node-ipc'], {
    env: { ...process.env, ...env },
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = new Promise<number | NodeJS.Signals>((resolve) =>
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 0)),
  );
  const connection = createMessageConnection(new IPCMessageReader(child), new IPCMessageWriter(child));
  connection.listen();
  const initializationOptions = {
    protocolVersion,
    modelsFolder,
    threads: 0,
    contextLength: 2048,
    prefixCacheBytes: undefined,
    snapshotBytes: 0,
    compactCache: false,
    ...options,
  };
  const stop = async (): Promise<void> => {
    connection.dispose();
    child.kill('SIGKILL');
    await exited;
  };
  try {
    await connection.sendRequest('initialize', {
      processId: process.pid,
      rootUri: null,
      capabilities: {},
      initializationOptions,
    });
    await connection.sendNotification('initialized', {});
  } catch (error) {
    await stop();
    throw error;
  }
  return { process: child, connection, exited, stop };
}

/** The code of a request's failure. */
export async function codeOf(request: Promise<unknown>): Promise<string> {
  try {
    await request;
  } catch (error) {
    const data = (error as { data?: ErrorData }).data;
    return data?.code ?? `no code: ${String(error)}`;
  }
  return 'no error';
}

/** Questions for the small model: one with a short answer, one with a long one. */
export const question = { messages: [{ role: 'user', content: 'Say hello.' }], sampler: { temperature: 0 } } as const;
export const longAnswer = {
  messages: [{ role: 'user', content: 'Write a long story about a fox and a bear, with ten chapters.' }],
  sampler: { temperature: 0 },
} as const;
