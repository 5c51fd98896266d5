import { fstatSync, ftruncateSync } from 'node:fs';

/** Enough for the last days of a process that says little. */
const longestLog = 2 ** 20;

/**
 * Keeps the log that stdout and stderr of the room go to from growing: what is too long begins anew. A disk that is
 * full costs lines of the log and nothing else.
 */
export class BoundedLog {
  readonly #most: number;

  constructor(most = longestLog) {
    this.#most = most;
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  }

  line(text: string): void {
    this.trim();
    process.stdout.write(`${text}\n`);
  }

  /** Also cuts what others have written, such as native code. */
  trim(): void {
    try {
      const found = fstatSync(process.stdout.fd);
      if (found.isFile() && found.size > this.#most) ftruncateSync(process.stdout.fd, 0);
    } catch {
      // There is no log.
    }
  }
}
