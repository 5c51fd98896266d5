import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProgram } from './program.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paddock-cli-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function run(...args: string[]) {
  let out = '';
  let note = '';
  const host = {
    env: { PADDOCK_MODELS: folder },
    platform: 'none',
    arch: 'none',
    pid: 1,
    homeFolder: folder,
    installFolder: fileURLToPath(new URL('../..', import.meta.url)),
    isAlive: () => false,
    startOf: () => undefined,
  };
  const code = await runProgram(args, host, {
    out: (text) => (out += text),
    note: (text) => (note += text),
    interactive: false,
    styled: false,
    signal: new AbortController().signal,
  });
  return { code, out, note };
}

const verbs = [
  'chat',
  'ask',
  'complete',
  'search',
  'tokenize',
  'score',
  'perplexity',
  'bench',
  'inspect',
  'models',
  'collect',
  'curate',
  'evaluate',
  'importance',
  'quantize',
];

test('help goes to stdout and succeeds', async () => {
  const { code, out, note } = await run('--help');
  expect([code, note]).toEqual([0, '']);
  verbs.forEach((verb) => expect(out).toContain(`  ${verb} `));
});

test('help shows each option once, and only those that mean something', async () => {
  const { out } = await run('quantize', '--help');
  expect(out.match(/--adapter FILE/g)).toHaveLength(1);
  expect(out).toContain('--threads N');
  expect(out).not.toContain('--context N');
  expect((await run('ask', '--help')).out).toContain('--model NAME|PATH');
});

test.each(verbs)('%s has help', async (verb) => {
  const { code, out } = await run(verb, '--help');
  expect(code).toBe(0);
  expect(out).toContain(`Usage: paddock ${verb}`);
  expect(out).toContain('--help');
});

test.each([
  [[], 'Usage: paddock VERB'],
  [['dance'], 'there is no "dance"'],
  [['ask'], 'question is missing'],
  [['ask', 'x', '--wrong'], '--wrong'],
  [['complete'], '--prompt-file is missing'],
  [
    ['complete', '--prompt-file', '/dev/null', '--max-tokens', 'many'],
    '--max-tokens must be a whole number, not "many"',
  ],
  [['models', 'get'], 'paddock models list | get NAME'],
  [['models', 'eat', 'x'], 'paddock models list | get NAME'],
  [['inspect'], 'Give one file'],
  [['chat', '--json'], 'use "paddock ask"'],
  [['search'], 'Give one folder and one question'],
  [['search', '.'], 'Give one folder and one question'],
  [['search', '.', 'two', 'words'], 'in quotes'],
  [['search', '.', ' '], 'The question is empty'],
  [['search', '.', 'x', '--limit', '0'], '--limit must be at least 1'],
  [['curate', '--out', 'x'], 'at least one input file'],
  [['curate', '/dev/null'], '--out is missing'],
  [['curate', '/dev/null', '--out', 'x', '--keep', 'everything'], '--keep takes: malformed, refusals'],
  [['curate', '/dev/null', '--out', 'x', '--secrets', 'hide'], '--secrets must be redact or drop, not "hide"'],
  [['curate', '/dev/null', '--out', 'x', '--valid', '1'], '--valid must be below 1'],
  [['curate', '/dev/null', '--out', 'x', '--min-length', '9', '--max-length', '3'], '--min-length 9 is above'],
  [['perplexity', '--file', 'package.json', '--context', '8'], '--context must be at least 64'],
  [['perplexity', '--file', 'package.json', '--limit', '0'], '--limit must be at least 1'],
  [['collect'], '--out is missing'],
  [['collect', '--out', '/nowhere/x'], 'There are no questions. Name files of questions'],
  [['collect', 'package.json', '--out', '/nowhere/x', '--max-tokens', '0'], '--max-tokens must be at least 1'],
  [['collect', 'package.json', '--out', '/nowhere/x', '--follow-ups', 'some'], '--follow-ups must be a whole number'],
  [['train', '--out', '/nowhere/x'], 'Name at least one file of questions and answers'],
  [['train', 'package.json'], '--out is missing'],
  [['train', 'package.json', '--out', 'x', '--preset', 'best'], '--preset must be laptop or gpt4all-2023'],
  [['train', 'package.json', '--out', 'x', '--targets', 'q,head'], '--targets takes: q, k, v, o, gate, up, down'],
  [['train', 'package.json', '--out', 'x', '--rate', 'fast'], '--rate must be a number above 0'],
  [['train', 'package.json', '--out', 'x', '--rank', '0'], '--rank must be from 1 to 256'],
  [['merge', 'a.gguf', '--out', 'b.gguf'], '--adapter is missing'],
  [['importance', '--out', 'x'], 'Name at least one text'],
  [['importance', 'package.json'], '--out is missing'],
  [['importance', 'package.json', '--out', 'x', '--context', '8'], '--context must be at least 64'],
  [['evaluate'], 'Give one file with tasks'],
  [['evaluate', '/dev/null', '--metric', 'beauty'], 'There is no metric beauty. There are: gt-ppl,'],
  [['evaluate', '/dev/null', '--metric', 'gt-ppl,bits-per-byte'], 'run the other metrics by themselves'],
  [['evaluate', 'package.json', '--limit', '0'], '--limit must be at least 1'],
  [['evaluate', 'package.json', '--html', ''], '--html needs the name of a file'],
  [['evaluate', 'package.json', '--metric', 'humaneval'], 'Pass --allow-code to allow it'],
  [
    ['evaluate', 'package.json', '--metric', 'humaneval', '--allow-code', '--samples', '3', '--temperature', '0'],
    '--samples above 1 needs a --temperature above 0',
  ],
])('wrong usage is 2: %j', async (args, message) => {
  const { code, out, note } = await run(...args);
  expect([code, out]).toEqual([2, '']);
  expect(note).toContain(message);
});

