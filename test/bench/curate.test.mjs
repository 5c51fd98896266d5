/** The curation as a whole on planted defects: what it finds, what it leaves alone, what it recommends and writes. */
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { curate } from '../../extension/server/lab/curate/curate.ts';
import { characterLength } from '../../extension/server/lab/curate/options.ts';
import { Corpus, makeEvaluation, plantDefects, score } from './curate-corpus.mjs';

const each = 120;
let folder = '';
let entries = [];
let report;
let attributes = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paddock-curate-'));
  const corpus = new Corpus({ seed: 3 });
  const evaluation = makeEvaluation(corpus, 60);
  entries = plantDefects(corpus, each, evaluation);
  await writeLines(
    'mixed.jsonl',
    entries.map(({ record }) => record),
  );
  await writeLines('eval.jsonl', evaluation);
  await writeLines(
    'seeds.jsonl',
    Array.from({ length: 300 }, (_, index) => seedTask(corpus, index)),
  );
  await writeLines(
    'templates.jsonl',
    Array.from({ length: 1500 }, () => corpus.templated()),
  );
  report = await run({ folder: join(folder, 'first') });
  attributes = (await lines(join(folder, 'first', 'attributes.jsonl'))).slice(0, entries.length);
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

function seedTask(corpus, index) {
  const instances = [{ input: index % 2 === 0 ? '' : corpus.sentence(), output: corpus.paragraph(1, 5) }];
  return { id: `task_${index}`, instruction: corpus.sentence(8, 20), instances, is_classification: false };
}

function run(changes, signal = new AbortController().signal, onProgress = () => {}) {
  return curate(
    {
      inputs: ['mixed.jsonl', 'seeds.jsonl', 'templates.jsonl'].map((name) => join(folder, name)),
      evaluation: [join(folder, 'eval.jsonl')],
      keep: new Set(),
      dropSources: [],
      dropRecommended: false,
      dropSecrets: false,
      dropPersonal: false,
      seed: 42,
      validShare: 0.1,
      length: characterLength,
      dropIds: new Set(),
      mapPoints: 0,
      score: undefined,
      ...changes,
    },
    { signal, onProgress },
  );
}

function writeLines(name, values) {
  return writeFile(join(folder, name), `${values.map((value) => JSON.stringify(value)).join('\n')}\n`);
}

async function lines(path) {
  return (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('finds at least 95 % of each defect and is right at least 95 % of the time', () => {
  const rows = score(entries, attributes);
  expect(rows).toHaveLength(15);
  expect(rows.filter(({ recall, precision }) => recall < 0.95 || precision < 0.95)).toEqual([]);
});

test('recommends dropping the source of templates, and no other', () => {
  expect(report.recommendation.drop).toEqual(['templates']);
  expect(report.sources.map(({ source }) => source)).toEqual(['answers', 'seeds', 'templates']);
});

test('drops the recommended source on request and counts it in the funnel', async () => {
  const dropped = await run({ folder: join(folder, 'recommended'), dropRecommended: true });
  const step = dropped.funnel.find(({ step }) => step === 'sources');
  expect(step.dropped).toBe(dropped.sources.find(({ source }) => source === 'templates').records);
  const kept = await lines(join(folder, 'recommended', 'train.jsonl'));
  expect(kept.some(({ source }) => source === 'templates')).toBe(false);
});

test('the funnel adds up, and every record that is missing has its reason', async () => {
  for (const [index, { dropped, left }] of report.funnel.entries()) {
    expect(left).toBe((report.funnel[index - 1]?.left ?? report.records) - dropped);
  }
  expect(report.kept).toBe(report.funnel.at(-1).left);
  const all = await lines(join(folder, 'first', 'attributes.jsonl'));
  expect(all).toHaveLength(report.records);
  expect(all.filter(({ dropped, split }) => (dropped === null) !== (split !== null))).toEqual([]);
  const written = [
    ...(await lines(join(folder, 'first', 'train.jsonl'))),
    ...(await lines(join(folder, 'first', 'valid.jsonl'))),
  ];
  const expected = all.filter(({ split }) => split !== null).map(({ id }) => id);
  expect(new Set(written.map(({ id }) => id))).toEqual(new Set(expected));
  expect(written).toHaveLength(expected.length);
});

test('no secret and no personal datum is in what is written', async () => {
  const text = await readFile(join(folder, 'first', 'train.jsonl'), 'utf8');
  expect(text).toContain('[EMAIL]');
  expect(text).toContain('[AWS_KEY]');
  expect(text).not.toMatch(/AKIA[A-Z2-7]{16}|ghp_|@\w+mail\.com/u);
});

test('equal prompts are on one side of the split', async () => {
  const side = new Map();
  for (const split of ['train', 'valid']) {
    for (const { messages } of await lines(join(folder, 'first', `${split}.jsonl`))) {
      const known = side.get(messages[0].content);
      expect(known === undefined || known === split).toBe(true);
      side.set(messages[0].content, split);
    }
  }
  expect(report.valid / report.kept).toBeGreaterThan(0.05);
});

describe('the same input', () => {
  test('gives the same bytes', async () => {
    await run({ folder: join(folder, 'second') });
    const names = await readdir(join(folder, 'first'));
    expect(names.sort()).toEqual(['attributes.jsonl', 'card.md', 'manifest.json', 'train.jsonl', 'valid.jsonl']);
    for (const name of names) {
      expect(await readFile(join(folder, 'second', name), 'utf8')).toBe(
        await readFile(join(folder, 'first', name), 'utf8'),
      );
    }
  });

  test('and another seed another split', async () => {
    const other = await run({ folder: join(folder, 'other'), seed: 7 });
    const sha = ({ files }) => files.find(({ name }) => name === 'valid.jsonl').sha256;
    expect(sha(other)).not.toBe(sha(report));
    expect(other.kept).toBe(report.kept);
  });
});

describe('when it is cancelled', () => {
  test.each(['reading', 'comparing', 'writing'])('while %s it leaves nothing behind', async (step) => {
    const stop = new AbortController();
    const target = join(folder, `cancelled-${step}`);
    const running = run({ folder: target }, stop.signal, (progress) => {
      if (progress.step === step) stop.abort();
    });
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    await expect(readdir(target)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('what an earlier run made stays whole', async () => {
    const target = join(folder, 'earlier');
    await run({ folder: target });
    const before = await readFile(join(target, 'manifest.json'), 'utf8');
    await expect(run({ folder: target, seed: 9 }, AbortSignal.abort())).rejects.toMatchObject({
      name: /Abort|EngineError/u,
    });
    expect(await readFile(join(target, 'manifest.json'), 'utf8')).toBe(before);
    expect(await readdir(target)).not.toContain('.curate-working');
  });
});

test('what is kept on request is counted and stays', async () => {
  const kept = await run({ folder: join(folder, 'kept'), keep: new Set(['refusals', 'duplicates']) });
  expect(kept.reasons.refusals.counted).toBeGreaterThanOrEqual(each);
  expect(kept.reasons.refusals.dropped).toBe(0);
  expect(kept.funnel.find(({ step }) => step === 'duplicates').dropped).toBe(0);
});

test('does not read what it would replace', async () => {
  const target = join(folder, 'first');
  await expect(run({ folder: target, inputs: [join(target, 'train.jsonl')] })).rejects.toMatchObject({
    code: 'invalidArgument',
  });
});
