/**
 * Says which lines of comments are longer than 120 columns, and wraps them with `--fix`: formatters leave comments
 * alone.
 * Ends with exit code 1 when there is one.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { outputOf, root } from './process.mjs';

const most = 120;
const fix = process.argv.includes('--fix');
const files = (outputOf('git', ['-C', root, 'ls-files', '--cached', '--others', '--exclude-standard']) ?? '')
  .split('\n')
  .filter((name) => /\.(?:ts|mjs|h|cc|css)$/.test(name) && !/^test\/oracle\/recorded|peft_\w+\.h$/.test(name));

let found = 0;
for (const name of files) {
  const path = join(root, name);
  const text = await readFile(path, 'utf8').catch(() => '');
  const lines = text.split('\n');
  const wrapped = lines.flatMap((line, index) => {
    if (line.length <= most || !isComment(line)) return [line];
    if (!fix) console.error(`${name}:${index + 1}: a comment of ${line.length} columns`);
    found += 1;
    return wrap(line);
  });
  if (fix && wrapped.length !== lines.length) await writeFile(path, wrapped.join('\n'));
}
if (found > 0 && !fix) {
  console.error(
    `${found} lines of comments have more than ${most} columns. Wrap them: node test/workbench/columns.mjs --fix`,
  );
  process.exitCode = 1;
}

/** A whole line of a comment. Addresses cannot be wrapped. */
function isComment(line) {
  return /^\s*(?:\/\/|\/\*\*? |\* )/.test(line) && !/https?:\/\/\S{60}/.test(line);
}

function wrap(line) {
  const single = /^(\s*)\/\*\*? (.*?) ?\*\/$/.exec(line);
  if (single !== null) {
    const [, indent = '', words = ''] = single;
    return [`${indent}/**`, ...fill(words, `${indent} * `), `${indent} */`];
  }
  const [, prefix = '', words = ''] = /^(\s*(?:\/\/|\*) +)(.*)$/.exec(line) ?? [];
  return prefix === '' ? [line] : fill(words, prefix);
}

function fill(text, prefix) {
  const lines = [];
  let current = prefix;
  for (const word of text.split(' ')) {
    if (current !== prefix && current.length + 1 + word.length > most) {
      lines.push(current);
      current = prefix;
    }
    current += current === prefix ? word : ` ${word}`;
  }
  return [...lines, current];
}
