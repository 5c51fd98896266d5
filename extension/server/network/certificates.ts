/** The certificates that a TLS connection trusts: Node's own, those of the system, and what the environment names. */
import { readFile } from 'node:fs/promises';
import * as tls from 'node:tls';
import { EngineError } from '../engine/errors.ts';
import type { Host } from '../host.ts';

/** In PEM. `extra` is a file of certificates that is trusted besides. */
export async function trustedCertificates(
  host: Pick<Host, 'env' | 'platform'>,
  { system, extra }: { readonly system: boolean; readonly extra?: string | undefined },
): Promise<string[]> {
  const certificates = [...tls.rootCertificates, ...(await fromEnvironment(host))];
  if (system) {
    certificates.push(...(await fromSystem(host)));
  }
  if (extra !== undefined) {
    certificates.push(...split(await readBundle(extra)));
  }
  return [...new Set(certificates)];
}

/** Newer versions of Node ask the system's store themselves; older ones need the file in which Linux keeps it. */
async function fromSystem({ platform }: Pick<Host, 'platform'>): Promise<readonly string[]> {
  const { getCACertificates } = tls as { getCACertificates?: (type: 'system') => readonly string[] };
  const known = getCACertificates?.('system') ?? [];
  if (known.length > 0 || platform !== 'linux') {
    return known;
  }
  for (const path of linuxBundles) {
    const bundle = await readFile(path, 'utf8').catch(() => '');
    if (bundle !== '') {
      return split(bundle);
    }
  }
  return [];
}

/** Node reads NODE_EXTRA_CA_CERTS only for connections that name no certificates. */
async function fromEnvironment({ env }: Pick<Host, 'env'>): Promise<readonly string[]> {
  const paths = [env['NODE_EXTRA_CA_CERTS'], env['SSL_CERT_FILE']].filter((path): path is string => !!path);
  const bundles = await Promise.all(paths.map((path) => readFile(path, 'utf8').catch(() => '')));
  return bundles.flatMap(split);
}

/** Where Debian, Fedora, openSUSE and Alpine keep the certificates that they trust. */
const linuxBundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

async function readBundle(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw new EngineError(
      'networkUnavailable',
      `The certificates in ${path} cannot be read. Correct the path in the configuration of pip.`,
      error,
    );
  });
}

function split(bundle: string): string[] {
  return bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/gu) ?? [];
}
