/** `lab.json`: what the user decides about a project. It is read as untrusted: people edit it and get it from others. */
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { trainPresetNames } from '../../../protocol/lab.ts';
import type { LabProject, LabQuestions } from '../../../protocol/lab.ts';
import { EngineError } from '../../engine/errors.ts';
import { writeAtomically } from '../../models/write-atomically.ts';

export const projectName = 'lab.json';

/** Throws `notFound` when the folder holds no project, and `invalidArgument` when its file says something impossible. */
export async function readProject(folder: string): Promise<LabProject> {
  const path = join(folder, projectName);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new EngineError('notFound', `${folder} holds no lab project: there is no ${projectName} in it.`, error);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new EngineError('invalidArgument', `${path} is no JSON. Mend it, or make a new project.`, error);
  }
  return checkProject(value, path);
}

export async function writeProject(folder: string, project: LabProject): Promise<void> {
  const checked = checkProject(project, projectName);
  await mkdir(folder, { recursive: true });
  await writeAtomically(join(folder, projectName), `${JSON.stringify(checked, undefined, 2)}\n`);
}

/** A path of a project, made absolute. */
export function placeOf(folder: string, path: string): string {
  return resolve(folder, path);
}

/** `name` says where the value is from, for the message. */
export function checkProject(value: unknown, name: string): LabProject {
  const check = new Checker(name);
  const project = check.object(value, 'the project');
  if (project['version'] !== 1) {
    throw check.wrong('version', 'must be 1; the project may be of a newer Paddock');
  }
  const curate = check.object(project['curate'], 'curate');
  const train = check.object(project['train'], 'train');
  const preset = trainPresetNames.find((known) => known === train['preset']);
  if (preset === undefined) {
    throw check.wrong('train.preset', `must be ${trainPresetNames.join(' or ')}`);
  }
  return {
    version: 1,
    title: check.text(project['title'], 'title'),
    base: check.text(project['base'], 'base'),
    questions: project['questions'] === undefined ? undefined : checkQuestions(check, project['questions']),
    records: check.texts(project['records'], 'records'),
    tasks: project['tasks'] === undefined ? undefined : check.text(project['tasks'], 'tasks'),
    curate: {
      dropSources: check.texts(curate['dropSources'], 'curate.dropSources'),
      dropRecommended: curate['dropRecommended'] === true,
      dropIds: check.texts(curate['dropIds'] ?? [], 'curate.dropIds'),
      validShare: check.number(curate['validShare'], 'curate.validShare', 0, 0.9),
    },
    train: {
      preset,
      epochs: check.optionalNumber(train['epochs'], 'train.epochs', 0.01, 1000),
      learningRate: check.optionalNumber(train['learningRate'], 'train.learningRate', 1e-9, 1),
    },
    quantization: check.text(project['quantization'], 'quantization'),
    seed: check.whole(project['seed'], 'seed', 2 ** 31 - 1),
  };
}

function checkQuestions(check: Checker, value: unknown): LabQuestions {
  const questions = check.object(value, 'questions');
  return {
    files: check.texts(questions['files'], 'questions.files'),
    code: check.texts(questions['code'], 'questions.code'),
    teacher: check.text(questions['teacher'], 'questions.teacher'),
    limit: check.whole(questions['limit'], 'questions.limit', 1e9),
    maxTokens: Math.max(1, check.whole(questions['maxTokens'], 'questions.maxTokens', 32_768)),
    temperature: check.number(questions['temperature'], 'questions.temperature', 0, 5),
  };
}

/** Values of a JSON text that must be of a kind. */
class Checker {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  wrong(what: string, problem: string): EngineError {
    return new EngineError('invalidArgument', `${this.#name}: ${what} ${problem}.`);
  }

  object(value: unknown, what: string): Readonly<Record<string, unknown>> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.wrong(what, 'must be an object');
    }
    return value as Readonly<Record<string, unknown>>;
  }

  text(value: unknown, what: string): string {
    if (typeof value !== 'string' || value.includes('\0')) {
      throw this.wrong(what, 'must be a text');
    }
    return value;
  }

  texts(value: unknown, what: string): string[] {
    if (!Array.isArray(value)) {
      throw this.wrong(what, 'must be a list of texts');
    }
    return value.map((item) => this.text(item, `each of ${what}`));
  }

  number(value: unknown, what: string, least: number, most: number): number {
    if (typeof value !== 'number' || !(value >= least && value <= most)) {
      throw this.wrong(what, `must be a number from ${least} to ${most}`);
    }
    return value;
  }

  optionalNumber(value: unknown, what: string, least: number, most: number): number | undefined {
    return value === undefined ? undefined : this.number(value, what, least, most);
  }

  whole(value: unknown, what: string, most: number): number {
    const number = this.number(value, what, 0, most);
    if (!Number.isInteger(number)) {
      throw this.wrong(what, 'must be a whole number');
    }
    return number;
  }
}
