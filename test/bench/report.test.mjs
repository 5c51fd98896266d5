import { expect, test } from 'vitest';
import { markdown, median } from './report.mjs';

test.each([
  [[3], 3],
  [[9, 1, 5], 5],
  [[10, 9, 1, 2], 5.5],
])('the median of %j is %d', (numbers, expected) => {
  expect(median(numbers)).toBe(expected);
});

const ours = (prefill, decode) => ({
  prefill,
  decode,
  prefillShare: prefill / 200,
  decodeShare: decode / 10,
  decodeLimit: decode * 2e9,
  int8Peak: 400e9,
  weightBytesPerToken: 1e9,
  layerWeights: 1e9,
  peakRssBytes: 3 * 2 ** 30,
  kernels: 'avx2',
});
const theirs = (prefill, decode, more = {}) => ({ prefill, decode, ...more });

const report = {
  date: '2026-05-04T03:02:01.000Z',
  machine: { cpu: 'A CPU', cores: 4, memoryBytes: 16 * 2 ** 30, system: 'Linux 6' },
  versions: { Paddock: '1.2.3', Node: '20.0.0' },
  threads: 2,
  models: [
    {
      name: 'a-model',
      fileBytes: 1.5e9,
      loads: [
        { loadMs: 1400, loadFirstMs: 1700, freshFirstMs: 900, freshMs: 210 },
        { loadMs: 1500, loadFirstMs: 1600, freshFirstMs: 950, freshMs: 220 },
        { loadMs: 2000, loadFirstMs: 2100, freshFirstMs: 200, freshMs: 190 },
      ],
      tests: [
        {
          prompt: 512,
          generate: 64,
          quiet: {
            Paddock: [ours(90, 8), ours(100, 7), ours(110, 9)],
            rival: [theirs(50, 4), theirs(50, 2), theirs(60, 5)],
          },
        },
      ],
    },
  ],
};
const [model] = report.models;
const withMore = (more) => markdown({ ...report, models: [{ ...model, ...more }] });

test('says what ran, where, and with what', () => {
  const text = markdown(report);
  expect(text).toContain('# Speed on 2026-05-04\n');
  expect(text).toContain('A CPU, 4 cores, 16.0 GiB, Linux 6. 2 threads, kernels avx2. Paddock 1.2.3, Node 20.0.0.');
  expect(text).toContain('## a-model (1.50 GB)');
});

test('compares medians, with what lies around them', () => {
  const lines = markdown(report).split('\n');
  expect(lines).toContain('| engine | prefill 512 | × | decode 64 after 512 | × | peak memory (× file) |');
  expect(lines).toContain('|---|--:|--:|--:|--:|--:|');
  expect(lines).toContain('| Paddock | 100.0 (90.0 to 110.0) |  | 8.0 (7.0 to 9.0) |  | 3072 MiB (2.15) |');
  expect(lines).toContain('| rival | 50.0 (50.0 to 60.0) | 2.00 | 4.0 (2.0 to 5.0) | 2.00 | ? |');
});

test('relates speed to the limits of the machine', () => {
  const text = markdown(report);
  expect(text).toContain('prefill uses 50.0 (45.0 to 55.0) % of the int8 peak, 400 G operations/s at best');
  expect(text).toContain('80.0 (70.0 to 90.0) % of what the same threads read between the tokens, 16.0 (14.0 to 18.0)');
  expect(text).toContain('Loading takes 1.50 (1.40 to 2.00) s, 1.00 s for each GB');
  expect(text).toContain(
    'as much memory takes 0.21 (0.19 to 0.22) s on one thread, and 0.90 (0.20 to 0.95) s for the first',
  );
  expect(text).toContain('and 1.70 (1.60 to 2.10) s when a host may have yet to give the memory');
});

test('a long prompt has columns and limits of its own', () => {
  const long = { ...model.tests[0], prompt: 4096 };
  const text = withMore({ tests: [...model.tests, long] });
  expect(text).toContain(
    '| engine | prefill 512 | × | decode 64 after 512 | × | prefill 4096 | × | decode 64 after 4096 | × | peak memory (× file) |',
  );
  expect(text).toContain('Prompt of 4096: prefill uses');
});

test('what was not measured is not there', () => {
  const text = markdown(report);
  ['busy', 'Cancelled', 'other numbers of threads', 'NaN', 'undefined'].forEach((word) =>
    expect(text).not.toContain(word),
  );
});

test('gives the share of the quiet speed that is kept', () => {
  const busy = { Paddock: [ours(80, 4)], rival: [theirs(5, 1)] };
  const text = withMore({ tests: [{ ...model.tests[0], busy }] });
  expect(text).toContain('| Paddock | 80.0 | 80 % | 4.0 | 50 % |');
  expect(text).toContain('| rival | 5.0 | 10 % | 1.0 | 25 % |');
});

test('gives the gain of more threads', () => {
  const sweep = [
    { threads: 1, samples: [ours(50, 5)] },
    { threads: 2, samples: [ours(95, 8)] },
  ];
  expect(withMore({ sweep })).toContain('| 2 | 95.0 | 1.90 | 8.0 | 1.60 |');
});

test('gives the time that cancelling takes', () => {
  const samples = [
    { settledMs: 1, idleMs: 0.5 },
    { settledMs: 3, idleMs: 20 },
  ];
  const text = withMore({ cancel: { promptTokens: 8000, prefill: samples, decode: samples.slice(0, 1) } });
  expect(text).toContain('| prefill of 8000 | 2 | 2.0 | 3.0 | 10.3 | 20.0 |');
  expect(text).toContain('| decode | 1 | 1.0 | 1.0 | 0.5 | 0.5 |');
});
