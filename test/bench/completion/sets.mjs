/**
 * Gaps in code that others chose: `{ id, path, languageId, prefix, suffix, others, judge }`. `others` are places in
 * other files, as the editor sends recent ones. `judge` is either a program to run, `{ program(middle) }` with files
 * and a command that ends with 0 when the middle is right, or the middle that was there, `{ reference }`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownGaps } from './own-gaps.mjs';

/** Compares what a program prints with what is accepted: word by word, without regard to case, decimals to 1e-6. */
const checker = `
import json, subprocess, sys
def same(a, b):
    if a.lower() == b.lower():
        return True
    try:
        return ("." in a or "." in b) and abs(float(a) - float(b)) <= 1e-6
    except ValueError:
        return False
for case in json.load(open("cases.json")):
    got = subprocess.run(sys.argv[1:], input=case["input"], capture_output=True, text=True, timeout=20)
    words = got.stdout.split()
    if got.returncode != 0 or not any(
        len(words) == len(want.split()) and all(map(same, words, want.split())) for want in case["output"]
    ):
        sys.exit(1)
`;

const languages = {
  python: { file: 'main.py', build: '', run: 'python3 -I -B main.py' },
  cpp: {
    file: 'main.cpp',
    build: 'g++ -O1 -std=c++17 -w -o main main.cpp && ulimit -s 262144 2>/dev/null;',
    run: './main',
  },
};

function safimProgram({ lang, unit_tests: cases }, text) {
  const files = { 'cases.json': JSON.stringify(cases), 'check.py': checker };
  if (lang !== 'java') {
    const { file, build, run } = languages[lang];
    return { files: { ...files, [file]: text }, command: `${build} python3 check.py ${run}` };
  }
  const name =
    /public\s+(?:final\s+)?class\s+(\w+)/.exec(text)?.[1] ??
    /class\s+(\w+)(?=(?:(?!\bclass\b)[\s\S])*\bvoid\s+main\b)/.exec(text)?.[1] ??
    'Main';
  return {
    files: { ...files, [`${name}.java`]: text },
    command: `javac -J-Xmx512m -nowarn ${name}.java 2>/dev/null && python3 check.py java -Xss64m -Xmx512m ${name}`,
  };
}

function safim(record) {
  const text = record.eval_prompt.replaceAll('\r\n', '\n');
  const [prefix, suffix] = text.split('{{completion}}');
  return {
    path: { python: 'main.py', java: 'Main.java', cpp: 'main.cpp' }[record.lang],
    languageId: record.lang,
    prefix,
    suffix,
    others: [],
    judge: { program: (middle) => safimProgram(record, `${prefix}${middle}${suffix}`) },
  };
}

function humanEval({ prompt, suffix, test, entry_point: name }) {
  const program = (middle) => ({
    files: { 'main.py': `${prompt}${middle}${suffix}\n${test}\ncheck(${name})\n` },
    command: 'python3 -I -B main.py',
  });
  return { path: 'main.py', languageId: 'python', prefix: prompt, suffix, others: [], judge: { program } };
}

function crossCodeEval({ lang, file, prompt, right_context: suffix, groundtruth, chunks }) {
  // As if they had been looked at lately. Where in their files they stand is not told.
  const others = chunks
    .toSorted((a, b) => a.score - b.score)
    .map(({ filename, retrieved_chunk: text }) => ({ path: filename, startLine: 1, text }));
  return { path: file, languageId: lang, prefix: prompt, suffix, others, judge: { reference: groundtruth } };
}

export const sets = {
  'humaneval-infilling-light': humanEval,
  'humaneval-single-line': humanEval,
  'safim-block-python': safim,
  'safim-block-java': safim,
  'safim-block-cpp': safim,
  'safim-control-python': safim,
  'safim-control-java': safim,
  'safim-control-cpp': safim,
  crosscodeeval: crossCodeEval,
  own: undefined,
};

/** `folder` has the sets as JSON lines, but for this repository's own code. */
export function readGaps(folder, name) {
  if (name === 'own') return ownGaps();
  return readFileSync(join(folder, `${name}.jsonl`), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
    .map((record) => ({ id: record.task_id, ...sets[name](record) }));
}

/** Lines that say something. */
function lines(text) {
  return text
    .split('\n')
    .map((line) => line.replace(/(?:#|\/\/).*$/, '').trim())
    .filter(Boolean);
}

export function isExact(text, reference) {
  return lines(text).join('\n') === lines(reference).join('\n');
}

/** 0 to 100: the share of characters that need no insertion or deletion. */
export function editSimilarity(text, reference) {
  const [a, b] = [text.trim(), reference.trim()];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, char] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) next.push(char === b[j] ? row[j] : 1 + Math.min(row[j + 1], next[j]));
    row = next;
  }
  return a.length + b.length === 0 ? 100 : 100 * (1 - row[b.length] / (a.length + b.length));
}
