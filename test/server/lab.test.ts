/**
 * The lab's whole road with the small model: the terminal program makes it, is stopped, goes on; the child shows it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { CancellationTokenSource } from 'vscode-jsonrpc/node';
import type { DataMap } from '../../extension/protocol/data-map.ts';
import { OpenLab, RunLab, SaveLab } from '../../extension/protocol/lab.ts';
import type { LabState } from '../../extension/protocol/lab.ts';
import { startChild, root, smallModel } from './child.ts';
import { writeLabData } from './lab-data.ts';

let folder: string;
let out: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paddock-lab-'));
  out = join(folder, 'project');
  await writeLabData(join(folder, 'data'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the program; `stopAt`: interrupts it when stderr says this. */
function paddock(args: readonly string[], stopAt?: string): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [join(root, 'dist', 'cli.js'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    if (stopAt !== undefined && stderr.includes(stopAt)) child.kill('SIGINT');
  });
  return new Promise((resolve) => child.once('exit', (code) => resolve({ code, out: stdout, err: stderr })));
}

const statuses = (state: LabState): string[] => state.steps.map(({ name, status }) => `${name} ${status}`);
const everything = ['collect done', 'curate done', 'train done', 'release done', 'evaluate done'];

test('reproduces GPT4All at the smallest scale, from where it was stopped', async () => {
  const args = ['reproduce', 'gpt4all', '--scale', 'smoke', '--no-install', '--json'];
  const places = ['--data', join(folder, 'data'), '--out', out];
  const stopped = await paddock([...args, ...places], 'train\n');
  expect(stopped.code).toBe(130);
  expect(stopped.err).toContain('the same command goes on');
  const finished = await paddock([...args, ...places]);
  expect(finished.err).not.toContain('collect\n');
  expect(finished.code).toBe(0);
  const state = JSON.parse(finished.out) as LabState;
  expect(statuses(state)).toEqual(everything);
  expect(state.collected).toEqual(expect.objectContaining({ answers: 6, questions: 6 }));
  const p3 = state.curation?.sources.find(({ source }) => source === 'p3');
  expect(p3).toMatchObject({ recommendDrop: true, dropped: true });
  expect(state.curation?.sources.filter(({ recommendDrop }) => recommendDrop)).toHaveLength(1);
  expect(state.training?.validLoss).toBeLessThan(state.training?.firstValidLoss ?? 0);
  expect(state.comparison?.tasks).toBe(12);
  expect(state.comparison?.answers).toHaveLength(4);
  const map = JSON.parse(await readFile(state.curation?.map ?? '', 'utf8')) as DataMap;
  expect(map.points).toHaveLength(state.curation?.records ?? 0);
  expect(map.points.filter(({ loss }) => loss !== undefined)).toHaveLength(
    (state.curation?.train ?? 0) + (state.curation?.valid ?? 0),
  );
  const page = await readFile(state.report ?? '', 'utf8');
  for (const heading of ['Data collection', 'Curation', 'Training', 'Evaluation', 'Release', 'To do it again']) {
    expect(page).toContain(`<h2>${heading}</h2>`);
  }
  // The finished model answers.
  const answer = await paddock([
    'ask',
    'Write a sentence.',
    '--model',
    state.release?.path ?? '',
    '--max-tokens',
    '4',
    '--json',
  ]);
  expect(answer.code).toBe(0);
}, 300_000);

test('the child shows the project, and what a change makes outdated', async () => {
  const child = await startChild();
  try {
    const state = await child.connection.sendRequest(OpenLab, { folder: out });
    expect(statuses(state)).toEqual(everything);
    expect(state.training?.points.length).toBeGreaterThan(2);
    const train = { ...state.project.train, epochs: 2 };
    const changed = await child.connection.sendRequest(SaveLab, { folder: out, project: { ...state.project, train } });
    expect(statuses(changed)).toEqual([
      'collect done',
      'curate done',
      'train outdated',
      'release outdated',
      'evaluate outdated',
    ]);
    // What is outdated stays in sight.
    expect(changed).toMatchObject({
      training: { points: state.training?.points },
      release: state.release,
      comparison: state.comparison,
    });
    // Going back costs nothing.
    const back = await child.connection.sendRequest(SaveLab, { folder: out, project: state.project });
    expect(statuses(back)).toEqual(everything);
    const ran = await child.connection.sendRequest(RunLab, { folder: out });
    expect(ran.steps).toEqual(back.steps);
  } finally {
    await child.stop();
  }
}, 60_000);

