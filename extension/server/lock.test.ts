import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buildSync } from 'esbuild';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeHost } from './host.ts';
import { withFolder } from './lock.ts';

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paddock-lock-'));
  path = join(folder, 'run.lock');
});
afterEach(() => rm(folder, { recursive: true }));

const host = nodeHost(process, '/');
/** Another process, of which only the pid is real. */
const other = { ...host, pid: process.ppid };
const named = ({ pid = process.ppid, computer = hostname(), at = Date.now() }): string =>
  `${pid}.${at}.theirs.${encodeURIComponent(computer)}`;
const hold = async (at: number, more: { pid?: number; computer?: string } = {}): Promise<void> => {
  await mkdir(path, { recursive: true });
  await writeFile(join(path, named({ at, ...more })), '');
};
const taken = (): Promise<string[]> => withFolder(folder, host, () => readdir(path));
const ours = expect.stringMatching(new RegExp(`^${process.pid}\\.\\d+\\.[\\w-]+\\.`, 'u'));

/** Runs `script` in processes of their own, which can be killed. */
function bundle(script: string): string {
  const contents = `
    import { appendFileSync } from 'node:fs';
    import { nodeHost } from './host.ts';
    import { withFolder } from './lock.ts';
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const run = (work) => withFolder(process.argv[1], nodeHost(process, '/'), work);
    ${script}`;
  const stdin = { contents, resolveDir: import.meta.dirname, sourcefile: 'holder.ts' };
  const { outputFiles } = buildSync({ stdin, bundle: true, platform: 'node', format: 'esm', write: false });
  return outputFiles[0]?.text ?? '';
}

const start = (code: string, ...args: string[]): ChildProcessByStdio<null, Readable, null> =>
  spawn(process.execPath, ['--input-type=module', '-e', code, folder, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });

describe('withFolder', () => {
  test('holds the folder, says who does, and lets it go at the end and after an error', async () => {
    await withFolder(folder, other, async () => {
      await expect(taken()).rejects.toMatchObject({
        code: 'busy',
        message: expect.stringMatching(
          new RegExp(`works in .*process ${process.ppid}, since .*delete .*run\\.lock`, 'u'),
        ),
      });
    });
    await expect(withFolder(folder, host, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await readdir(folder)).toEqual([]);
    expect(await taken()).toEqual([ours]);
  });

  test('makes the folder', async () => {
    const deep = join(folder, 'a', 'b');
    await withFolder(deep, host, async () => expect(await readdir(deep)).toEqual(['run.lock']));
  });

  test('one process holds a folder once', async () => {
    await withFolder(folder, host, () => expect(taken()).rejects.toMatchObject({ code: 'busy' }));
    const runs = await Promise.allSettled([taken(), taken(), taken()]);
    expect(runs.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
  });

  test('takes over what a process left that was killed, and not while it lives', async () => {
    const child = start(bundle("await run(async () => { console.log('held'); await sleep(60_000); });"));
    await once(child.stdout, 'data');
    await expect(taken()).rejects.toMatchObject({
      code: 'busy',
      message: expect.stringContaining(`process ${child.pid}`),
    });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await readdir(folder)).toEqual(['run.lock']);
    expect(await taken()).toEqual([ours]);
    expect(await readdir(folder)).toEqual([]);
  });

  test('takes over a lock whose pid is another process by now, or was ours', async () => {
    await hold(Date.now() - 365 * 86_400_000);
    await taken();
    await hold(Date.now(), { pid: process.pid });
    await taken();
  });

  test('believes a living process when the system does not say when it started', async () => {
    await hold(0);
    await expect(withFolder(folder, { ...host, startOf: () => undefined }, taken)).rejects.toMatchObject({
      code: 'busy',
    });
  });

  test('does not judge a process of another computer', async () => {
    await hold(0, { computer: 'elsewhere', pid: 2 ** 22 + 1 });
    await expect(taken()).rejects.toMatchObject({ message: expect.stringContaining('on the computer elsewhere') });
  });

  test('leaves alone what is not its own', async () => {
    await withFolder(folder, host, () => hold(Date.now()));
    expect(await readdir(path)).toHaveLength(1);
    await rm(path, { recursive: true });
    await mkdir(path);
    await writeFile(join(path, '.DS_Store'), '');
    await taken();
    expect(await readdir(path)).toEqual(['.DS_Store']);
  });

  test('waits a moment for those who came in the same one, and may step back', async () => {
    await hold(Date.now());
    setTimeout(() => void rm(path, { recursive: true }), 100);
    expect(await taken()).toEqual([ours]);
  });

  test('of many processes that see the same dead lock at once, one at a time works', async () => {
    await hold(Date.now(), { pid: 2 ** 22 + 1 });
    const log = join(await mkdtemp(join(tmpdir(), 'paddock-lock-')), 'log');
    const code = bundle(`
      const [, , log, at] = process.argv;
      while (Date.now() < Number(at));
      for (let tries = 0; tries < 20; tries++) {
        await run(async () => {
          appendFileSync(log, '(');
          await sleep(3);
          appendFileSync(log, ')');
        }).catch((error) => { if (error.code !== 'busy') throw error; });
      }`);
    const at = String(Date.now() + 1500);
    const children = Array.from({ length: 4 }, () => start(code, log, at));
    const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0] as number));
    expect(codes).toEqual([0, 0, 0, 0]);
    expect(await readFile(log, 'utf8')).toMatch(/^(\(\))+$/u);
    expect(await readdir(folder)).toEqual([]);
    await rm(join(log, '..'), { recursive: true });
  }, 20_000);
});

test('a host knows when a process started', () => {
  const start = host.startOf(process.pid) ?? 0;
  expect(Math.abs(start - (Date.now() - process.uptime() * 1000))).toBeLessThan(5000);
  expect(host.startOf(2 ** 22 + 1)).toBeUndefined();
});
