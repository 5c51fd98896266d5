/** `lab.json`: the user's settings of a project. It is untrusted: people edit it and get it from others. */
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { trainPresetNames } from '../../../protocol/lab.ts';
import type { LabProject, LabQuestions } from '../../../protocol/lab.ts';
import {
  CheckError,
  flag,
  list,
  number,
  object,
  oneOf,
  optional,
  text,
  whole,
  withDefault,
} from '../../../protocol/check.ts';
import type { Check } from '../../../protocol/check.ts';
import { EngineError } from '../../engine/errors.ts';
import { checked } from '../../params.ts';
import { writeAtomically } from '../../../base/write-atomically.ts';

export const projectName = 'lab.json';

/**
 * Throws `notFound` when the folder holds no project, and `invalidArgument` when its file says something impossible.
 */
export async function readProject(folder: string): Promise<LabProject> {
  const path = join(folder, projectName);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new EngineError('notFound', `${folder} holds no lab project: there is no ${projectName} in it.`, error);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new EngineError('invalidArgument', `${path} is not JSON. Correct it, or create a new project.`, error);
  }
  return checkProject(value, path);
}

export async function writeProject(folder: string, project: LabProject): Promise<void> {
  const checked = checkProject(project, projectName);
  await mkdir(folder, { recursive: true });
  await writeAtomically(join(folder, projectName), `${JSON.stringify(checked, undefined, 2)}\n`);
}

/** A path of a project, made absolute. */
export function projectPath(folder: string, path: string): string {
  return resolve(folder, path);
}

/** `file` names the origin of the value in the message. Throws `invalidArgument`. */
export function checkProject(value: unknown, file: string): LabProject {
  return checked(project, value, `${file}: `);
}

/** A path or a name without characters that no file system allows. */
const name = text({ pattern: /^[^\0]*$/u });

const questions: Check<LabQuestions> = object({
  files: list(name),
  code: list(name),
  teacher: name,
  limit: whole(0, 1e9),
  maxTokens: whole(1, 32_768),
  temperature: number(0, 5),
});

const version: Check<1> = (value, place) => {
  if (value !== 1) throw new CheckError(place, 'must be 1; a newer Paddock may have written it');
  return value;
};

const project: Check<LabProject> = object({
  version,
  title: name,
  base: name,
  questions: optional(questions),
  records: list(name),
  tasks: optional(name),
  curate: object({
    dropSources: list(name),
    dropRecommended: withDefault(flag, false),
    dropIds: withDefault(list(name), []),
    validShare: number(0, 0.9),
  }),
  train: object({
    preset: oneOf(trainPresetNames),
    epochs: optional(number(0.01, 1000)),
    learningRate: optional(number(1e-9, 1)),
  }),
  quantization: name,
  seed: whole(0, 2 ** 31 - 1),
});
