import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { recordName } from './step.ts';

/** Whether a step was finished once, with whatever inputs. */
export async function earlierRuns(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => []);
  const records = await Promise.all(
    names.map((name) => readFile(join(folder, name, recordName), 'utf8').catch(() => '')),
  );
  return records.some((text) => text.includes('"state":"done"'));
}
