/** Text for measurements that every checkout has: the repository's own. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outputOf, root } from '../workbench/process.mjs';

/** Each tracked source or document goes to one of two files, every second to each, so that both hold code and prose. */
export function splitTexts(folder) {
  const tracked = outputOf('git', ['-C', root, 'ls-files', '*.ts', '*.md', '*.cc', '*.h', '*.mjs']).trim().split('\n');
  // In an order that mixes languages and folders, and that a new file does not change much.
  const mixed = tracked.toSorted((a, b) => mark(a) - mark(b) || (a < b ? -1 : 1));
  const half = (parity) => {
    const path = join(folder, parity === 0 ? 'calibration.txt' : 'measured.txt');
    const files = mixed.filter((name) => mark(name) % 2 === parity);
    writeFileSync(path, files.map((name) => readFileSync(join(root, name), 'utf8')).join('\n'));
    return path;
  };
  return { calibration: half(0), measured: half(1) };
}

function mark(name) {
  let hash = 0;
  for (const character of name) hash = (hash * 31 + character.codePointAt(0)) % 65_521;
  return hash;
}
