import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { EngineError } from '../server/engine/errors.ts';

/** Bytes of a file; `-` is stdin. Throws with words that name the file. */
export async function readInput(path: string): Promise<Uint8Array> {
  try {
    return path === '-' ? readFileSync(0) : await readFile(path);
  } catch (error) {
    const { code, message } = EngineError.from(error);
    const problem = {
      notFound: 'does not exist',
      notAFile: 'is a folder, not a file',
      noPermission: 'may not be read',
    }[code as string];
    throw new EngineError(code, `${path} ${problem ?? `cannot be read (${message})`}.`, error);
  }
}
