/**
 * The only module of the child that opens a connection: it fetches what a download needs, by the editor's network
 * settings, else by those of the environment.
 */
import type { Dispatcher, Agent, ProxyAgent } from 'undici';
import type { NetworkSettings } from '../../protocol/server.ts';
import { EngineError, cancelledError } from '../engine/errors.ts';
import type { Host } from '../host.ts';
import { trustedCertificates } from './certificates.ts';
import { ProxyError, noNetworkSettings, proxyFor } from './settings.ts';
import type { Proxy } from './settings.ts';

const connectTimeoutMs = 6000;
const headersTimeoutMs = 10_000;
const bodyTimeoutMs = 30_000;
/** From the first connection to the head of the answer, proxies and retries of the client included. */
const answerTimeoutMs = 12_000;
const maxRedirections = 5;

export interface GetRequest {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Header for the host of `url`; it is not sent on to another one. */
  readonly authorization?: string | undefined;
  readonly signal: AbortSignal;
}

export interface ResponseHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Of the server that answered, which is another one after a redirection. */
  readonly url: URL;
}

export class Network {
  readonly #host: Pick<Host, 'env' | 'platform'>;
  readonly #settings: NetworkSettings;
  /** A file of certificates that are trusted besides those of the settings. */
  readonly #extraCertificates: string | undefined;

  constructor(
    host: Pick<Host, 'env' | 'platform'>,
    settings: NetworkSettings = noNetworkSettings,
    extraCertificates?: string,
  ) {
    this.#host = host;
    this.#settings = settings;
    this.#extraCertificates = extraCertificates;
  }

  /** The same, with a proxy and certificates that another program is set up with. */
  with({
    proxy,
    certificates,
  }: {
    readonly proxy?: string | undefined;
    readonly certificates?: string | undefined;
  }): Network {
    const settings = proxy === undefined ? this.#settings : { ...this.#settings, proxy, proxyAuthorization: '' };
    return new Network(this.#host, settings, certificates ?? this.#extraCertificates);
  }

  /**
   * The bytes of a response. `check` sees its head first and throws for one that is not wanted.
   * Throws what `check` throws, `cancelled`, or `networkUnavailable` with what to do, within seconds when the server
   * cannot be reached.
   */
  async *get(request: GetRequest, check: (head: ResponseHead) => void): AsyncGenerator<Uint8Array> {
    const { signal } = request;
    const route: { url: URL; proxy?: Proxy | undefined } = { url: new URL(request.url) };
    // Undici is half of the program, so only a download loads it.
    const undici = await import('./http-client.ts');
    const dispatchers: Dispatcher[] = [];
    let refused: unknown;
    try {
      const ca = await trustedCertificates(this.#host, {
        system: this.#settings.systemCertificates,
        extra: this.#extraCertificates,
      });
      const secure = { ca, rejectUnauthorized: this.#settings.strictSsl, timeout: connectTimeoutMs };
      for (let hop = 0; ; hop += 1) {
        route.proxy = proxyFor(route.url, this.#settings, this.#host.env);
        const dispatcher = dispatcherFor(undici, route.proxy, secure);
        dispatchers.push(dispatcher);
        const headers = headersFor(request, route.url);
        const response = await withDeadline(signal, (either) =>
          undici.request(route.url, { dispatcher, headers, signal: either }),
        );
        const target = redirectionOf(response, route.url);
        if (target === undefined) {
          try {
            check({ status: response.statusCode, headers: response.headers, url: route.url });
          } catch (error) {
            refused = error;
            discard(response);
            throw error;
          }
          yield* response.body as AsyncIterable<Uint8Array>;
          return;
        }
        discard(response);
        if (hop === maxRedirections) {
          throw new EngineError('networkUnavailable', `${route.url.host} redirects without end. Try again later.`);
        }
        route.url = target;
      }
    } catch (error) {
      if (signal.aborted) {
        throw cancelledError();
      }
      throw error === refused || error instanceof EngineError ? error : explain(error, route.url, route.proxy);
    } finally {
      // Whether they end at once is of no interest to the caller.
      for (const dispatcher of dispatchers) dispatcher.destroy().catch(() => undefined);
    }
  }

  /** A response as text. Throws as `get`, and `networkUnavailable` when it has more than `maxBytes`. */
  async text(request: GetRequest, maxBytes: number, check: (head: ResponseHead) => void): Promise<string> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of this.get(request, check)) {
      size += chunk.length;
      if (size > maxBytes) {
        throw new EngineError('networkUnavailable', `${new URL(request.url).host} answered with too much text.`);
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  }
}

interface SecureOptions {
  readonly ca: string[];
  readonly rejectUnauthorized: boolean;
  readonly timeout: number;
}

function dispatcherFor(
  client: { readonly Agent: typeof Agent; readonly ProxyAgent: typeof ProxyAgent },
  proxy: Proxy | undefined,
  secure: SecureOptions,
): Dispatcher {
  const timeouts = { headersTimeout: headersTimeoutMs, bodyTimeout: bodyTimeoutMs };
  if (proxy === undefined) {
    return new client.Agent({ ...timeouts, connect: secure });
  }
  return new client.ProxyAgent({
    ...timeouts,
    uri: proxy.url,
    ...(proxy.authorization !== undefined && { token: proxy.authorization }),
    connect: secure,
    proxyTls: secure,
    requestTls: secure,
  });
}

function headersFor({ headers, authorization, url }: GetRequest, target: URL): Record<string, string> {
  const own = new URL(url).origin === target.origin && authorization !== undefined;
  return { 'accept-encoding': 'identity', ...headers, ...(own && { authorization }) };
}

/**
 * Gives up when there is no answer in time, or when `signal` says so. When a proxy or a server closes its connection
 * without a word, the client tries again without end and looks at no signal, so its own limits are not enough.
 */
function withDeadline<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new LateError()), answerTimeoutMs);
    const either = AbortSignal.any([signal, late.signal]);
    const onAbort = (): void => reject(either.reason);
    either.addEventListener('abort', onAbort, { once: true });
    work(either)
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer);
        either.removeEventListener('abort', onAbort);
      });
    if (either.aborted) onAbort();
  });
}

