import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NetworkSettings } from '../../protocol/server.ts';
import { EngineError } from '../engine/errors.ts';
import { Network } from './network.ts';
import type { GetRequest } from './network.ts';
import { noNetworkSettings, proxyFor } from './settings.ts';
import { authority, serveProxy, serveSecurely } from './testing/servers.ts';
import type { Running } from './testing/servers.ts';

const signal = new AbortController().signal;

describe('an HTTPS server behind a proxy with a password, signed by a private authority', () => {
  let server: Running;
  let proxy: Running & { readonly asked: string[] };
  let seen: (string | undefined)[] = [];
  beforeAll(async () => {
    server = await serveSecurely((request, response) => {
      seen.push(request.headers.authorization);
      if (request.url === '/moved') {
        response.writeHead(302, { location: `https://index.paddock.test:${server.port}/file` }).end();
      } else if (request.url === '/down') {
        response.writeHead(302, { location: 'http://models.paddock.test/file' }).end();
      } else if (request.url === '/round') {
        response.writeHead(302, { location: '/round' }).end();
      } else {
        response.end('the file');
      }
    });
    proxy = await serveProxy('ann:a secret/@');
  });
  afterAll(() => {
    server.close();
    proxy.close();
  });

  const trusting = { SSL_CERT_FILE: authority };
  const withPassword = (): string => `http://ann:${encodeURIComponent('a secret/@')}@127.0.0.1:${proxy.port}`;
  const get = async (
    settings: Partial<NetworkSettings>,
    env: Record<string, string> = {},
    request: Partial<GetRequest> & { readonly path?: string } = {},
  ): Promise<string> => {
    const network = new Network({ env, platform: process.platform }, { ...noNetworkSettings, ...settings });
    const url = `https://models.paddock.test:${server.port}${request.path ?? '/file'}`;
    return network.text({ url, signal, ...request }, 100, ({ status }) => expect(status).toBe(200));
  };
  const failure = async (...parameters: Parameters<typeof get>): Promise<EngineError> =>
    EngineError.from(await get(...parameters).catch((error: unknown) => error));

  test('is reached with the settings of the editor alone', async () => {
    expect(await get({ proxy: withPassword(), strictSsl: false })).toBe('the file');
    expect(await get({ proxy: withPassword() }, trusting)).toBe('the file');
    const header = `Basic ${Buffer.from('ann:a secret/@').toString('base64')}`;
    const address = `127.0.0.1:${proxy.port}`;
    expect(await get({ proxy: address, proxyAuthorization: header }, trusting)).toBe('the file');
    expect(proxy.asked.at(-1)).toBe(`models.paddock.test:${server.port}`);
  });

  test('is reached with the environment, which the settings replace', async () => {
    expect(await get({}, { ...trusting, https_proxy: withPassword() })).toBe('the file');
    expect(await get({ proxy: withPassword() }, { ...trusting, HTTPS_PROXY: 'http://127.0.0.1:9' })).toBe('the file');
  });

  test('says what is missing', async () => {
    expect(await failure({ proxy: `http://127.0.0.1:${proxy.port}` }, trusting)).toMatchObject({
      code: 'networkUnavailable',
      message: expect.stringMatching(
        /proxy http:\/\/127\.0\.0\.1:\d+ \(http\.proxy\) wants a user name and a password/u,
      ),
    });
    expect((await failure({ proxy: withPassword() })).message).toMatch(
      /certificate of models\.paddock\.test.*not trusted/u,
    );
    expect((await failure({ proxy: 'http://127.0.0.1:9' }, trusting)).message).toMatch(
      /cannot be reached through the proxy http:\/\/127\.0\.0\.1:9 \(http\.proxy\) \(ECONNREFUSED\)/u,
    );
    expect((await failure({ proxy: 'ftp://x' }, trusting)).message).toMatch(/not supported.*http, https or socks5/u);
    expect((await failure({}, trusting)).message).toMatch(/models\.paddock\.test.* cannot be reached/u);
  });

  test('is given up when the proxy closes the connection without a word', { timeout: 30_000 }, async () => {
    const url = 'https://models.paddock.test:9/file';
    const error = await failure({ proxy: withPassword() }, trusting, { url });
    expect(error.message).toMatch(/models\.paddock\.test:9 cannot be reached through the proxy/u);
  });

  test('never tells the password of a proxy', async () => {
    const { message } = await failure({ proxy: 'http://ann:hidden@127.0.0.1:9' }, trusting);
    expect(message).not.toContain('hidden');
    expect((await failure({ proxy: 'http://ann:hidden@127.0.0.1:9' }, trusting)).message).toContain('127.0.0.1:9');
  });

  test('sends a password to its own host only, and goes on from https to https only', async () => {
    seen = [];
    const settings = { proxy: withPassword() };
    expect(await get(settings, trusting, { path: '/moved', authorization: 'Basic eDp5' })).toBe('the file');
    expect(seen).toEqual(['Basic eDp5', undefined]);
    expect((await failure(settings, trusting, { path: '/down' })).message).toMatch(/not secure/u);
    expect((await failure(settings, trusting, { path: '/round' })).message).toMatch(/redirects without end/u);
  });

  test('is not waited for when the download is cancelled', async () => {
    const stop = new AbortController();
    stop.abort();
    expect((await failure({ proxy: withPassword() }, trusting, { signal: stop.signal })).code).toBe('cancelled');
  });
});

describe('proxyFor', () => {
  const settings = (more: Partial<NetworkSettings>): NetworkSettings => ({ ...noNetworkSettings, ...more });
  const at = (url: string, more: Partial<NetworkSettings>, env = {}): string | undefined =>
    proxyFor(new URL(url), settings(more), env)?.url;
  const proxy = 'http://proxy.example:3128';

  test.each([
    ['example.com', true],
    ['.example.com', true],
    ['*.example.com', true],
    ['*', true],
    ['hub.example.com:443', true],
    ['hub.example.com:8443', false],
    ['ample.com', false],
    ['', false],
  ])('an exception %j', (exception, direct) => {
    const expected = direct ? undefined : proxy;
    expect(at('https://hub.example.com/x', { proxy, noProxy: [exception] })).toBe(expected);
    expect(at('https://hub.example.com/x', {}, { HTTPS_PROXY: proxy, NO_PROXY: `a, ${exception}` })).toBe(expected);
  });

  test('is none for this computer, and none when proxies are off', () => {
    for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '[::1]']) {
      expect(at(`http://${host}:1/`, { proxy })).toBeUndefined();
    }
    expect(at('https://hub.example.com/', { proxy, useProxy: false }, { HTTPS_PROXY: proxy })).toBeUndefined();
  });

  test('takes an address without a scheme', () => {
    expect(at('https://a.example/', { proxy: 'proxy.example:3128' })).toBe(proxy);
    expect(at('https://a.example/', {}, { ALL_PROXY: 'socks5://s.example:1080' })).toBe('socks5://s.example:1080');
  });
});
