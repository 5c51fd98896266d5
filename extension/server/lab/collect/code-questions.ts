/** Questions about a folder of code: each piece of a file is asked about in one of several ways. */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join, relative, sep } from 'node:path';
import { toPrompt } from './prompts.ts';
import type { Prompt } from './prompts.ts';

/**
 * What is asked; `{code}` is the piece in a code block, `{file}` its path in the folder. They ask for short answers:
 * left
 * alone, a teacher tells code again at a length that is cut off, and an answer without its end teaches nothing.
 */
export const templates = [
  'Explain in a few sentences what this part of `{file}` does.\n\n{code}',
  'Is there a mistake in this code, or a case that it does not handle? Name the most important one, and show only the lines that you would change.\n\n{code}',
  'Write one or two short unit tests for this code from `{file}`.\n\n{code}',
  'How could this code become easier to read? Name the best change in a sentence or two, and show only the lines that it concerns.\n\n{code}',
  'Write a documentation comment for each function or type in this code, without repeating the code itself.\n\n{code}',
  'What would somebody who is new to this project have to know before changing this code in `{file}`? Answer in at most three sentences.\n\n{code}',
] as const;

/** `seed` chooses the question for each piece. In the order of the files' names. */
export async function readCodeQuestions(folder: string, seed: number): Promise<Prompt[]> {
  const prompts: Prompt[] = [];
  for (const path of await codeFiles(folder)) {
    const file = relative(folder, path).split(sep).join('/');
    for (const piece of pieces(await readFile(path, 'utf8'))) {
      const digest = createHash('sha256').update(`${seed}\n${file}\n${piece}`).digest();
      const template = templates[digest.readUInt32LE(0) % templates.length] ?? templates[0];
      const code = `\`\`\`${languages[extname(path)] ?? ''}\n${piece}\n\`\`\``;
      const content = template.replace('{file}', () => file).replace('{code}', () => code);
      prompts.push(toPrompt([{ role: 'user', content }], `code:${basename(folder)}`));
    }
  }
  return prompts;
}

/** Parts of at most `mostLines` lines that end where a blank line is followed by one that is not indented. */
export function pieces(text: string): string[] {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const found: string[] = [];
  let from = 0;
  while (from < lines.length) {
    let to = Math.min(lines.length, from + mostLines);
    if (to < lines.length) {
      for (let at = to; at > from + leastLines; at--) {
        if (lines[at - 1]?.trim() === '' && /^\S/u.test(lines[at] ?? '')) {
          to = at;
          break;
        }
      }
    }
    found.push(
      lines
        .slice(from, to)
        .join('\n')
        .replace(/^\n+|\s+$/gu, ''),
    );
    from = to;
  }
  return found.filter((piece) => piece.split('\n').filter((line) => line.trim() !== '').length >= leastLines);
}

const mostLines = 40;
const leastLines = 3;
/** Generated and minified files are larger, and teach nothing. */
const mostBytes = 200_000;

async function codeFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith('.') || skipped.has(entry.name)) continue;
    if (entry.isDirectory()) found.push(...(await codeFiles(path)));
    else if (entry.isFile() && extname(entry.name) in languages && (await stat(path)).size <= mostBytes)
      found.push(path);
  }
  return found;
}

const skipped = new Set([
  'node_modules',
  'dist',
  'build',
  'out',
  'target',
  'vendor',
  'venv',
  '__pycache__',
  'coverage',
]);

const languages: Readonly<Record<string, string>> = {
  '.c': 'c',
  '.cc': 'cpp',
  '.cpp': 'cpp',
  '.cs': 'csharp',
  '.css': 'css',
  '.go': 'go',
  '.h': 'cpp',
  '.hpp': 'cpp',
  '.html': 'html',
  '.java': 'java',
  '.js': 'javascript',
  '.jsx': 'jsx',
  '.kt': 'kotlin',
  '.lua': 'lua',
  '.mjs': 'javascript',
  '.php': 'php',
  '.py': 'python',
  '.rb': 'ruby',
  '.rs': 'rust',
  '.scala': 'scala',
  '.sh': 'bash',
  '.sql': 'sql',
  '.swift': 'swift',
  '.ts': 'typescript',
  '.tsx': 'tsx',
};
