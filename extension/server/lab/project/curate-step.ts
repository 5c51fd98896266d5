/** Answers and other records become a training set. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabCuration } from '../../../protocol/lab.ts';
import { EngineError } from '../../engine/errors.ts';
import { curate, mapName } from '../curate/curate.ts';
import { writeMapPage } from '../curate/map-page.ts';
import { characterLength, curateParts, defaultMapPoints, defaultMostTokens } from '../curate/options.ts';
import type { CurateProgress } from '../curate/options.ts';
import { scoreWith } from '../curate/model-score.ts';
import type { CurateReport } from '../curate/report.ts';
import { collectedFiles } from './collect-step.ts';
import { placeOf } from './project-file.ts';
import { fingerprint, useModel } from './step.ts';
import type { LabStep } from './step.ts';

export const curateStep: LabStep<LabCuration> = {
  name: 'curate',
  inputs: async ({ session, folder, project }, { collect }) => ({
    collected: collect && [collect.id, await Promise.all((await collectedFiles(collect.folder)).map(fingerprint))],
    records: await Promise.all(project.records.map((path) => fingerprint(placeOf(folder, path)))),
    tasks: project.tasks === undefined ? undefined : await fingerprint(placeOf(folder, project.tasks)),
    base: await fingerprint(await session.store.resolve(project.base, folder)),
    settings: [project.curate, project.seed],
  }),
  run: async (workshop, place, { collect }, hooks) => {
    const { session, folder, project } = workshop;
    const records = project.records.map((path) => placeOf(folder, path));
    const inputs = [...(collect === undefined ? [] : await collectedFiles(collect.folder)), ...records];
    if (inputs.length === 0) {
      throw new EngineError(
        'invalidArgument',
        'There is no data yet. Add files of questions and answers, or a teacher.',
      );
    }
    await useModel(workshop, project.base, hooks);
    const { model } = session.engine;
    const report = await curate(
      {
        inputs,
        folder: place.folder,
        evaluation: project.tasks === undefined ? [] : [placeOf(folder, project.tasks)],
        keep: new Set(),
        dropSources: project.curate.dropSources,
        dropRecommended: project.curate.dropRecommended,
        dropSecrets: false,
        dropPersonal: false,
        seed: project.seed,
        validShare: project.curate.validShare,
        length: {
          unit: 'tokens',
          least: characterLength.least,
          most: defaultMostTokens,
          measure: (text) => model.tokenize(Buffer.from(text), false).length,
        },
        dropIds: new Set(project.curate.dropIds),
        mapPoints: defaultMapPoints,
        score: { most: mostScored, measure: scoreWith(session.engine) },
      },
      { signal: hooks.signal, onProgress: (progress) => hooks.tell(describe(progress)) },
    );
    await writeMapPage(place.folder, session.installFolder);
    return { ...summarize(report), map: join(place.folder, mapName) };
  },
};

/** More of them tell the same, and each takes a pass of the model. */
const mostScored = 500;

/** The whole report of curating, which lies beside the data. */
export async function readCurateReport(folder: string): Promise<CurateReport> {
  return JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as CurateReport;
}

function summarize({
  records,
  train,
  valid,
  funnel,
  sources,
  recommendation,
  redacted,
}: CurateReport): Omit<LabCuration, 'map'> {
  return {
    records,
    train,
    valid,
    funnel,
    redacted,
    sources: sources.map(({ source, records: count, medianAnswerWords, shortShare, uniqueRatio, recommendDrop }) => ({
      source,
      records: count,
      medianAnswerWords,
      shortShare,
      uniqueRatio,
      recommendDrop,
      dropped: recommendation.dropped.includes(source),
    })),
  };
}

function describe({ step, fraction, records, remainingSeconds }: CurateProgress) {
  const whole = (curateParts.indexOf(step) + fraction) / curateParts.length;
  const words = step === 'reading' ? `reading, ${records.toLocaleString('en-US')} records` : step;
  return { words, fraction: whole, remainingSeconds };
}
