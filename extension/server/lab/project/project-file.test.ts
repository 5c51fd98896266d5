import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { LabProject } from '../../../protocol/lab.ts';
import { draw } from '../curate/draw.ts';
import { checkProject, readProject, writeProject } from './project-file.ts';
import { fileName } from './release-step.ts';
import { outputOfStep } from './step.ts';
import type { LabStep } from './step.ts';

const project: LabProject = {
  version: 1,
  title: 'Mine',
  base: 'small',
  questions: { files: ['q.txt'], code: [], teacher: 'large', limit: 10, maxTokens: 100, temperature: 0.3 },
  records: ['a.jsonl'],
  tasks: undefined,
  curate: { dropSources: [], dropRecommended: true, dropIds: [], validShare: 0.05 },
  train: { preset: 'laptop', epochs: undefined, learningRate: undefined },
  quantization: 'Q4_1',
  seed: 42,
};

test('a project comes back as it was written, and nothing that it does not know stays', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'paddock-project-'));
  try {
    await writeProject(join(folder, 'new'), { ...project, other: 1 } as LabProject);
    expect(await readProject(join(folder, 'new'))).toEqual(project);
    await expect(readProject(folder)).rejects.toMatchObject({ code: 'notFound' });
    await writeFile(join(folder, 'lab.json'), '{');
    await expect(readProject(folder)).rejects.toThrow('is not JSON');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test.each([
  [{ version: 2 }, 'version must be 1'],
  [{ base: 3 }, 'base must be a string'],
  [{ records: 'a' }, 'records must be a list'],
  [{ records: ['a\0b'] }, 'records[0] has the wrong format'],
  [{ curate: { ...project.curate, validShare: 2 } }, 'curate.validShare must be a number from 0 to 0.9'],
  [{ train: { preset: 'huge' } }, 'train.preset must be laptop or gpt4all-2023'],
  [{ train: { preset: 'laptop', epochs: Number.NaN } }, 'train.epochs must be a number from 0.01 to 1000'],
  [{ questions: { ...project.questions, limit: 1.5 } }, 'questions.limit must be a whole number'],
  [{ seed: -1 }, 'seed must be a whole number from 0'],
])('says what is wrong: %o', (change, words) => {
  expect(() => checkProject({ ...project, ...change }, 'lab.json')).toThrow(`lab.json: ${words}`);
});

test('draws as many as wanted, in their order, the same for a seed', () => {
  const items = Array.from({ length: 100 }, (_, index) => index);
  const drawn = draw(items, 10, 1);
  expect(drawn).toHaveLength(10);
  expect(drawn).toEqual([...drawn].sort((a, b) => a - b));
  expect(draw(items, 10, 1)).toEqual(drawn);
  expect(draw(items, 10, 2)).not.toEqual(drawn);
  expect(draw(items, 0, 1)).toEqual(items);
  expect(draw(items, 200, 1)).toEqual(items);
});

test('a title becomes the name of a file, whatever it is', () => {
  expect(fileName('Mein Modell für Ö!', 'Q4_K_M')).toBe('mein-modell-fu-r-o-q4_k_m.gguf');
  expect(fileName('../..', 'Q8_0')).toBe('model-q8_0.gguf');
});

test('results that grow keep their folder when only the number of questions changes', () => {
  const step = { name: 'collect', folderKey: ({ key }: { key: number }) => key } as unknown as LabStep<unknown>;
  const [few, many] = [outputOfStep('/p', step, { key: 1, limit: 1 }), outputOfStep('/p', step, { key: 1, limit: 9 })];
  expect(few.folder).toBe(many.folder);
  expect(few.id).not.toBe(many.id);
});
