import type { Dispatcher } from 'undici';
import { EngineError, cancelledError } from '../engine/errors.ts';
import { RestartNeeded } from './source.ts';
import type { ByteSource, SourceHooks } from './source.ts';

const connectTimeoutMs = 6000;
const headersTimeoutMs = 15_000;
const bodyTimeoutMs = 30_000;
const maxRedirections = 5;

/** A file on a web server. Proxies are those of the environment (HTTPS_PROXY, NO_PROXY). */
export function httpSource(url: string, totalBytes: number): ByteSource {
  return {
    name: new URL(url).host,
    read: (offset, hooks) => readUrl(url, totalBytes, offset, hooks),
  };
}

async function* readUrl(
  url: string,
  totalBytes: number,
  offset: number,
  { signal }: SourceHooks,
): AsyncGenerator<Uint8Array> {
  // Half of the program: only who downloads pays for it.
  const { EnvHttpProxyAgent, interceptors, request } = await import('./http-client.ts');
  const agent = new EnvHttpProxyAgent({
    connect: { timeout: connectTimeoutMs },
    headersTimeout: headersTimeoutMs,
    bodyTimeout: bodyTimeoutMs,
  });
  const host = new URL(url).host;
  try {
    const response = await request(url, {
      dispatcher: agent.compose(interceptors.redirect({ maxRedirections })),
      headers: { 'accept-encoding': 'identity', ...(offset > 0 ? { range: `bytes=${offset}-` } : {}) },
      signal,
    });
    checkResponse(response, host, offset, totalBytes);
    yield* response.body as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (signal.aborted) {
      throw cancelledError();
    }
    if (error instanceof EngineError || error instanceof RestartNeeded) {
      throw error;
    }
    throw new EngineError(
      'networkUnavailable',
      `${host} cannot be reached (${reason(error)}). Check the connection or the proxy, and try again: the download goes on where it stopped.`,
      error,
    );
  } finally {
    await agent.destroy();
  }
}

function checkResponse(response: Dispatcher.ResponseData, host: string, offset: number, totalBytes: number): void {
  const { statusCode, headers } = response;
  const refuse = (problem: Error): never => {
    response.body.on('error', () => {}).destroy();
    throw problem;
  };
  if (statusCode === 416 || (statusCode === 200 && offset > 0)) {
    refuse(new RestartNeeded());
  }
  if (statusCode !== 200 && statusCode !== 206) {
    refuse(
      new EngineError(
        'networkUnavailable',
        `${host} answered with status ${statusCode}. Try again later, or add the file by hand.`,
      ),
    );
  }
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/u.exec(String(headers['content-range'] ?? ''));
  if (statusCode === 206 && Number(range?.[1]) !== offset) {
    refuse(new RestartNeeded());
  }
  const announced = statusCode === 206 ? range?.[2] : headers['content-length'];
  if (announced !== undefined && announced !== '*' && Number(announced) !== totalBytes) {
    refuse(
      new EngineError(
        'digestMismatch',
        `${host} offers another file than expected (${String(announced)} bytes instead of ${totalBytes}).`,
      ),
    );
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const cause = error.cause instanceof Error ? error.cause : error;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