describe('failures are 1, in words, with nothing on stdout', () => {
  test.each([
    [['ask', 'Why?'], 'No model is installed. Get one with "paddock models get NAME"'],
    [['ask', 'Why?', '--file', '/nowhere/a.ts'], '/nowhere/a.ts does not exist.'],
    [
      ['complete', '--file', 'package.json', '--offset', '0', '--workspace', '/nowhere'],
      '/nowhere does not exist or cannot be read.',
    ],
    [['ask', 'Why?', '--file', '/'], '/ is a folder, not a file.'],
    [['tokenize', '--file', '/dev/null', '--model', 'nothing'], 'no model of the catalogue has this name'],
    [['tokenize', '--file', '/dev/null', '--model', 'smollm2-135m-instruct'], 'not downloaded'],
    [['curate', '/nowhere.jsonl', '--out', '/nowhere/out'], '/nowhere.jsonl does not exist'],
    [['curate', '/', '--out', '/nowhere/out'], '/ is not a file.'],
    [['search', '/nowhere', 'x'], '/nowhere does not exist or cannot be read.'],
    [['search', 'package.json', 'x'], 'package.json is not a folder.'],
    [['collect', '/nowhere.txt', '--out', '/nowhere/x'], '/nowhere.txt does not exist'],
    [['collect', '--code', 'package.json', '--out', '/nowhere/x'], 'package.json is not a folder.'],
    [['collect', '--own-chats', '/nowhere', '--out', '/nowhere/x'], '/nowhere does not exist'],
    [['train', '/nowhere.jsonl', '--out', '/nowhere/x'], '/nowhere.jsonl does not exist'],
    [['train', 'package.json', '--valid', '/', '--out', '/nowhere/x'], '/ is not a file.'],
    [['importance', '/nowhere.txt', '--out', '/nowhere/x'], '/nowhere.txt does not exist'],
    [['evaluate', '/nowhere.jsonl'], '/nowhere.jsonl does not exist'],
    [['evaluate', '/'], '/ is not a file.'],
    [['evaluate', 'package.json', '--html', '/nowhere/x.html'], '/nowhere/x.html cannot be written'],
    [['evaluate', 'package.json'], 'No model is installed'],
    [['models', 'remove', '/nowhere.gguf'], 'neither in the catalogue nor a file that you added'],
  ])('%j', async (args, message) => {
    const { code, out, note } = await run(...args, '--json');
    expect([code, out]).toEqual([1, '']);
    expect(note).toContain(message);
  });

  test('a model folder of Hugging Face goes through quantize first', async () => {
    const path = join(folder, "Kim's model");
    await mkdir(path);
    await writeFile(join(path, 'config.json'), '{}');
    const command = `paddock quantize '${folder}/Kim'\\''s model' --out 'Kim'\\''s model.gguf'`;
    for (const verb of [
      ['inspect', path],
      ['tokenize', '--file', '/dev/null', '--model', path],
    ]) {
      const { code, note } = await run(...verb);
      expect(code).toBe(1);
      expect(note).toContain(command);
    }
  });

  test('no engine for this platform', async () => {
    const path = join(folder, 'x.gguf');
    await writeFile(path, 'x');
    const { code, note } = await run('inspect', path);
    expect(code).toBe(1);
    expect(note).toContain('has no engine for none-none');
  });
});

test('models list --json is one JSON value', async () => {
  const { code, out } = await run('models', 'list', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ folder });
});

