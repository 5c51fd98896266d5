/** Which of several texts some code is a new form of, when nothing names the file. Pure. */
import { sharedLines } from '../../base/shared-lines.ts';

const smallestShare = 0.3;

/** The index of the text that declares the most names of the code, or has the most of its lines. */
export function likeliest(code: string, texts: readonly string[]): number | undefined {
  const wanted = declaredNames(code);
  const scores = texts.map((text) => {
    const names = declaredNames(text);
    const common = [...wanted].filter((name) => names.has(name)).length;
    const share = sharedLines(text, code);
    return common === 0 && share < smallestShare ? 0 : common + share;
  });
  const best = Math.max(0, ...scores);
  return best === 0 ? undefined : scores.indexOf(best);
}

/** A line is not looked at further: a pattern must not meet a line of a megabyte. */
const longestLine = 200;

/** Names of functions, classes and the like, by the look of their lines. */
export function declaredNames(code: string): Set<string> {
  const names = new Set<string>();
  for (const line of code.split('\n')) {
    const start = line.slice(0, longestLine);
    const name = keyword.exec(start)?.[1] ?? method.exec(start)?.[1];
    if (name !== undefined && !statements.has(name)) names.add(name);
  }
  return names;
}

const keyword =
  /\b(?:function\*?|def|class|interface|struct|enum|trait|fn|func|module|type|const|let|var|impl)[ \t]+(?:\([^()]*\)[ \t]*)?([A-Za-z_$][\w$]*)/u;
/** `int total(int x) {`, `async add(item): void {` */
const method = /^[ \t]*(?:[\w<>[\],.*&:?]+[ \t]+){0,6}?([A-Za-z_$][\w$]*)[ \t]*\([^()]*\)[^;=]*\{[ \t]*$/u;
const statements = new Set(['if', 'for', 'while', 'switch', 'catch', 'return', 'else', 'with', 'function']);
