/** The lab's long verbs with a real small model: their figures against plain arithmetic, and going on after a kill. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NativeModel } from '../../extension/server/engine/binding.ts';
import { loadAddon } from '../../extension/server/engine/load-addon.ts';
import { modelsFolder } from '../../extension/server/models/folder.ts';
import { nodeHost } from '../../extension/server/host.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const smallModel = 'smollm2-135m-instruct';
const slow = 240_000;
let folder = '';
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'paddock-lab-'))));
afterAll(() => rmSync(folder, { recursive: true }));

function start(...args: string[]) {
  const child = spawn(process.execPath, [join(root, 'dist', 'cli.js'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let note = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (note += chunk.toString()));
  const end = new Promise<{ code: number | null; out: string; note: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, out, note }));
  });
  return { child, end };
}

async function run(...args: string[]) {
  const { code, out, note } = await start(...args).end;
  expect([code, note]).toEqual([0, expect.any(String)]);
  return JSON.parse(out);
}

/** Kills it as nothing can be caught, as soon as the file has so many lines; then the same again to its end. */
async function killAndResume(file: string, lines: number, ...args: string[]) {
  const { child, end } = start(...args);
  const count = () => {
    try {
      return readFileSync(file, 'utf8').split('\n').length - 1;
    } catch {
      return 0;
    }
  };
  for (let waited = 0; count() < lines && child.exitCode === null && waited < 60_000; waited += 5) await sleep(5);
  child.kill('SIGKILL');
  const { code } = await end;
  return { killed: code === null, before: count(), result: await run(...args) };
}

const tasks = [
  ['Name the capital of France.', '', 'Paris'],
  ['Write a short poem about rain.', '', 'Rain falls on the roof,\nsoft and grey and slow,\nand the garden drinks.'],
  ['Add the numbers.', '2, 3, 5', 'The sum is 10.'],
  ['Say yes.', '', 'Yes'],
  ['Count to 400.', '', Array.from({ length: 400 }, (_, i) => i + 1).join(' ')],
] as const;

/** The evaluation of 2023 in a few lines, from the likelihoods of the windows' tokens alone. */
async function reference2023(model: NativeModel, instruction: string, input: string, output: string) {
  const prompt = `${instruction} ${input}`;
  const begin = model.tokenize(prompt, false).length;
  const ids = model.tokenize(`${prompt} ${output}`, false);
  const nlls: number[] = [];
  let previousEnd = 0;
  let end = 0;
  for (let at = begin; at < ids.length; at += 512) {
    end = Math.min(at + 512, ids.length);
    const window = ids.slice(at, end);
    const costs = window.length < 2 ? [] : [...(await model.score(window).result)];
    // Of no tokens the mean is 0 / 0.
    const loss = costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
    nlls.push(loss * (end - previousEnd));
    previousEnd = end;
    if (end === ids.length) break;
  }
  const perplexity = Math.exp(nlls.reduce((sum, nll) => sum + nll, 0) / end);
  return Math.min(100, Number.isNaN(perplexity) ? 0 : perplexity);
}

/** All likelihoods of the conversation, spelled out as SmolLM2 wants it; those of the answer count. */
async function referenceConditional(model: NativeModel, instruction: string, input: string, output: string) {
  const system = 'You are a helpful AI assistant named SmolLM, trained by Hugging Face';
  const asked = input === '' ? instruction : `${instruction}\n\n${input}`;
  const begin = `<|im_start|>system\n${system}<|im_end|>\n<|im_start|>user\n${asked}<|im_end|>\n<|im_start|>assistant\n`;
  const prompt = model.tokenize(begin, true);
  const answer = model.tokenize(output, false);
  const nll = [...(await model.score(Int32Array.from([...prompt, ...answer])).result)].slice(prompt.length - 1);
  return Math.min(100, Math.exp(nll.reduce((sum, cost) => sum + cost, 0) / nll.length));
}

