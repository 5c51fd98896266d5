import { realpath } from 'node:fs/promises';
import { placeInside, readRegular } from '../confined-file.ts';
import { toLf } from '../prompt/code-block.ts';

/** A NUL byte this early marks a binary file. */
const binaryPrefix = 8192;

/**
 * The text of a regular file in `root`, with line feeds only. Undefined for everything else: a link out of the folder,
 * a pipe, a binary file, one that is larger than `mostBytes`, one that is not there.
 */
export async function readText(root: string, path: string, mostBytes: number): Promise<string | undefined> {
  try {
    const place = await placeInside(await realpath(root), path);
    if (place === undefined) return undefined;
    const bytes = await readRegular(place, mostBytes, async (file, { size }) => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, 0);
      return buffer.subarray(0, bytesRead);
    });
    if (bytes === undefined || bytes.subarray(0, binaryPrefix).includes(0)) return undefined;
    return toLf(bytes.toString('utf8').replace(/^\uFEFF/u, ''));
  } catch {
    return undefined;
  }
}
