/** What a step of a project is, and the file that says whether it is done. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { LabProgress, LabProject, LabStepName } from '../../../protocol/lab.ts';
import { EngineError } from '../../engine/errors.ts';
import { writeAtomically } from '../../models/write-atomically.ts';
import type { Session } from '../../session.ts';
import { recordCheck } from './step-results.ts';
import type { StepRecord, StepResults } from './step-results.ts';

/** What steps work with. */
export interface Workshop {
  readonly session: Session;
  /** Of the project. */
  readonly folder: string;
  readonly project: LabProject;
}

export interface StepHooks {
  readonly signal: AbortSignal;
  readonly tell: (progress: Omit<LabProgress, 'step'>) => void;
  /** Shows what is known of the result already, also after a stop. */
  readonly keep: (known: object) => Promise<void>;
}

/** Where a step's results are, of the inputs that there are now. */
export interface StepPlace {
  /** The digest of everything that the result depends on. */
  readonly id: string;
  readonly folder: string;
}

/** The steps before, as far as the project has them. */
export type StepPlaces = Readonly<Partial<Record<LabStepName, StepPlace>>>;

export interface LabStep<Result> {
  readonly name: LabStepName;
  /**
   * What the result depends on besides what the steps before depend on; undefined = the project does not have the step.
   * Files stand for themselves as `fingerprint`s.
   */
  inputs(workshop: Workshop, before: StepPlaces): Promise<unknown>;
  /** What its folder is named by where that is less than all inputs: results that grow are kept together. */
  folderKey?(inputs: unknown): unknown;
  /** Throws `cancelled`; the next run goes on where it was. */
  run(workshop: Workshop, place: StepPlace, before: StepPlaces, hooks: StepHooks): Promise<Result>;
}

/** A step's folder has the beginning of its id in its name, so that going back to earlier settings costs nothing. */
export function placeOfStep(folder: string, step: LabStep<unknown>, inputs: unknown): StepPlace {
  const key = step.folderKey?.(inputs) ?? inputs;
  return { id: digest(inputs), folder: join(folder, step.name, digest(key).slice(0, 8)) };
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}

/** What cannot be read, or is not what the step writes, was not finished. */
export async function readRecord<Name extends LabStepName>(
  name: Name,
  { id, folder }: StepPlace,
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

export async function writeRecord(place: StepPlace, record: Omit<StepRecord<unknown>, 'id'>): Promise<void> {
  await mkdir(place.folder, { recursive: true });
  await writeAtomically(join(place.folder, recordName), `${JSON.stringify({ id: place.id, ...record })}\n`);
}

/** What a step had found when it was last finished, with whatever inputs; `folder` has a folder for each. */
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

/** Tells a file from what it was before without reading it. Throws `notFound`. */
export async function fingerprint(path: string): Promise<readonly [path: string, size: number, changed: number]> {
  const found = await stat(path).catch((error: unknown) => {
    throw new EngineError('notFound', `${path} does not exist or cannot be read.`, error);
  });
  return [path, found.isDirectory() ? 0 : found.size, found.isDirectory() ? 0 : Math.floor(found.mtimeMs)];
}

/** The place of a step that must have come before. */
export function required(places: StepPlaces, name: LabStepName): StepPlace {
  const place = places[name];
  if (place === undefined) {
    throw new EngineError('internal', `The step "${name}" is missing.`);
  }
  return place;
}

/** Loads a model unless it is the one that is loaded. */
export async function useModel(
  { session, folder }: Workshop,
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
