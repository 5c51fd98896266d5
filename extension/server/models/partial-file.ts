import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/**
 * The downloaded beginning of a file, kept on disk across interruptions, with its digest. Only one may be open per
 * path.
 */
export class PartialFile {
  readonly #path: string;
  #handle: FileHandle;
  #hash: Hash;
  #size: number;

  private constructor(path: string, handle: FileHandle, hash: Hash, size: number) {
    this.#path = path;
    this.#handle = handle;
    this.#hash = hash;
    this.#size = size;
  }

  /** Opens or creates the file. Hashing its bytes takes a second per gigabyte and reports progress. */
  static async open(
    path: string,
    signal: AbortSignal,
    onHashed: (bytes: number) => void = () => {},
  ): Promise<PartialFile> {
    const hash = createHash('sha256');
    const handle = await open(path, 'a');
    try {
      const size = await hashFile(path, hash, signal, onHashed);
      return new PartialFile(path, handle, hash, size);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  get size(): number {
    return this.#size;
  }

  async append(chunk: Uint8Array): Promise<void> {
    let written = 0;
    while (written < chunk.length) {
      const { bytesWritten } = await this.#handle.write(chunk, written);
      this.#hash.update(chunk.subarray(written, written + bytesWritten));
      written += bytesWritten;
      this.#size += bytesWritten;
    }
  }

  /** Discards all bytes. */
  async reset(): Promise<void> {
    await this.#handle.truncate(0);
    this.#hash = createHash('sha256');
    this.#size = 0;
  }

  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  /** Renames the complete file to its final name. */
  async finish(path: string): Promise<void> {
    await this.#handle.sync();
    await this.#handle.close();
    await rename(this.#path, path);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  /** Closes and deletes it. */
  async discard(): Promise<void> {
    await this.#handle.close();
    await rm(this.#path, { force: true });
  }
}

/** Lower-case hexadecimal SHA-256 of a whole file. */
export async function sha256OfFile(
  path: string,
  signal: AbortSignal,
  onHashed: (bytes: number) => void = () => {},
): Promise<string> {
  const hash = createHash('sha256');
  await hashFile(path, hash, signal, onHashed);
  return hash.digest('hex');
}

/** Size of a file, 0 when it is not there. */
export async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}

async function hashFile(
  path: string,
  hash: Hash,
  signal: AbortSignal,
  onHashed: (bytes: number) => void,
): Promise<number> {
  const end = await sizeOf(path);
  if (end === 0) {
    return 0;
  }
  let size = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, signal, end: end - 1 })) {
    hash.update(chunk as Buffer);
    size += (chunk as Buffer).length;
    onHashed(size);
  }
  return size;
}
