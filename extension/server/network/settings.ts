import type { NetworkSettings } from '../../protocol/server.ts';
import type { Host } from '../host.ts';

/** Where a request goes first. */
export interface Proxy {
  /** Of the scheme http, https or socks5; without user and password. */
  readonly url: string;
  /** Value of the header Proxy-Authorization. */
  readonly authorization: string | undefined;
  /** What names the proxy, for error messages. */
  readonly from: string;
}

/** Thrown for a proxy setting that means nothing. The message is fit to show. */
export class ProxyError extends Error {}

export const noNetworkSettings: NetworkSettings = {
  useProxy: true,
  proxy: '',
  proxyAuthorization: '',
  noProxy: [],
  strictSsl: true,
  systemCertificates: true,
};

/** The proxy for a URL, by the settings and else by the environment; `undefined` = none. Throws `ProxyError`. */
export function proxyFor(url: URL, settings: NetworkSettings, env: Host['env']): Proxy | undefined {
  if (!settings.useProxy || isLoopback(url.hostname)) {
    return undefined;
  }
  const variables = url.protocol === 'https:' ? ['HTTPS_PROXY', 'ALL_PROXY'] : ['HTTP_PROXY', 'ALL_PROXY'];
  const variable = variables.find((name) => valueOf(env, name) !== '');
  const address = settings.proxy.trim() || (variable === undefined ? '' : valueOf(env, variable));
  const exceptions = settings.noProxy.length > 0 ? settings.noProxy : valueOf(env, 'NO_PROXY').split(',');
  if (address === '' || isException(url, exceptions)) {
    return undefined;
  }
  return parseProxy(address, settings.proxy.trim() ? 'http.proxy' : (variable ?? ''), settings.proxyAuthorization);
}

function parseProxy(address: string, from: string, authorization: string): Proxy {
  const whole = /^[a-z][a-z0-9+.-]*:\/\//iu.test(address) ? address : `http://${address}`;
  let url: URL;
  try {
    url = new URL(whole);
  } catch {
    throw new ProxyError(`The proxy in ${from} is not a URL. Write it like http://proxy.example.com:8080.`);
  }
  if (!['http:', 'https:', 'socks5:', 'socks:'].includes(url.protocol) || url.hostname === '') {
    throw new ProxyError(
      `The proxy in ${from} is of a kind that is not supported (${url.protocol}). Use http, https or socks5.`,
    );
  }
  return { url: `${url.protocol}//${url.host}`, authorization: authorization || basicAuthorization(url), from };
}

/** The header that user and password of a URL mean; `undefined` when it has none. */
export function basicAuthorization({ username, password }: URL): string | undefined {
  if (username === '' && password === '') {
    return undefined;
  }
  const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(plain).toString('base64')}`;
}

/** Environment variables of proxies are written in small letters as often as in capitals. */
function valueOf(env: Host['env'], name: string): string {
  return (env[name.toLowerCase()] ?? env[name] ?? '').trim();
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d+){3}$/u.test(host);
}

/**
 * Whether a list such as NO_PROXY excepts a URL: `*`, or a name with or without a leading dot, which covers the names
 * below it too, or either with a port.
 */
function isException(url: URL, exceptions: readonly string[]): boolean {
  const host = url.hostname.toLowerCase();
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return exceptions.some((text) => {
    const [, name = '', onlyPort] = /^(.*?)(?::(\d+))?$/u.exec(text.trim().toLowerCase()) ?? [];
    if (name === '' || (onlyPort !== undefined && onlyPort !== port)) {
      return false;
    }
    const suffix = name.replace(/^\*?\.?/u, '');
    return name === '*' || host === suffix || host.endsWith(`.${suffix}`);
  });
}
