/** Example calls that models like to add behind the code they were asked for. */

const heading =
  /^(?:#|\/\/)\s*(?:example|usage|sample|test|check|try)\b.*$|^if __name__ == (?:"__main__"|'__main__'):$/iu;
const wanted = /\b(?:example\w*|usage|demo\w*|sample\w*|test\w*|main|print\w*|call\w*|script|run)\b/iu;

/** The code without examples at its end that neither the old code has nor the instruction asks for. */
export function withoutExamples(
  code: string,
  { old, instruction }: { readonly old: string; readonly instruction: string },
): string {
  if (wanted.test(instruction)) return code;
  const known = new Set(old.split(/\r?\n/u));
  const lines = code.split('\n');
  const start = lines.findIndex((line) => heading.test(line.trimEnd()) && !known.has(line.trimEnd()));
  const kept = lines.slice(0, start);
  // A heading before all code would take everything away.
  const hasCode = kept.some((line) => line.trim() !== '' && !/^\s*(?:#|\/\/)/u.test(line));
  const takesDeclaration = lines.slice(start + 1).some((line) => declaration.test(line));
  return start < 1 || !hasCode || takesDeclaration
    ? code
    : kept.join('\n').trimEnd() + code.slice(code.trimEnd().length);
}

const declaration =
  /^(?:export\s+)?(?:async\s+)?(?:def|class|function|func|fn|public|private|interface|struct|enum|impl)\b/u;
