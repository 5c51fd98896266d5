import { EngineError } from '../engine/errors.ts';
import type { Network, ResponseHead } from '../network/network.ts';
import { RestartNeeded } from './source.ts';
import type { ByteSource } from './source.ts';

/** A file on a web server. */
export function httpSource(network: Network, url: string, totalBytes: number): ByteSource {
  return {
    name: new URL(url).host,
    read: (offset, { signal }) =>
      network.get({ url, headers: rangeFrom(offset), signal }, (head) => checkRange(head, offset, totalBytes)),
  };
}

/** The header that asks for a file from `offset` on. */
export function rangeFrom(offset: number): Record<string, string> {
  return offset > 0 ? { range: `bytes=${offset}-` } : {};
}

/**
 * Checks an answer to `rangeFrom(offset)`; `totalBytes` is the size of the whole file, if it is known. Throws
 * `RestartNeeded`, `digestMismatch` for a file of another size, else `networkUnavailable`.
 */
export function checkRange({ status, headers, url }: ResponseHead, offset: number, totalBytes?: number): void {
  if (status === 416 || (status === 200 && offset > 0)) {
    throw new RestartNeeded();
  }
  if (status !== 200 && status !== 206) {
    throw new EngineError(
      'networkUnavailable',
      `${url.host} answered with status ${status}. Try again later, or download the file yourself and add it.`,
    );
  }
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/u.exec(String(headers['content-range'] ?? ''));
  if (status === 206 && Number(range?.[1]) !== offset) {
    throw new RestartNeeded();
  }
  const announced = status === 206 ? range?.[2] : headers['content-length'];
  if (totalBytes !== undefined && announced !== undefined && announced !== '*' && Number(announced) !== totalBytes) {
    throw new EngineError(
      'digestMismatch',
      `${url.host} offers another file than expected (${String(announced)} bytes instead of ${totalBytes}).`,
    );
  }
}
