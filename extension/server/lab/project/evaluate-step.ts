/** Compares the new model with its base: the perplexity of true answers, and some sample answers. */
import { rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { LabAnswer, LabComparison } from '../../../protocol/lab.ts';
import { EngineError } from '../../engine/errors.ts';
import { generate } from '../../engine/generate.ts';
import { chatSampler, completeSampler } from '../../engine/sampling.ts';
import { encodeConversation } from '../../prompt/encode.ts';
import { draw } from '../curate/draw.ts';
import { gtPpl, gtPpl2023 } from '../evaluate/gt-ppl.ts';
import { evaluationPage } from '../evaluate/report-html.ts';
import type { EvaluationReport, MetricReport } from '../evaluate/report.ts';
import { evaluate } from '../evaluate/run.ts';
import { modelSide } from '../evaluate/model-side.ts';
import { projectPath } from './project-file.ts';
import { fingerprint, readRecord, required, useModel } from './step.ts';
import type { LabStep, StepHooks, StepContext } from './step.ts';
import type { EvaluateResult } from './step-results.ts';

export const evaluateStep: LabStep<EvaluateResult> = {
  name: 'evaluate',
  inputs: async ({ folder, project }, { release }) => ({
    released: release?.id,
    tasks: project.tasks === undefined ? undefined : await fingerprint(projectPath(folder, project.tasks)),
    seed: project.seed,
  }),
  run: async (context, output, before, hooks) => {
    const { session, folder, project } = context;
    const { signal, tell } = hooks;
    const released = await readRecord('release', required(before, 'release'));
    if (released?.result === undefined) {
      throw new EngineError('internal', 'The model to evaluate is missing.');
    }
    const { path: made } = released.result;
    // Without tasks, the models are compared on the validation records.
    const path =
      project.tasks === undefined
        ? join(required(before, 'curate').folder, 'valid.jsonl')
        : projectPath(folder, project.tasks);
    const show = (words: string): void => tell({ words, fraction: 0, remainingSeconds: undefined });
    const base = { name: project.base, path: await session.store.resolve(project.base, folder) };
    const sides = [
      await modelSide(session, base, signal, show),
      await modelSide(session, { name: basename(made), path: made }, signal, show),
    ];
    const report = await evaluate(
      {
        path,
        metrics: [gtPpl, gtPpl2023],
        sides,
        engine: { version: session.version, abi: session.addon().abiVersion },
        seed: project.seed,
        limit: undefined,
        settings: {},
        state: join(output.folder, stateName),
      },
      {
        signal,
        onProgress: ({ model, metric, done, total, remainingSeconds }) =>
          tell({
            words: `${model}: ${metric}, task ${done} of ${total}`,
            fraction: (0.8 * done) / total,
            remainingSeconds,
          }),
      },
    );
    await writeFile(join(output.folder, 'evaluation.html'), evaluationPage(report));
    await writeFile(join(output.folder, 'evaluation.json'), `${JSON.stringify(report)}\n`);
    const answers = await compareAnswers(context, [project.base, made], path, hooks);
    await rm(join(output.folder, stateName), { force: true });
    return {
      comparison: summarize(report, gtPpl.id, answers),
      historic: summarize(report, gtPpl2023.id, []),
    };
  },
};

const stateName = 'evaluation.state.jsonl';
const sampleCount = 4;
const sampleTokens = 160;

/** The same questions, answered greedily by both. */
async function compareAnswers(
  context: StepContext,
  models: readonly [string, string],
  path: string,
  hooks: StepHooks,
): Promise<LabAnswer[]> {
  const { engine } = context.session;
  const { tasks } = await gtPpl.read(path);
  const short = tasks.filter(({ messages }) => messages.reduce((sum, { content }) => sum + content.length, 0) < 600);
  const asked = draw(short.length === 0 ? tasks : short, sampleCount, context.project.seed);
  const answers: string[][] = [];
  for (const [side, name] of models.entries()) {
    await useModel(context, name, hooks);
    const given: string[] = [];
    for (const [index, task] of asked.entries()) {
      const fraction = 0.8 + (0.2 * (side * asked.length + index)) / (2 * asked.length);
      hooks.tell({ words: `answers to read, ${basename(name)}`, fraction, remainingSeconds: undefined });
      const answer = await engine.runInBackground(hooks.signal, (model, signal) =>
        generate(
          model,
          {
            prompt: encodeConversation(model, task.messages),
            maxTokens: sampleTokens,
            sampler: completeSampler({ temperature: 0 }, chatSampler),
          },
          { signal },
        ),
      );
      hooks.signal.throwIfAborted();
      given.push(answer.finishReason === 'length' ? `${answer.text.trim()} …` : answer.text.trim());
    }
    answers.push(given);
  }
  return asked.map(({ messages }, index) => ({
    question: messages.map(({ content }) => content).join('\n\n'),
    before: answers[0]?.[index] ?? '',
    after: answers[1]?.[index] ?? '',
  }));
}

function summarize(report: EvaluationReport, id: string, answers: readonly LabAnswer[]): LabComparison {
  const metric = report.metrics.find((candidate) => candidate.id === id);
  const [base, made] = metric?.sides ?? [];
  if (metric === undefined || base === undefined || made === undefined || metric.paired === undefined) {
    throw new EngineError('invalidArgument', 'No task has a result for both models.');
  }
  return { ...compare(metric, base, made), answers };
}

function compare(
  { id, unit, paired, range }: MetricReport,
  base: MetricReport['sides'][number],
  made: MetricReport['sides'][number],
): Omit<LabComparison, 'answers'> {
  return {
    metric: id,
    unit,
    tasks: paired?.pairs ?? 0,
    medians: [base.median, made.median],
    means: [base.mean, made.mean],
    histograms: [base.histogram, made.histogram],
    range,
    // The report compares the first, the base, with the second.
    wins: paired?.losses ?? 0,
    ties: paired?.ties ?? 0,
    losses: paired?.wins ?? 0,
    p: paired?.p ?? 1,
  };
}
