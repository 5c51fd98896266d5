/** Answers and other records become a training set. */
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
import { projectPath } from './project-file.ts';
import { fingerprint, useModel } from './step.ts';
import type { LabStep } from './step.ts';

export const curateStep: LabStep<LabCuration> = {
  name: 'curate',
  inputs: async ({ session, folder, project }, { collect }) => ({
    collected: collect && [collect.id, await Promise.all((await collectedFiles(collect.folder)).map(fingerprint))],
    records: await Promise.all(project.records.map((path) => fingerprint(projectPath(folder, path)))),
    tasks: project.tasks === undefined ? undefined : await fingerprint(projectPath(folder, project.tasks)),
    base: await fingerprint(await session.store.resolve(project.base, folder)),
    settings: [project.curate, project.seed],
  }),
  run: async (context, output, { collect }, hooks) => {
    const { session, folder, project } = context;
    const records = project.records.map((path) => projectPath(folder, path));
    const inputs = [...(collect === undefined ? [] : await collectedFiles(collect.folder)), ...records];
    if (inputs.length === 0) {
      throw new EngineError(
        'invalidArgument',
        'There is no data yet. Add files of questions and answers, or a teacher.',
      );
    }
    await useModel(context, project.base, hooks);
    const { model } = session.engine;
    const report = await curate(
      {
        inputs,
        folder: output.folder,
        evaluation: project.tasks === undefined ? [] : [projectPath(folder, project.tasks)],
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
    await writeMapPage(output.folder, session.installFolder);
    return { ...summarize(report), map: join(output.folder, mapName) };
  },
};

/** More scores give the same picture, and each costs a forward pass. */
const mostScored = 500;

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
