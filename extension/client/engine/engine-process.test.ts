import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ServerOptions } from '../../protocol/server.ts';
import type { EngineConnection } from './engine-connection.ts';
import { startEngineProcess } from './engine-process.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Answers as the server does, and tells how it was started. */
const server = `
  process.on('message', ({ id, method }) => {
    const reply = (result) => process.send({ jsonrpc: '2.0', id, result });
    if (method === 'initialize' && MODE === 'failing') process.exit(3);
    if (method === 'initialize' && MODE !== 'silent') reply({ capabilities: {} });
    if (method === 'started') reply({ cwd: process.cwd(), execArgv: process.execArgv, run: process.env.NODE_ENV });
    if (method === 'die') process.exit(1);
    if (method === 'shutdown' && MODE !== 'stubborn') reply(null);
    if (method === 'exit') process.exit(0);
  });
  process.on('disconnect', () => process.exit(0));
`;

describe('startEngineProcess', () => {
  let folder: string;
  let open: EngineConnection[];

  const start = async (
    mode: 'normal' | 'failing' | 'silent' | 'stubborn',
    signal = new AbortController().signal,
  ): Promise<EngineConnection> => {
    const module = join(folder, `${mode}.js`);
    writeFileSync(module, server.replaceAll('MODE', JSON.stringify(mode)));
    const connection = await startEngineProcess(
      { module, options: {} as ServerOptions, log, debugPort: 0, endedText: 'the process exited', graceMs: 300 },
      signal,
    );
    open.push(connection);
    return connection;
  };

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'paddock-process-')));
    open = [];
  });
  afterEach(async () => {
    await Promise.all(open.map((connection) => connection.close()));
    rmSync(folder, { recursive: true });
  });

  it('runs beside its own code, not in the folder of the caller, and without options of the caller', async () => {
    const connection = await start('normal');
    expect(process.cwd()).not.toBe(folder);
    expect(await connection.send('started', undefined, undefined)).toMatchObject({ cwd: folder, execArgv: [] });
  });

  it('is gone when close settles, also when it does not answer', async () => {
    for (const mode of ['normal', 'stubborn'] as const) {
      const connection = await start(mode);
      let lost = false;
      connection.onLost(() => (lost = true));
      await Promise.all([connection.close(), connection.close()]);
      expect(isAlive(connection.pid)).toBe(false);
      expect(lost).toBe(false);
    }
  });

  it('tells once that it died, also to those who ask later', async () => {
    const connection = await start('normal');
    const reasons: string[] = [];
    connection.onLost((reason) => reasons.push(reason));
    connection.send('die', undefined, undefined).catch(() => undefined);
    await vi.waitFor(() => expect(reasons).toHaveLength(1));
    connection.onLost((reason) => reasons.push(reason));
    expect(reasons).toHaveLength(2);
    await connection.close();
    expect(reasons).toHaveLength(2);
  });

  it('rejects when the process ends before it is ready', async () => {
    await expect(start('failing')).rejects.toThrow('the process exited');
  });

  it('kills a process that is still starting when it is not wanted any more', async () => {
    const controller = new AbortController();
    const starting = start('silent', controller.signal);
    setTimeout(() => controller.abort(), 100);
    await expect(starting).rejects.toThrow();
    await expect(start('normal', AbortSignal.abort())).rejects.toThrow();
  });
});

function isAlive(pid: number | undefined): boolean {
  try {
    return process.kill(pid ?? 0, 0);
  } catch {
    return false;
  }
}
