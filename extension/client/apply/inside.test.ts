import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isInside } from './inside.ts';

let top: string;
let folder: string;
beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), 'paddock-inside-'));
  folder = join(top, 'shop');
  await mkdir(join(folder, 'src'), { recursive: true });
  await mkdir(join(top, 'shopping'));
  await writeFile(join(top, 'secret.ts'), '');
  await writeFile(join(folder, 'src', 'a.ts'), '');
});
afterEach(() => rm(top, { recursive: true, force: true }));

describe('isInside', () => {
  it('is true for files that are there or may come', async () => {
    expect(await isInside(join(folder, 'src', 'a.ts'), folder)).toBe(true);
    expect(await isInside(join(folder, 'new', 'deep', 'b.ts'), folder)).toBe(true);
  });

  it('is false beside the folder', async () => {
    expect(await isInside(join(top, 'secret.ts'), folder)).toBe(false);
    expect(await isInside(join(top, 'shopping', 'x.ts'), folder)).toBe(false);
    expect(await isInside(join(top, 'gone', 'x.ts'), join(top, 'gone'))).toBe(false);
  });

  // Making links needs rights on Windows.
  it.skipIf(process.platform === 'win32')('follows links, also those to nothing', async () => {
    await symlink(join(top, 'secret.ts'), join(folder, 'src', 'link.ts'));
    await symlink(top, join(folder, 'out'));
    await symlink(join(top, 'not-yet.ts'), join(folder, 'src', 'dangling.ts'));
    await symlink(join(folder, 'src', 'a.ts'), join(folder, 'same.ts'));
    expect(await isInside(join(folder, 'src', 'link.ts'), folder)).toBe(false);
    expect(await isInside(join(folder, 'out', 'new.ts'), folder)).toBe(false);
    expect(await isInside(join(folder, 'src', 'dangling.ts'), folder)).toBe(false);
    expect(await isInside(join(folder, 'same.ts'), folder)).toBe(true);
  });
});