describe('search', () => {
  async function shop(): Promise<string> {
    const path = await mkdtemp(join(folder, 'shop-'));
    await writeFile(join(path, 'tax.ts'), 'export function taxRate() {\n  return 0.1;\n}\n');
    await writeFile(join(path, 'cart.ts'), 'export function total() {\n  return 1;\n}\n');
    return path;
  }

  test('prints places, in JSON and for people', async () => {
    const path = await shop();
    const { code, out, note } = await run('search', path, 'Where is the tax rate?', '--json');
    expect([code, note]).toEqual([0, '']);
    // Without a build there is no parser, and then no symbol.
    expect(JSON.parse(out).hits).toMatchObject([{ path: 'tax.ts', startLine: 1, endLine: 3 }]);
    expect((await run('search', path, 'tax rate')).out).toMatch(/^tax\.ts:1-3/u);
    expect((await run('search', path, 'xylophone')).out).toBe('Nothing was found.\n');
    expect((await run('search', path, 'xylophone', '--json')).out).toBe('{"hits":[]}\n');
  });

  test('keeps its index where it is told, and sees what has changed since', async () => {
    const path = await shop();
    const kept = join(folder, 'kept');
    const find = (question: string) => run('search', path, question, '--json', '--cache-dir', kept);
    const first = await find('tax rate');
    expect(await find('tax rate')).toEqual(first);
    await writeFile(join(path, 'cart.ts'), 'export const voucher = 1;\n');
    expect(JSON.parse((await find('voucher')).out).hits).toMatchObject([{ path: 'cart.ts' }]);
    expect(await readdir(kept)).toHaveLength(1);
  });
});

describe('curate', () => {
  const records = [
    { prompt: 'What is the capital of France?', response: 'It is Paris, a city on the Seine.', source: 'a' },
    { prompt: 'What is the capital of France?', response: 'It is Paris, a city on the Seine.', source: 'b' },
    { prompt: 'Say something.', response: "I'm sorry, but I cannot help with that.", source: 'b' },
  ];
  async function curateRecords(...options: string[]) {
    const input = join(folder, 'records.jsonl');
    await writeFile(input, `${records.map((record) => JSON.stringify(record)).join('\n')}\nno JSON\n`);
    return { ...(await run('curate', input, '--out', join(folder, 'curated'), ...options)), input };
  }

  test('prints one report, which the manifest holds too', async () => {
    const { code, out, note } = await curateRecords('--json');
    expect([code, note]).toEqual([0, '']);
    const report = JSON.parse(out);
    expect(report).toMatchObject({ records: 3, kept: 1, badLines: 1 });
    expect(report.funnel.map(({ left }: { left: number }) => left)).toEqual([3, 3, 2, 2, 2, 2, 2, 2, 2, 1]);
    const { seconds, ...rest } = report;
    expect(seconds).toBeGreaterThanOrEqual(0);
    expect(JSON.parse(await readFile(join(folder, 'curated', 'manifest.json'), 'utf8'))).toEqual(rest);
    expect(await readFile(join(folder, 'curated', 'card.md'), 'utf8')).toContain('3 → 2 → 1');
  });

  test('drops records by their ids, however they are listed, and tells what names none', async () => {
    const ids = join(folder, 'ids.txt');
    await writeFile(ids, 'records.jsonl:1\n\n{"id":"records.jsonl:3","dropped":null}\n');
    const { out } = await curateRecords('--json', '--keep', 'refusals,duplicates', '--drop-ids', ids);
    const report = JSON.parse(out);
    expect(report.reasons.chosen.dropped).toBe(2);
    expect(report.kept).toBe(1);
    await writeFile(ids, '{"name":1}\n');
    const { code, note } = await curateRecords('--drop-ids', ids);
    expect(code).toBe(2);
    expect(note).toContain('this line names no record');
    expect((await curateRecords('--score', '5')).note).toContain('--score needs a --model');
  });

  test('keeps and drops what is asked for', async () => {
    const { out } = await curateRecords('--json', '--keep', 'refusals,duplicates', '--drop-source', 'a');
    expect(JSON.parse(out)).toMatchObject({ kept: 2, recommendation: { dropped: ['a'] } });
    const { code, note } = await curateRecords('--drop-source', 'nothing');
    expect(code).toBe(1);
    expect(note).toContain('There is no source nothing. There are: a, b.');
  });

  test('tells the funnel in words', async () => {
    const { code, out } = await curateRecords();
    expect(code).toBe(0);
    expect(out).toContain('refusals');
    expect(out).toContain('1 line was no record; card.md says which.');
  });
});
