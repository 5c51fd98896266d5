/**
 * Where a package index keeps a file: the simple repository API of Python (PEP 503 in HTML, PEP 691 in JSON). Both are
 * read, since mirrors answer with either.
 */
import { EngineError } from '../engine/errors.ts';
import type { Network, ResponseHead } from './network.ts';
import type { PipConfig } from './pip-config.ts';
import { basicAuthorization } from './settings.ts';

export interface IndexedFile {
  readonly url: string;
  /** Header for the host of `url`, when that is the host of the index. */
  readonly authorization: string | undefined;
}

/** Throws `networkUnavailable` when the index cannot be reached or has no such file. */
export async function findInIndex(
  network: Network,
  { indexUrl }: Pick<PipConfig, 'indexUrl'>,
  { project, file }: { readonly project: string; readonly file: string },
  signal: AbortSignal,
): Promise<IndexedFile> {
  const index = parseIndexUrl(indexUrl);
  const authorization = basicAuthorization(index);
  [index.username, index.password] = ['', ''];
  const page = new URL(`${index.pathname.replace(/\/+$/u, '')}/${project}/`, index);
  const headers = { accept: 'application/vnd.pypi.simple.v1+json, text/html;q=0.5' };
  const check = ({ status, url }: ResponseHead): void => {
    if (status !== 200) {
      throw new EngineError('networkUnavailable', explainStatus(url.host, status, project));
    }
  };
  const text = await network.text({ url: page.href, headers, authorization, signal }, maxPageBytes, check);
  const href = filesOf(text).find(({ name }) => name === file)?.href;
  if (href === undefined) {
    throw new EngineError('networkUnavailable', `The package index ${index.host} does not have ${file}.`);
  }
  const url = new URL(href, page);
  if (url.protocol !== 'https:' && url.protocol !== page.protocol) {
    throw new EngineError('networkUnavailable', `The package index ${index.host} names an address that is not secure.`);
  }
  return { url: url.href, authorization: url.origin === page.origin ? authorization : undefined };
}

const maxPageBytes = 16 * 2 ** 20;

function parseIndexUrl(text: string): URL {
  try {
    const url = new URL(text);
    if (url.protocol === 'https:' || url.protocol === 'http:') {
      return url;
    }
  } catch {
    // The message is the same.
  }
  throw new EngineError('networkUnavailable', `The index-url of pip's configuration is not the address of an index.`);
}

function explainStatus(host: string, status: number, project: string): string {
  if (status === 401 || status === 403) {
    return `The package index ${host} needs a user name and a password. Add them to index-url in pip's configuration.`;
  }
  return status === 404
    ? `The package index ${host} does not have ${project}.`
    : `The package index ${host} answered with status ${status}. Try again later.`;
}

interface Listed {
  readonly name: string;
  readonly href: string;
}

/** Files of a page in either form. What is not understood is left out. */
export function filesOf(page: string): Listed[] {
  return page.trimStart().startsWith('{') ? filesOfJson(page) : filesOfHtml(page);
}

function filesOfJson(page: string): Listed[] {
  let value: unknown;
  try {
    value = JSON.parse(page);
  } catch {
    return [];
  }
  const files = typeof value === 'object' && value !== null && 'files' in value ? value.files : undefined;
  return (Array.isArray(files) ? files : []).flatMap((file: unknown) => {
    if (typeof file !== 'object' || file === null || !('filename' in file) || !('url' in file)) return [];
    const { filename: name, url: href } = file;
    return typeof name === 'string' && typeof href === 'string' ? [{ name, href }] : [];
  });
}

/** Anchors: the name is their text. */
function filesOfHtml(page: string): Listed[] {
  const found: Listed[] = [];
  // Split first, so that each piece is searched once, whatever the page holds.
  for (const piece of page.split(/<a\s/iu).slice(1)) {
    const end = piece.indexOf('>');
    const [, href] = /\bhref\s*=\s*["']([^"']*)["']/iu.exec(piece.slice(0, Math.max(0, end))) ?? [];
    if (end > 0 && href !== undefined) {
      found.push({ name: decode(piece.slice(end + 1).split('<', 1)[0] ?? '').trim(), href: decode(href) });
    }
  }
  return found;
}

function decode(text: string): string {
  const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'" };
  return text.replaceAll(/&(#?\w{1,6});/gu, (whole, name: string) => entities[name.toLowerCase()] ?? whole);
}
