/** Shows what the room writes into its log, from the moment on that this window came. The system tells of changes. */
import { watch, type FSWatcher } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { Log } from '../lib/log.ts';

/** A log that grew by more than this is shown from here on. */
const mostAtOnce = 64 * 1024;
/** Node shows the line of a failure, and a minified program has long ones. */
const longestLine = 2000;

export class RoomLog {
  readonly #path: string;
  readonly #log: Log;
  #shown: number;
  #watcher: FSWatcher | undefined;
  #reading: Promise<void> | undefined;
  #again = false;

  private constructor(path: string, log: Log, shown: number) {
    this.#path = path;
    this.#log = log;
    this.#shown = shown;
  }

  /** Passes over what is in the log already. */
  static async after(path: string, log: Log): Promise<RoomLog> {
    return new RoomLog(path, log, await sizeOf(path));
  }

  /** Shows what is new, and new lines as they come. */
  follow(): void {
    try {
      this.#watcher = watch(this.#path, { persistent: false }, () => void this.show());
      this.#watcher.on('error', () => this.#stop());
    } catch {
      // The system watches no more files; the end of the process is shown anyway.
    }
    void this.show();
  }

  /** Shows what is new. Settles when that is done. */
  show(): Promise<void> {
    this.#again = true;
    return (this.#reading ??= this.#read().finally(() => (this.#reading = undefined)));
  }

  /** Shows the rest and stops. */
  async close(): Promise<void> {
    this.#stop();
    await this.show();
  }

  #stop(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  async #read(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      const size = await sizeOf(this.#path);
      // It was cut, and begins anew.
      if (size < this.#shown) this.#shown = 0;
      const from = Math.max(this.#shown, size - mostAtOnce);
      const text = await readPart(this.#path, from, size - from);
      // A line that is not written to its end is shown with the next change.
      const end = text.lastIndexOf('\n') + 1;
      this.#shown = from + Buffer.byteLength(text.slice(0, end));
      for (const line of text.slice(0, end).split('\n')) if (line !== '') this.#log.info(line.slice(0, longestLine));
    }
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

async function readPart(path: string, from: number, length: number): Promise<string> {
  if (length <= 0) return '';
  const handle = await open(path, 'r').catch(() => undefined);
  try {
    const { buffer, bytesRead } = (await handle?.read(Buffer.alloc(length), 0, length, from)) ?? {
      buffer: Buffer.alloc(0),
      bytesRead: 0,
    };
    return buffer.subarray(0, bytesRead).toString();
  } catch {
    return '';
  } finally {
    await handle?.close();
  }
}
