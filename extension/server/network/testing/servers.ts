/** A company's network on this machine: an HTTPS server that only a proxy with a password can reach. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';

const fixture = (name: string): string => new URL(`../../../../test/fixtures/tls/${name}`, import.meta.url).pathname;

/** The certificate authority that signed the server's certificate; nothing trusts it by itself. */
export const authority = fixture('ca.pem');

export interface Running {
  readonly port: number;
  close(): void;
}

/** Its certificate names models.paddock.test and index.paddock.test. */
export function serveSecurely(answer: RequestListener): Promise<Running> {
  const options = { cert: readFileSync(fixture('server.pem')), key: readFileSync(fixture('server.key')) };
  return listen(createSecureServer(options, answer));
}

/** Takes every host for 127.0.0.1, and asks for `user:password` unless that is empty. Notes what it was asked for. */
export async function serveProxy(password: string): Promise<Running & { readonly asked: string[] }> {
  const asked: string[] = [];
  const proxy = createServer((_request, response) => response.writeHead(405).end());
  proxy.on('connect', (request: IncomingMessage, socket) => {
    const expected = `Basic ${Buffer.from(password).toString('base64')}`;
    socket.on('error', () => {});
    if (password !== '' && request.headers['proxy-authorization'] !== expected) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm="x"\r\n\r\n');
      return;
    }
    asked.push(request.url ?? '');
    const upstream = connect(Number(request.url?.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      socket.pipe(upstream).pipe(socket);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
  });
  return { ...(await listen(proxy)), asked };
}

async function listen(server: Server): Promise<Running> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { port, close };
}
