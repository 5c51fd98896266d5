import { readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { EngineError } from '../server/engine/errors.ts';
import { pathExists } from '../server/path-exists.ts';

/** Bytes of a file; `-` is stdin. The error names the file. */
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

/** Checks names before any work, so that a typing error is reported at once. */
export async function checkKind(path: string, kind: 'file' | 'folder' | 'any'): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    throw new EngineError('notFound', `${path} does not exist or cannot be read.`, error);
  });
  const fits = { file: found.isFile(), folder: found.isDirectory(), any: true }[kind];
  if (!fits) {
    throw new EngineError('notAFile', `${path} is not a ${kind}.`);
  }
}

export async function checkFiles(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await checkKind(path, 'file');
  }
}

/** Throws `invalidArgument` when the file exists and may not be replaced. */
export async function refuseExisting(path: string, force: boolean): Promise<void> {
  if (!force && (await pathExists(path))) {
    throw new EngineError(
      'invalidArgument',
      `${path} already exists. Give another name, or use --force to replace it.`,
    );
  }
}
