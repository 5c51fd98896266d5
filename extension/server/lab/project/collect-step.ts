/** A teacher answers questions. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabQuestions } from '../../../protocol/lab.ts';
import { collect } from '../collect/collect.ts';
import { readCodeQuestions } from '../collect/code-questions.ts';
import { eachOnce, readPromptFile } from '../collect/prompts.ts';
import type { Prompt } from '../collect/prompts.ts';
import { Shards } from '../collect/shards.ts';
import { describeTeacher } from '../collect/teacher.ts';
import { draw } from '../curate/draw.ts';
import { placeOf } from './project-file.ts';
import { fingerprint, useModel } from './step.ts';
import type { LabStep } from './step.ts';
import type { CollectResult } from './step-results.ts';

export const collectStep: LabStep<CollectResult> = {
  name: 'collect',
  inputs: async ({ session, folder, project: { questions, seed } }) => {
    if (questions === undefined || questions.files.length + questions.code.length === 0) {
      return undefined;
    }
    const files = [...questions.files, ...questions.code].map((path) => placeOf(folder, path));
    return {
      files: await Promise.all(files.map(fingerprint)),
      limit: questions.limit,
      answers: [
        await fingerprint(await session.store.resolve(questions.teacher, folder)),
        questions.maxTokens,
        questions.temperature,
        seed,
      ],
    };
  },
  // Whoever asks for more questions keeps the answers there are.
  folderKey: (inputs) => (inputs as { readonly answers: unknown }).answers,
  run: async (workshop, place, _before, hooks) => {
    const { session, folder, project } = workshop;
    const { questions, seed } = project;
    if (questions === undefined) {
      return { answers: 0, questions: 0, tokens: 0 };
    }
    hooks.tell({ words: 'reading the questions', fraction: 0, remainingSeconds: undefined });
    const prompts = await readQuestions(folder, questions, seed);
    const teacher = await describeTeacher(session, await useModel(workshop, questions.teacher, hooks), hooks.signal);
    const settings = {
      temperature: questions.temperature,
      maxTokens: questions.maxTokens,
      seed,
      followUps: 0,
      system: '',
    };
    const shards = new Shards(place.folder, { kind: 'collection', version: 1, teacher: teacher.sha256, ...settings });
    try {
      const found = await collect(
        session.engine,
        shards,
        { prompts, settings, teacher: teacher.record },
        {
          signal: hooks.signal,
          onProgress: ({ done, total, failed, remainingSeconds }) =>
            hooks.tell({
              words: `${done} of ${total} questions answered${failed > 0 ? `, ${failed} failed` : ''}`,
              fraction: total === 0 ? 1 : done / total,
              remainingSeconds,
            }),
        },
      );
      return { answers: shards.count, questions: prompts.length, tokens: found.completionTokens };
    } finally {
      shards.close();
    }
  },
};

/** The files of answers. */
export async function collectedFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => /^answers-\d+\.jsonl$/u.test(name))
    .sort()
    .map((name) => join(folder, name));
}

async function readQuestions(folder: string, questions: LabQuestions, seed: number): Promise<Prompt[]> {
  const lists: Prompt[][] = [];
  for (const file of questions.files) {
    lists.push((await readPromptFile(placeOf(folder, file))).prompts.slice());
  }
  for (const code of questions.code) {
    lists.push(await readCodeQuestions(placeOf(folder, code), seed));
  }
  return eachOnce(lists.flatMap((prompts) => draw(eachOnce(prompts), questions.limit, seed)));
}
