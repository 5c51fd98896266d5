import { chmod, chown, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRoomPlace, roomFolders, roomKey, whyNotPrivate } from './room-place.ts';

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'paddock-place-'));
});
afterEach(() => rm(base, { recursive: true }));

describe('openRoomPlace', () => {
  it('makes folders that only the user can enter', async () => {
    const place = await openRoomPlace(join(base, 'paddock', 'key'));
    for (const folder of [place.folder, join(base, 'paddock')]) {
      expect((await stat(folder)).mode & 0o777).toBe(0o700);
    }
  });

  it('refuses a folder that is open to others, in words', async () => {
    const parent = join(base, 'paddock');
    await mkdir(join(parent, 'key'), { recursive: true });
    await chmod(join(parent, 'key'), 0o700);
    await chmod(parent, 0o755);
    await expect(openRoomPlace(join(parent, 'key'))).rejects.toThrow(
      /paddock is open to other users \(mode 755\)\. Remove it/u,
    );
    await chmod(parent, 0o700);
    await chmod(join(parent, 'key'), 0o770);
    await expect(openRoomPlace(join(parent, 'key'))).rejects.toThrow(/key is open to other users \(mode 770\)/u);
  });

  it('refuses a folder of another user, a symbolic link and a file', async () => {
    const user = process.getuid?.() ?? 0;
    expect(whyNotPrivate('/x', { uid: user + 1, mode: 0o700 }, user)).toBe(`/x belongs to another user (${user + 1}).`);
    await mkdir(join(base, 'real'), { mode: 0o700 });
    await symlink(join(base, 'real'), join(base, 'link'));
    await chmod(base, 0o700);
    await expect(openRoomPlace(join(base, 'link'))).rejects.toThrow('link is not a folder.');
    await writeFile(join(base, 'file'), '');
    await expect(openRoomPlace('/proc/paddock/key')).rejects.toThrow(/cannot be used: .*ENOENT/u);
    await expect(openRoomPlace(join(base, 'file'))).rejects.toThrow('file is not a folder.');
    await expect(openRoomPlace(join(base, 'file', 'key'))).rejects.toThrow('file is not a folder.');
    // Only root can give a folder away.
    if (user !== 0) return;
    await chown(join(base, 'real'), 65_534, 65_534);
    await expect(openRoomPlace(join(base, 'real'))).rejects.toThrow('real belongs to another user (65534).');
  });

  it('refuses a path that no socket can have', async () => {
    await expect(openRoomPlace(join(base, 'x'.repeat(100)))).rejects.toThrow(/is too long for a socket/u);
  });
});

describe('roomKey', () => {
  const program = { version: '1.0.0', protocolVersion: 1, module: '', execArgv: [], env: { PATH: '/bin' } };

  it('tells what changes the process from what does not', async () => {
    const file = join(base, 'server.js');
    await writeFile(file, 'one');
    const key = await roomKey({ ...program, module: file });
    expect(key).toMatch(/^[0-9a-f]{16}$/u);
    expect(await roomKey({ ...program, module: file, env: { PATH: '/other', EDITOR: 'vi' } })).toBe(key);
    const others = [
      { ...program, module: file, version: '1.0.1' },
      { ...program, module: file, protocolVersion: 2 },
      { ...program, module: file, execArgv: ['--inspect=1'] },
      ...['PADDOCK_KERNELS', 'PADDOCK_MODELS', 'HOME', 'https_proxy', 'HTTPS_PROXY', 'PIP_INDEX_URL'].map((name) => ({
        ...program,
        module: file,
        env: { [name]: 'x' },
      })),
    ];
    const keys = await Promise.all(others.map((other) => roomKey(other)));
    await writeFile(file, 'rebuilt');
    keys.push(await roomKey({ ...program, module: file }));
    expect(new Set([key, ...keys]).size).toBe(keys.length + 1);
  });
});

describe('roomFolders', () => {
  it('begins with the folder of the session and ends with the cache', async () => {
    const folders = await roomFolders('k', { XDG_RUNTIME_DIR: '/run/x', XDG_CACHE_HOME: '/caches' }, 'linux');
    expect(folders[0]).toBe('/run/x/paddock/k');
    expect(folders.at(-1)).toBe('/caches/paddock/room/k');
    expect(folders).toContain(join(tmpdir(), `paddock-${process.getuid?.()}`, 'k'));
    expect((await roomFolders('k', { XDG_RUNTIME_DIR: 'relative' }, 'linux'))[0]).not.toContain('relative');
  });
});
