/** A step of a project, and the file that records whether it is done. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { LabProgress, LabProject, LabStepName } from '../../../protocol/lab.ts';
import { EngineError } from '../../engine/errors.ts';
import { writeAtomically } from '../../../base/write-atomically.ts';
import type { Session } from '../../session.ts';
import { recordCheck } from './step-results.ts';
import type { StepRecord, StepResults } from './step-results.ts';

/** The context in which a step runs. */
export interface StepContext {
  readonly session: Session;
  /** Of the project. */
  readonly folder: string;
  readonly project: LabProject;
}

export interface StepHooks {
  readonly signal: AbortSignal;
  readonly tell: (progress: Omit<LabProgress, 'step'>) => void;
  /** Publishes a partial result, which is kept after a stop. */
  readonly keep: (known: object) => Promise<void>;
}

/** The folder of a step's results for the current inputs. */
export interface StepOutput {
  /** The digest of everything that the result depends on. */
  readonly id: string;
  readonly folder: string;
}

/** The outputs of earlier steps that the project has. */
export type StepOutputs = Readonly<Partial<Record<LabStepName, StepOutput>>>;

export interface LabStep<Result> {
  readonly name: LabStepName;
  /**
   * The inputs of the step, besides those of earlier steps; undefined = the project does not have the step. Files are
   * represented by their `fingerprint`.
   */
  inputs(context: StepContext, before: StepOutputs): Promise<unknown>;
  /** The part of the inputs that names the folder, if not all of them: growing results share a folder. */
  folderKey?(inputs: unknown): unknown;
  /** Throws `cancelled`; the next run resumes. */
  run(context: StepContext, output: StepOutput, before: StepOutputs, hooks: StepHooks): Promise<Result>;
}

/** A step's folder is named by a digest of its inputs, so that going back to earlier settings costs nothing. */
export function outputOfStep(folder: string, step: LabStep<unknown>, inputs: unknown): StepOutput {
  const key = step.folderKey?.(inputs) ?? inputs;
  return { id: digest(inputs), folder: join(folder, step.name, digest(key).slice(0, 8)) };
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}

/** A file that cannot be read or fails the check counts as not finished. */
export async function readRecord<Name extends LabStepName>(
  name: Name,
  { id, folder }: StepOutput,
): Promise<StepRecord<StepResults[Name]> | undefined> {
  const record = await readRecordFile(name, join(folder, recordName));
  return record?.id === id ? record : undefined;
}

async function readRecordFile<Name extends LabStepName>(
  name: Name,
  path: string,
): Promise<StepRecord<StepResults[Name]> | undefined> {
  try {
    return recordCheck(name)(JSON.parse(await readFile(path, 'utf8')), path);
  } catch {
    return undefined;
  }
}

export async function writeRecord(output: StepOutput, record: Omit<StepRecord<unknown>, 'id'>): Promise<void> {
  await mkdir(output.folder, { recursive: true });
  await writeAtomically(join(output.folder, recordName), `${JSON.stringify({ id: output.id, ...record })}\n`);
}

/** The result of the last finished run of a step, with any inputs. `folder` has one folder per set of inputs. */
export async function readLastFinished<Name extends LabStepName>(
  name: Name,
  folder: string,
): Promise<{ readonly record: StepRecord<StepResults[Name]>; readonly folder: string } | undefined> {
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    names.map(async (one) => {
      const path = join(folder, one, recordName);
      const record = await readRecordFile(name, path);
      return record?.state === 'done' ? [{ record, folder: join(folder, one), time: (await stat(path)).mtimeMs }] : [];
    }),
  );
  return found.flat().sort((one, other) => other.time - one.time)[0];
}

const recordName = 'step.json';

/** Detects a changed file by size and time, without reading it. Throws `notFound`. */
export async function fingerprint(path: string): Promise<readonly [path: string, size: number, changed: number]> {
  const found = await stat(path).catch((error: unknown) => {
    throw new EngineError('notFound', `${path} does not exist or cannot be read.`, error);
  });
  return [path, found.isDirectory() ? 0 : found.size, found.isDirectory() ? 0 : Math.floor(found.mtimeMs)];
}

/** The output of an earlier step that the project must have. */
export function required(outputs: StepOutputs, name: LabStepName): StepOutput {
  const output = outputs[name];
  if (output === undefined) {
    throw new EngineError('internal', `The step "${name}" is missing.`);
  }
  return output;
}

/** Loads a model unless it is already loaded. */
export async function useModel(
  { session, folder }: StepContext,
  name: string,
  { signal, tell }: StepHooks,
): Promise<{ readonly name: string; readonly path: string }> {
  const path = await session.store.resolve(name, folder);
  if (session.engine.info?.path !== path) {
    tell({ words: `loading ${basename(name)}`, fraction: 0, remainingSeconds: undefined });
    await session.engine.load(path, { signal });
  }
  return { name, path };
}
