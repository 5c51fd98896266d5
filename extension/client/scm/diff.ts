/** Splits the output of `git diff` by file. Pure, and linear in the length: a diff may be huge or hostile. */
import type { ChangedFile } from '../../protocol/server.ts';

/** Characters kept of one file's patch: more than any budget grants to one file. */
const longestPatch = 40_000;
const longestLine = 240;
const mostFiles = 500;

const fileStart = 'diff --';

export function readDiff(text: string): ChangedFile[] {
  const files: ChangedFile[] = [];
  let start = text.startsWith(fileStart) ? 0 : next(text, 0);
  while (start < text.length && files.length < mostFiles) {
    const end = next(text, start + 1);
    files.push(readFile(text.slice(start, end)));
    start = end;
  }
  // The user's own diff program may print anything.
  if (files.length > 0 || text.trim() === '') return files;
  return [{ path: 'changes', change: 'modified', added: 0, removed: 0, patch: cut(text.split('\n')) }];
}

/** A file that git does not know yet. */
export function newFile(path: string, text: string): ChangedFile {
  if (text.includes('\0') || isGenerated(path)) return { path, change: 'added', added: 0, removed: 0, patch: '' };
  const lines = text.replace(/\n$/u, '').split('\n');
  return { path, change: 'added', added: lines.length, removed: 0, patch: cut(lines.map((line) => `+${line}`)) };
}

/** Characters of all patches that are shown: more than any context holds. */
const longestShown = 200_000;

/** The changes as one text for a person or a model. Files whose patches are too much are only named. */
export function showChanges(files: readonly ChangedFile[]): string {
  let length = 0;
  return files
    .map(({ path, change, added, removed, patch }) => {
      const title = `${path} (${change}, +${added} -${removed})`;
      length += patch.length;
      return patch === '' || length > longestShown ? title : `${title}\n${patch}`;
    })
    .join('\n\n');
}

/** The start of the next file. A line of contents cannot look like it, because each begins with its sign. */
function next(text: string, from: number): number {
  const found = text.indexOf(`\n${fileStart}`, from);
  return found < 0 ? text.length : found + 1;
}

function readFile(text: string): ChangedFile {
  const hunks = text.startsWith('@@') ? 0 : text.indexOf('\n@@');
  const head = (hunks < 0 ? text : text.slice(0, hunks)).slice(0, longestPatch).split('\n');
  const path = pathOf(head);
  const change = changeOf(head);
  if (hunks < 0) return { path, change, added: 0, removed: 0, patch: '' };
  const lines = text
    .slice(hunks + 1)
    .replace(/\n$/u, '')
    .split('\n');
  const added = lines.filter((line) => line.startsWith('+')).length;
  const removed = lines.filter((line) => line.startsWith('-')).length;
  return { path, change, added, removed, patch: isGenerated(path) ? '' : cut(lines) };
}

function pathOf(head: readonly string[]): string {
  const after = (start: string): string | undefined => head.find((line) => line.startsWith(start))?.slice(start.length);
  const named = [after('+++ '), after('--- '), after('rename to ')].find(
    (path) => path !== undefined && path !== '/dev/null',
  );
  // Without contents only the first line has the path, twice.
  const title = (head[0] ?? '').replace(/^diff --(?:git|cc|combined) /u, '');
  const path = named ?? title.slice(Math.max(0, Math.ceil(title.length / 2)));
  return path
    .trim()
    .replaceAll('"', '')
    .replace(/^[abciow]\//u, '')
    .slice(0, longestLine);
}

function changeOf(head: readonly string[]): ChangedFile['change'] {
  if (head.some((line) => line.startsWith('new file'))) return 'added';
  if (head.some((line) => line.startsWith('deleted file'))) return 'deleted';
  return head.some((line) => line.startsWith('rename to')) ? 'renamed' : 'modified';
}

function cut(lines: readonly string[]): string {
  const kept: string[] = [];
  let length = 0;
  for (const line of lines) {
    const short = line.slice(0, longestLine).trimEnd();
    length += short.length + 1;
    if (length > longestPatch) break;
    kept.push(short);
  }
  return kept.join('\n');
}

/** Files that a program wrote: their contents say nothing about the change. */
function isGenerated(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  return (
    generatedNames.has(name) ||
    ['.lock', '.lockb', '.map', '.min.js', '.min.css', '.snap'].some((end) => name.endsWith(end))
  );
}

const generatedNames = new Set(['package-lock.json', 'npm-shrinkwrap.json', 'pnpm-lock.yaml', 'go.sum', 'go.work.sum']);