describe('evaluate', () => {
  let model: NativeModel;
  let data = '';
  let path = '';
  beforeAll(async () => {
    const host = nodeHost(process, root);
    path = join(modelsFolder(host, undefined), 'smollm2-135m-instruct-q4_1.gguf');
    model = await loadAddon(host).loadModel(path, { contextLength: 2048 }, () => {}).result;
    data = join(folder, 'tasks.jsonl');
    const lines = tasks.map(([instruction, input, output]) => ({ instruction, instances: [{ input, output }] }));
    writeFileSync(data, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
  }, slow);
  afterAll(() => model.unload());

  test(
    'both metrics are what plain arithmetic gives',
    async () => {
      const report = await run('evaluate', data, '--metric', 'gt-ppl,gt-ppl/gpt4all-2023', '--model', path, '--json');
      const values = (id: string): number[] =>
        report.metrics
          .find((metric: { id: string }) => metric.id === id)
          .tasks.map(({ values: [value] }: { values: number[] }) => value);
      for (const [index, [instruction, input, output]] of tasks.entries()) {
        expect(values('gt-ppl')[index]).toBeCloseTo(await referenceConditional(model, instruction, input, output), 6);
        expect(values('gt-ppl/gpt4all-2023')[index]).toBeCloseTo(
          await reference2023(model, instruction, input, output),
          6,
        );
      }
      // "Yes" is a single token: what was not a number is a free win.
      expect(values('gt-ppl/gpt4all-2023')[3]).toBe(0);
      expect(report).toMatchObject({ seed: 42, data: { tasks: 5, badLines: 0 }, models: [{ quantization: 'Q4_1' }] });
      expect(report.data.sha256).toMatch(/^[0-9a-f]{64}$/u);
    },
    slow,
  );

  test(
    'goes on after a kill with the same report, and draws it',
    async () => {
      const page = join(folder, 'report.html');
      const args = ['evaluate', data, '--model', smallModel, '--against', path, '--html', page, '--json'];
      const { killed, before, result } = await killAndResume(join(folder, 'report.state.jsonl'), 3, ...args);
      expect(killed).toBe(true);
      expect(before).toBeLessThan(11);
      expect(result).toEqual(await run('evaluate', data, '--model', smallModel, '--against', path, '--json'));
      expect(result.metrics[0].paired).toMatchObject({ pairs: 5, ties: 5, p: 1 });
      expect(readFileSync(page, 'utf8')).toContain('<svg');
    },
    slow,
  );

  test(
    'perplexity, divergence and bits per byte hang together',
    async () => {
      const other = join(folder, 'q8.gguf');
      await run('quantize', path, '--type', 'Q8_0', '--out', other, '--json');
      const file = join(root, 'test', 'oracle', 'score.txt');
      const alone = await run('perplexity', '--file', file, '--model', path, '--json');
      const found = await run('perplexity', '--file', file, '--model', other, '--against', path, '--json');
      expect(found.divergence.basePerplexity).toBe(alone.perplexity);
      expect(alone.tokens).toBe(255 * alone.windows);
      expect(found.divergence.kld.value).toBeGreaterThan(0);
      expect(found.divergence.kld.value).toBeLessThan(0.02);
      expect(found.divergence.sameTop.value).toBeGreaterThan(0.9);
      expect(found.divergence.correlation).toBeGreaterThan(0.99);
      const bits = await run('evaluate', file, '--metric', 'bits-per-byte', '--model', path, '--json');
      expect(bits.metrics[0].sides[0].totals.bitsPerByte).toBeGreaterThan(0.5);
      expect(bits.metrics[0].sides[0].totals.bitsPerByte).toBeLessThan(2);
    },
    slow,
  );
});

test(
  'collect goes on after a kill with the answers that one run would have given',
  async () => {
    const questions = join(folder, 'questions.txt');
    writeFileSync(
      questions,
      ['What is rain?', 'Name three fruits.', 'What is 2 + 2?', 'Who are you?', 'Why?'].join('\n'),
    );
    const args = (out: string) => [
      'collect',
      questions,
      '--model',
      smallModel,
      '--max-tokens',
      '24',
      '--follow-ups',
      '1',
      '--out',
      out,
      '--json',
    ];
    const [whole, parts] = [join(folder, 'whole'), join(folder, 'parts')];
    await run(...args(whole));
    const { killed, before, result } = await killAndResume(join(parts, 'answers-00001.jsonl'), 2, ...args(parts));
    expect(killed).toBe(true);
    expect(result).toMatchObject({ prompts: 5, known: before, records: 5, failed: 0 });
    const text = (out: string) => readFileSync(join(out, 'answers-00001.jsonl'), 'utf8');
    expect(text(parts)).toBe(text(whole));
    expect(readdirSync(parts).sort()).toEqual(['answers-00001.jsonl', 'collect.jsonl']);
    expect(JSON.parse(text(whole).split('\n')[0] ?? '')).toMatchObject({
      prompt: 'What is rain?',
      source: 'questions',
      messages: [{ role: 'user' }, { role: 'assistant' }, { role: 'user' }, { role: 'assistant' }],
      model_settings: { model: smallModel, temperature: 0.3, max_tokens: 24 },
    });
  },
  slow,
);
