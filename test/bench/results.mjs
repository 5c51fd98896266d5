/** Results of a measurement by the id of their task, in a file, so that a run goes on where one before it ended. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cache } from '../workbench/process.mjs';

export class Results {
  #path;
  #found = new Map();

  /**
   * @param {string} folder Below the cache folder.
   * @param {string[]} names What was measured.
   * @param {boolean} fresh Forgets what is there.
   */
  constructor(folder, names, fresh) {
    mkdirSync(join(cache, folder), { recursive: true });
    this.#path = join(cache, folder, `${names.map((name) => name.replaceAll(/[^\w.-]/g, '_')).join('-')}.jsonl`);
    if (fresh) rmSync(this.#path, { force: true });
    const lines = existsSync(this.#path) ? readFileSync(this.#path, 'utf8').split('\n').filter(Boolean) : [];
    for (const line of lines) this.#keep(JSON.parse(line));
  }

  of(id) {
    return this.#found.get(id);
  }

  add(result) {
    this.#keep(result);
    appendFileSync(this.#path, `${JSON.stringify(result)}\n`);
  }

  passed(tasks) {
    return tasks.filter(({ id }) => this.of(id)?.passed).length;
  }

  #keep(result) {
    this.#found.set(result.id, result);
  }
}
