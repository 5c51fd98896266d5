/** Runs `paddock search`. Imported on demand, so that other verbs start without it. */
import { createHash } from 'node:crypto';
import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../server/engine/errors.ts';
import { WorkspaceIndex } from '../server/index/workspace-index.ts';
import type { Hit } from '../server/index/workspace-index.ts';
import type { Syntax } from '../server/syntax/syntax.ts';
import { checkKind } from './input.ts';
import { progressLine } from './progress-line.ts';
import { commonOptions, text } from './verb.ts';
import type { OptionValues, Terminal } from './verb.ts';

export interface Search {
  readonly folder: string;
  readonly question: string;
  readonly limit: number;
}

export async function searchFolder(terminal: Terminal, values: OptionValues, search: Search): Promise<void> {
  const hits = await findIn(terminal, values, search);
  terminal.out(values['json'] === true ? `${JSON.stringify({ hits: hits.map(rounded) })}\n` : describe(hits));
}

export async function findIn(terminal: Terminal, values: OptionValues, search: Search): Promise<readonly Hit[]> {
  await checkKind(search.folder, 'folder');
  const { syntax } = await terminal.session({ ...commonOptions(values), cache: false, cacheFolder: undefined });
  try {
    return await find(terminal, syntax, search, text(values, 'cache-dir'));
  } finally {
    syntax.dispose();
  }
}

async function find(
  terminal: Terminal,
  syntax: Syntax,
  { folder, question, limit }: Search,
  cacheFolder: string | undefined,
): Promise<readonly Hit[]> {
  const { signal } = terminal;
  const root = await realpath(folder);
  const index = new WorkspaceIndex(root, syntax);
  const saved = cacheFolder === undefined ? undefined : await savedPath(cacheFolder, root);
  const line = progressLine(terminal);
  try {
    if (saved !== undefined) await index.load(saved, signal);
    const { read, removed } = await index.refresh({
      signal,
      onProgress: ({ done, total }) => line.show(`${done} of ${total} files`),
    });
    if (saved !== undefined && read + removed > 0) await index.save(saved);
    return await index.search(question, limit, signal);
  } catch (error) {
    const { code, message } = EngineError.from(error);
    throw new EngineError(code, `${folder} cannot be searched: ${message}`, error);
  } finally {
    line.clear();
  }
}

/** One file per searched folder. */
async function savedPath(cacheFolder: string, root: string): Promise<string> {
  await mkdir(cacheFolder, { recursive: true, mode: 0o700 });
  return join(cacheFolder, `${createHash('sha256').update(root).digest('hex').slice(0, 32)}.index`);
}

function rounded({ path, startLine, endLine, symbol, score }: Hit): object {
  return { path, startLine, endLine, symbol: symbol ?? null, score: Number(score.toFixed(3)) };
}

function describe(hits: readonly Hit[]): string {
  if (hits.length === 0) return 'Nothing was found.\n';
  const rows = hits.map(({ path, startLine, endLine, symbol }) => {
    const place = `${path}:${startLine}-${endLine}`;
    return `${printable(symbol === undefined ? place : `${place}  ${symbol}`)}\n`;
  });
  return rows.join('');
}

/** File names may contain escape sequences for the terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?');
}
