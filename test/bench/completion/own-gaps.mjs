/**
 * Gaps in this repository's own code, each behind the use of a name that the file imports: what declarations from other
 * files are good for. The reference is the rest of the line.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { outputOf, root } from '../../workbench/process.mjs';

const most = 60;

export function ownGaps() {
  const files = (outputOf('git', ['-C', root, 'ls-files', 'extension/*.ts']) ?? '').split('\n');
  const gaps = files.filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts')).flatMap(gapsIn);
  const step = Math.max(1, Math.floor(gaps.length / most));
  return gaps.filter((_, index) => index % step === 0).slice(0, most);
}

/** The last statement of one line that uses an imported name, at most one for each file. */
function gapsIn(path) {
  const text = readFileSync(join(root, path), 'utf8');
  const names = [...text.matchAll(/^import \{([^}]*)\} from '\.[^']*';/gm)].flatMap(([, list]) =>
    list.split(',').map((name) => name.trim()),
  );
  const values = names.filter((name) => /^\w+$/.test(name));
  if (values.length === 0) return [];
  const use = new RegExp(`^ .*\\b(?:${values.join('|')})[.(](?=[^\\n]{8,80};$)`, 'gm');
  const found = [...text.matchAll(use)].at(-1);
  if (found === undefined) return [];
  const at = found.index + found[0].length;
  const end = text.indexOf('\n', at);
  return [
    {
      id: `${path}:${at}`,
      path,
      languageId: 'typescript',
      folder: root,
      prefix: text.slice(0, at),
      suffix: text.slice(end),
      others: [],
      judge: { reference: text.slice(at, end) },
    },
  ];
}
