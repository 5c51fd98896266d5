import { resolve } from 'node:path';
import { formatBytes, formatDuration } from '../protocol/format.ts';
import type { LabState } from '../protocol/lab.ts';
import { Lab } from '../server/lab/project/lab.ts';
import type { Session } from '../server/session.ts';
import { progressLog, resumable, withRemaining } from './reporting.ts';
import { UsageError, commonOptions } from './verb.ts';
import type { OptionValues, Terminal, Verb } from './verb.ts';

export const lab: Verb = {
  name: 'lab',
  usage: 'FOLDER',
  summary: 'goes on with a project of the lab: collects, curates, trains, quantizes, evaluates what is not done',
  givesWay: true,
  options: [['FOLDER', 'with lab.json, as the editor or "paddock reproduce" made it']],
  specs: {},
  run: async (terminal, values, positionals) => {
    const [folder, ...more] = positionals;
    if (folder === undefined || more.length > 0) {
      throw new UsageError('Give one folder.');
    }
    const session = await terminal.session({ ...commonOptions(values), cache: false });
    const state = await runLab(terminal, new Lab(session, folder), folder);
    terminal.out(values['json'] === true ? `${JSON.stringify(state)}\n` : describe(state));
  },
};

/** Runs the steps that are not done. After Ctrl+C the same command resumes. */
export async function runLab(terminal: Terminal, project: Lab, folder: string): Promise<LabState> {
  const line = progressLog(terminal);
  let step = '';
  await resumable(terminal, resolve(folder), () =>
    project.run(undefined, {
      signal: terminal.signal,
      onProgress: (progress) => {
        if (progress.step !== step) {
          line.clear();
          terminal.note(`${progress.step}\n`);
          step = progress.step;
        }
        line.show(withRemaining(`  ${progress.words}`, progress.remainingSeconds));
      },
    }),
  ).finally(() => line.clear());
  return project.state();
}

/** Adds the finished model to the list of models, here and in the editor. */
export async function offerModel({ store }: Session, { release }: LabState, values: OptionValues): Promise<void> {
  if (release !== undefined && values['no-install'] !== true) {
    await store.add(release.path);
  }
}

export function describe({ steps, curation, training, release, comparison, report }: LabState): string {
  const seconds = steps.reduce((sum, step) => sum + (step.seconds ?? 0), 0);
  const lines = [
    ...steps
      .filter(({ status }) => status !== 'off')
      .map(
        (step) =>
          `${step.name.padEnd(10)}${step.status}${step.seconds === undefined ? '' : `, ${formatDuration(step.seconds)}`}`,
      ),
    `${'all'.padEnd(10)}${formatDuration(seconds)}`,
    '',
    ...(curation === undefined ? [] : [curation.funnel.map(({ step, left }) => `${step} ${left}`).join(' -> ')]),
    ...(training?.validLoss === undefined || training.firstValidLoss === undefined
      ? []
      : [`validation loss ${training.firstValidLoss.toFixed(3)} -> ${training.validLoss.toFixed(3)}`]),
    ...(comparison === undefined
      ? []
      : [
          `median ${comparison.metric} ${comparison.medians[0].toFixed(2)} -> ${comparison.medians[1].toFixed(2)}: better on ${comparison.wins} of ${comparison.tasks} tasks, worse on ${comparison.losses}, p = ${comparison.p.toPrecision(2)}`,
        ]),
    ...(release === undefined ? [] : [`model   ${release.path} (${formatBytes(release.bytes)})`]),
    ...(report === undefined ? [] : [`report  ${report}`]),
  ];
  return `${lines.join('\n')}\n`;
}
