import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { EngineError } from '../../engine/errors.ts';
import type { Item } from '../curate/input-item.ts';
import { readFileItems } from '../curate/read-file.ts';

export interface DataFile {
  /** Without its folder, which is private. */
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Lines that are no tasks. */
  readonly badLines: number;
}

/** Every value of a JSON Lines, JSON or Parquet file, zipped or not, as `toTasks` makes tasks of it. */
export async function readTasks<Task>(
  path: string,
  toTasks: (item: Item, name: string) => readonly Task[] | undefined,
): Promise<{ tasks: Task[]; file: DataFile }> {
  const hash = createHash('sha256');
  const name = basename(path);
  const tasks: Task[] = [];
  let [bytes, badLines] = [0, 0];
  const onBytes = (chunk: Uint8Array): void => {
    hash.update(chunk);
    bytes += chunk.length;
  };
  for await (const { items } of readFileItems(path, { onBytes })) {
    for (const item of items) {
      const made = item.bad === undefined ? toTasks(item, name) : undefined;
      if (made === undefined) {
        badLines++;
      } else {
        tasks.push(...made);
      }
    }
  }
  if (tasks.length === 0) {
    throw new EngineError('invalidArgument', `${path} has no readable task.`);
  }
  return { tasks, file: { name, bytes, sha256: hash.digest('hex'), badLines } };
}