class LateError extends Error {
  readonly code = 'no answer';
}

/** Where a response sends us on; `undefined` when it is an answer. Never from https to http. */
function redirectionOf({ statusCode, headers }: Dispatcher.ResponseData, from: URL): URL | undefined {
  const { location } = headers;
  if (![301, 302, 303, 307, 308].includes(statusCode) || typeof location !== 'string') {
    return undefined;
  }
  const target = new URL(location, from);
  if (target.protocol !== 'https:' && target.protocol !== from.protocol) {
    throw new EngineError('networkUnavailable', `${from.host} redirects to an address that is not secure.`);
  }
  return target;
}

function discard({ body }: Dispatcher.ResponseData): void {
  body.on('error', () => {}).destroy();
}

/** What went wrong and what can be done about it. */
function explain(error: unknown, { host }: URL, proxy: Proxy | undefined): EngineError {
  const words = (text: string): EngineError => new EngineError('networkUnavailable', text, error);
  if (error instanceof ProxyError) {
    return words(error.message);
  }
  const code = codeOf(error);
  const via = proxy === undefined ? '' : ` through the proxy ${proxy.url} (${proxy.from})`;
  if (proxy !== undefined && /\b407\b/u.test(messageOf(error))) {
    return words(
      `The proxy ${proxy.url} (${proxy.from}) wants a user name and a password, or does not know the ones it got. Write them into the setting http.proxy, as http://USER:PASSWORD@HOST:PORT.`,
    );
  }
  if (untrusted.has(code)) {
    return words(
      `The certificate of ${host}${via} is not trusted (${code}). If your network inspects connections, add its certificate to those of the operating system.`,
    );
  }
  return words(`${host} cannot be reached${via} (${code}). Check the connection and the setting http.proxy.`);
}

/** What TLS says of a certificate that no trusted one has signed, or that is another host's or out of date. */
const untrusted = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_UNTRUSTED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

function codeOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string' && !at.code.startsWith('UND_ERR_PRX')) {
      return at.code;
    }
  }
  return messageOf(error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
