import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EngineError } from '../../engine/errors.ts';
import { readCurationReport, readEvaluationReport } from './report-files.ts';

let folder = '';
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'paddock-reports-'))));
afterAll(() => rmSync(folder, { recursive: true }));

function written(content: string): string {
  const path = join(folder, 'report.json');
  writeFileSync(path, content);
  return path;
}

const curation = {
  records: 3,
  train: 2,
  valid: 1,
  funnel: [{ step: 'read', dropped: 0, left: 3 }],
  redacted: 0,
  scores: { records: 0, loss: 0, ifd: 0, unrelated: 0 },
  sources: [],
  recommendation: { drop: [], dropped: [] },
  inputs: [{ name: 'a.jsonl', sha256: 'aa', bytes: 1, records: 3, bad: {} }],
  files: [],
};
const side = {
  model: 'm',
  counted: 1,
  tokens: 2,
  median: null,
  mean: 1.5,
  clipped: 0,
  excluded: { tooLong: 1 },
  histogram: [1],
  totals: {},
};
const metric = {
  id: 'x',
  definition: 'd',
  unit: 'u',
  higherIsBetter: false,
  range: [0, 1],
  sides: [side],
  tasks: [{ id: 't', values: [1, null] }],
};
const evaluation = {
  engine: { version: '1', abi: 1 },
  data: { name: 'd', bytes: 1, sha256: 'dd', badLines: 0, tasks: 1 },
  models: [],
  seed: 0,
  metrics: [metric],
};

test('reads what curating and evaluating have written, NaN included', async () => {
  expect(await readCurationReport(written(JSON.stringify(curation)))).toMatchObject({
    train: 2,
    inputs: [{ name: 'a.jsonl', sha256: 'aa' }],
  });
  const [read] = (await readEvaluationReport(written(JSON.stringify(evaluation)))).metrics;
  expect(read?.sides[0]?.median).toBeNaN();
  expect(read?.tasks[0]?.values).toEqual([1, null]);
});

const hostile: [string, unknown][] = [
  ['null', null],
  ['a list', []],
  ['a list that is an object', { ...curation, sources: { length: 1e9 } }],
  ['a step of the funnel that is unknown', { ...curation, funnel: [{ step: 'other', dropped: 0, left: 0 }] }],
  ['a number that is a text', { ...curation, train: '2' }],
];
test.each(hostile)('refuses a curation report that is or has %s', async (_name, value) => {
  const failure = await readCurationReport(written(JSON.stringify(value))).catch((error: unknown) => error);
  expect(EngineError.is(failure, 'invalidArgument')).toBe(true);
  expect(String(failure)).toContain('report.json');
});

test.each([
  ['a range of one number', { ...metric, range: [0] }],
  ['values that are texts', { ...metric, tasks: [{ id: 't', values: ['1'] }] }],
  ['a side without a model', { ...metric, sides: [{}] }],
])('refuses an evaluation with %s', async (_name, bad) => {
  const path = written(JSON.stringify({ ...evaluation, metrics: [bad] }));
  await expect(readEvaluationReport(path)).rejects.toThrow(/report.json: metrics\[0\].*must/u);
});

test('says what to do when a report is cut', async () => {
  await expect(readEvaluationReport(written('{"engine":'))).rejects.toThrow('Delete its folder and run');
});
