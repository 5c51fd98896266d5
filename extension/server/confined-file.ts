/** Reads files of a folder whose contents are hostile: no link leads out of it, and a pipe never blocks. */
import { constants } from 'node:fs';
import type { Stats } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';

/** Where a path of the folder really lies; undefined when that is outside. `root` is a real path. */
export async function placeInside(root: string, path: string): Promise<string | undefined> {
  const place = await realpath(join(root, path));
  const below = relative(root, place);
  return below === '..' || below.startsWith(`..${sep}`) || isAbsolute(below) ? undefined : place;
}

/** What `read` makes of a regular file; undefined for anything else, and for one of more than `mostBytes`. */
export async function readRegular<T>(
  place: string,
  mostBytes: number,
  read: (file: FileHandle, about: Stats) => Promise<T>,
): Promise<T | undefined> {
  // A pipe must not block, and a link that has come since must not be followed. Windows has neither flag: they are
  // undefined there, which is nothing for `|`.
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const about = await file.stat();
    return about.isFile() && about.size <= mostBytes ? await read(file, about) : undefined;
  } finally {
    await file.close();
  }
}