test('a project is worked on by one run at a time, here or in the terminal', async () => {
  const child = await startChild();
  const { connection } = child;
  try {
    const { project } = await connection.sendRequest(OpenLab, { folder: out });
    await connection.sendRequest(SaveLab, {
      folder: out,
      project: { ...project, train: { ...project.train, epochs: 3 } },
    });
    const stop = new CancellationTokenSource();
    const run = connection
      .sendRequest(RunLab, { folder: out, until: 'train' }, stop.token)
      .catch((error: Error) => error);
    await vi.waitFor(() => stat(join(out, 'run.lock')), { timeout: 10_000 });
    const second = await paddock(['lab', out]);
    expect([second.code, second.out]).toEqual([1, '']);
    expect(second.err).toMatch(
      new RegExp(`^paddock lab: Another run works in .*: process ${child.process.pid}, since`, 'u'),
    );
    stop.cancel();
    await run;
    await expect(stat(join(out, 'run.lock'))).rejects.toThrow('ENOENT');
    await connection.sendRequest(SaveLab, { folder: out, project });
  } finally {
    await child.stop();
  }
}, 60_000);

test('a run of "paddock collect" holds its folder, also against one that was killed', async () => {
  const questions = join(folder, 'many.txt');
  const answers = join(folder, 'many');
  await writeFile(questions, Array.from({ length: 40 }, (_, n) => `What is ${n} plus ${n}?`).join('\n'));
  const args = ['collect', questions, '--model', smallModel, '--out', answers, '--json', '--max-tokens', '24'];
  const first = spawn(process.execPath, [join(root, 'dist', 'cli.js'), ...args], { stdio: 'ignore' });
  await vi.waitFor(() => stat(join(answers, 'answers-00001.jsonl')), { timeout: 20_000, interval: 50 });
  const second = await paddock(args);
  expect(second.code).toBe(1);
  expect(second.err).toContain(`Another run works in ${answers}: process ${first.pid}`);
  first.kill('SIGKILL');
  await once(first, 'exit');
  const third = await paddock([...args, '--limit', '4']);
  expect([third.code, third.err]).toEqual([0, '']);
  expect(JSON.parse(third.out)).toMatchObject({ prompts: 4 });
  expect((await readdir(answers)).filter((name) => name.includes('lock'))).toEqual([]);
}, 60_000);

test('says what is wrong with a project and what is missing', async () => {
  const child = await startChild();
  const { connection } = child;
  try {
    await expect(connection.sendRequest(OpenLab, { folder: join(folder, 'data') })).rejects.toThrow(
      'holds no lab project',
    );
    const { project } = await connection.sendRequest(OpenLab, { folder: out });
    const empty = join(folder, 'empty');
    const bare = { ...project, questions: undefined, records: [] };
    const state = await connection.sendRequest(SaveLab, { folder: empty, project: bare });
    expect(statuses(state)).toEqual([
      'collect off',
      'curate waiting',
      'train waiting',
      'release waiting',
      'evaluate waiting',
    ]);
    await expect(connection.sendRequest(RunLab, { folder: empty })).rejects.toThrow('There is no data yet');
    const wrong = { ...project, train: { ...project.train, preset: 'huge' as 'laptop' } };
    await expect(connection.sendRequest(SaveLab, { folder: empty, project: wrong })).rejects.toThrow(
      'train.preset must be',
    );
    const absent = { ...project, base: smallModel, records: ['absent.jsonl'] };
    await connection.sendRequest(SaveLab, { folder: empty, project: absent });
    await expect(connection.sendRequest(RunLab, { folder: empty })).rejects.toThrow('absent.jsonl does not exist');
    await expect(stat(join(empty, 'train'))).rejects.toThrow('ENOENT');
  } finally {
    await child.stop();
  }
}, 60_000);
