import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { toLf } from '../prompt/code-block.ts';

/** A NUL byte this early marks a binary file. */
const binaryPrefix = 8192;

/**
 * The text of a regular file in `root`, with line feeds only. Undefined for everything else: a link out of the folder,
 * a pipe, a binary file, one that is larger than `mostBytes`, one that is not there.
 */
export async function readText(root: string, path: string, mostBytes: number): Promise<string | undefined> {
  try {
    const place = await realpath(join(root, path));
    const below = relative(await realpath(root), place);
    if (below === '..' || below.startsWith(`..${sep}`) || isAbsolute(below)) return undefined;
    const bytes = await readRegular(place, mostBytes);
    if (bytes === undefined || bytes.subarray(0, binaryPrefix).includes(0)) return undefined;
    return toLf(bytes.toString('utf8').replace(/^\uFEFF/u, ''));
  } catch {
    return undefined;
  }
}

async function readRegular(place: string, mostBytes: number): Promise<Buffer | undefined> {
  // A pipe must not block, and a link that has come since must not be followed. Windows has neither flag.
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const handle = await open(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const about = await handle.stat();
    if (!about.isFile() || about.size > mostBytes) return undefined;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(about.size), 0, about.size, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
