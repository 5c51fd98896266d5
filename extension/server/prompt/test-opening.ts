/**
 * The first line of a new test file: the import of the code under test. Small models write the code again instead, and
 * then test their copy. Pure.
 */
import type { CodeContext } from '../../protocol/server.ts';

/** Empty where the form of an import is not known, and for code that cannot be imported. */
export function testOpening(testPath: string, code: CodeContext): string {
  const { languageId, path, text } = code;
  if (languageId === 'python') {
    const names = declared(text, /^(?:async\s+)?(?:def|class)\s+(\w+)/gmu);
    return names === '' ? '' : `from ${pythonModule(path)} import ${names}\n`;
  }
  if (/^(?:type|java)script(?:react)?$/u.test(languageId)) {
    const names = declared(text, /^export\s+(?:async\s+)?(?:function\*?|class|const|let)\s+(\w+)/gmu);
    return names === '' ? '' : `import { ${names} } from '${scriptModule(testPath, path)}';\n`;
  }
  return '';
}

function declared(text: string, declaration: RegExp): string {
  return [...text.matchAll(declaration)].map(([, name]) => name).join(', ');
}

/** From the project's folder; `src` is where packages lie, and no package. */
function pythonModule(path: string): string {
  return path
    .replace(/\.py$/u, '')
    .replace(/^src\//u, '')
    .replaceAll('/', '.');
}

/** TypeScript leaves the extension out. */
function scriptModule(testPath: string, path: string): string {
  const from = testPath.split('/').slice(0, -1);
  const to = path.replace(/\.(?:ts|tsx)$/u, '').split('/');
  let shared = 0;
  while (shared < from.length && shared < to.length - 1 && from[shared] === to[shared]) shared += 1;
  const up = from.slice(shared).map(() => '..');
  const down = to.slice(shared);
  return [...(up.length === 0 ? ['.'] : up), ...down].join('/');
}
