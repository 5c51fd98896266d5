/**
 * Tasks that others wrote: how each is read, and how a changed text is tried. A task is `{ id, file, languageId, text,
 * reference, instruction, program(text) }`; the program is files and a command that ends with 0 when the task is
 * solved.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Their references need what is not there, or are broken. */
const leftOut = new Set(['JavaScript/162', 'CPP/22', 'CPP/38', 'CPP/162', 'Rust/32', 'Rust/38', 'Rust/50', 'Rust/162']);

export const sets = {
  editeval: (record) => ({
    file: 'code.py',
    text: record.input,
    reference: record.output,
    instruction: record.instruction,
    program: (text) => {
      const { context = '' } = record;
      const code = context.includes('{{Code}}') ? context.replaceAll('{{Code}}', () => text) : text;
      return python(`${code}\n\n${record.test}\n\ncheck()\n`);
    },
  }),
  'humanevalfix-python': fix('fix.py', (record, text) => python(`${text}\n${record.test}`)),
  'humanevalfix-js': fix('fix.js', (record, text) => {
    const assert = "console.assert = (ok, m) => { if (!ok) throw new Error(m || 'assertion failed') };";
    return { files: { 'main.js': `${assert}\n${text}\n${record.test}` }, command: 'node main.js' };
  }),
  'humanevalfix-java': fix('Fix.java', (record, text) => ({
    files: { 'Main.java': `${text}\n${record.test}` },
    command: 'javac -J-Xmx512m Main.java && java -Xmx512m Main',
  })),
  'humanevalfix-cpp': fix('fix.cpp', (record, text) => ({
    files: { 'main.cpp': `${text}\n${record.test}` },
    command: 'g++ -std=c++17 -w -o main main.cpp && ./main',
  })),
  'humanevalfix-go': fix('fix.go', goProgram, (record) => record.prompt),
  'humanevalfix-rust': fix('fix.rs', (record, text) => {
    const kept = text.split('\n').filter((line) => !/^\s*use (?:rand|regex|md5)/.test(line));
    const tests = record.test.split('\n').filter((line) => !/^\s*use (?:rand|regex|md5)/.test(line));
    return {
      files: { 'main.rs': `fn main(){}\n${kept.join('\n')}\n${tests.join('\n')}` },
      command: 'rustc --edition 2021 --test -A warnings -o main main.rs && ./main',
    };
  }),
  'quixbugs-python': (record) => ({
    file: `${record.task_id}.py`,
    text: record.buggy,
    reference: record.correct,
    instruction: `Fix the bug.\n${record.description}`,
    program: (text) => python(`${text}\n${quixBugsCheck(record)}`),
  }),
};

/** `folder` has the sets as JSON lines. */
export function readSet(folder, name) {
  const records = readFileSync(join(folder, `${name}.jsonl`), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return records
    .filter((record) => !leftOut.has(record.task_id))
    .map((record) => ({ id: record.task_id, ...sets[name](record) }))
    .map((task) => ({ ...task, languageId: languages[task.file.split('.').at(-1)] }));
}

const languages = { py: 'python', js: 'javascript', java: 'java', cpp: 'cpp', go: 'go', rs: 'rust' };

function fix(file, program, head = (record) => record.declaration) {
  return (record) => ({
    file,
    text: `${head(record)}${record.buggy_solution}`,
    reference: `${head(record)}${record.canonical_solution}`,
    instruction: `Fix the bug in ${record.entry_point}.`,
    program: (text) => program(record, text),
  });
}

function python(code) {
  return { files: { 'main.py': code }, command: 'python3 -I -B main.py' };
}

/** One file with one block of imports: what the code and the test use. */
function goProgram(record, text) {
  const code = [text, record.test].join('\n');
  const body = code.replace(/^import\s*\((?:[\s\S]*?)\)\s*$|^import\s+"[^"]*"\s*$|^package .*$/gmu, '');
  const known = {
    assert: 'github.com/stretchr/testify/assert',
    testing: 'testing',
    rand: 'math/rand',
    md5: 'crypto/md5',
    utf8: 'unicode/utf8',
  };
  const standard = [
    'bytes',
    'errors',
    'fmt',
    'math',
    'os',
    'reflect',
    'regexp',
    'slices',
    'sort',
    'strconv',
    'strings',
    'time',
    'unicode',
  ];
  const all = { ...Object.fromEntries(standard.map((name) => [name, name])), ...known };
  const used = Object.entries(all).filter(([name]) => new RegExp(`(?<![\\w.])${name}\\.`).test(body));
  const imports = used.map(([, path]) => `\t"${path}"`).join('\n');
  return {
    files: {
      'go.mod': 'module task\n\ngo 1.21\n\nrequire github.com/stretchr/testify v1.12.1\n',
      'main_test.go': `package main\n\nimport (\n${imports}\n)\n${body}`,
    },
    command: 'go test ./...',
  };
}

function quixBugsCheck(record) {
  return `
import copy, json, types
def plain(value):
    if isinstance(value, types.GeneratorType):
        value = list(value)
    return json.loads(json.dumps(value))
for arguments, expected in json.loads(${JSON.stringify(JSON.stringify(record.cases))}):
    result = plain(${record.task_id}(*copy.deepcopy(arguments)))
    assert result == expected, (arguments, result, expected)
`;
}
