import { lstat, realpath } from 'node:fs/promises';
import { dirname, sep } from 'node:path';

/** Whether a file that may not exist yet would be in a folder: no symbolic link on its way leads out of it. */
export async function isInside(file: string, folder: string): Promise<boolean> {
  const root = await realpath(folder).catch(() => undefined);
  if (root === undefined) return false;
  for (let path = file; path.length >= folder.length; path = dirname(path)) {
    const real = await realpath(path).catch(() => undefined);
    if (real !== undefined) return real === root || real.startsWith(root.endsWith(sep) ? root : root + sep);
    // A link to a file that is not there: saving would make it.
    const isLink = await lstat(path).then(
      () => true,
      () => false,
    );
    if (isLink) return false;
  }
  return false;
}
