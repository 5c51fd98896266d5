import { writeFile } from 'node:fs/promises';
import { bitsPerByte } from '../server/lab/evaluate/bits-per-byte.ts';
import { gtPpl, gtPpl2023 } from '../server/lab/evaluate/gt-ppl.ts';
import type { Metric } from '../server/lab/evaluate/metric.ts';
import { evaluationPage } from '../server/lab/evaluate/report-html.ts';
import { evaluationText } from '../server/lab/evaluate/report-text.ts';
import { evaluate as evaluateTasks } from '../server/lab/evaluate/run.ts';
import type { Side } from '../server/lab/evaluate/run.ts';
import { modelSide } from '../server/lab/evaluate/model-side.ts';
import { humanEvalHelp, humanEvalMetric, humanEvalSpecs } from './human-eval.ts';
import { checkKind } from './input.ts';
import { modelFile } from './model.ts';
import { checkPage, progressLog, resumable, statePath, withRemaining } from './reporting.ts';
import { UsageError, commonOptions, exactHelp, exactSpecs, text, texts, wholeNumber } from './verb.ts';
import type { CommonOptions, OptionValues, Terminal, Verb } from './verb.ts';

const answerMetrics = [gtPpl, gtPpl2023];
const ids = [...answerMetrics.map(({ id }) => id), bitsPerByte.id, 'humaneval'];

export const evaluate: Verb = {
  name: 'evaluate',
  usage: 'DATA [--metric gt-ppl] [--against MODEL]',
  summary: 'how good a model is at tasks with known answers, also beside another model',
  givesWay: true,
  options: [
    ['DATA', 'tasks: self-instruct, prompt/response and the other formats of "paddock curate"; for bits-per-byte text'],
    ['--metric M', `${ids.join(', ')}; may be repeated; gt-ppl`],
    ['--against MODEL', 'compare with this model, task by task'],
    ['--html FILE', 'the report as a page with plots'],
    ['--state FILE', 'keeps results as they come, so that a stopped run goes on; beside the page if there is one'],
    ['--limit N', 'only the first N tasks'],
    ['--seed S', 'of answers that are drawn at random; 42'],
    ...exactHelp,
    ...humanEvalHelp,
  ],
  specs: {
    metric: { type: 'string', multiple: true },
    against: { type: 'string' },
    html: { type: 'string' },
    state: { type: 'string' },
    limit: { type: 'string' },
    seed: { type: 'string' },
    ...exactSpecs,
    ...humanEvalSpecs,
  },
  run: async (terminal, values, positionals) => {
    const [path, ...more] = positionals;
    if (path === undefined || more.length > 0) {
      throw new UsageError('Give one file with tasks.');
    }
    const names = texts(values, 'metric').flatMap((list) => list.split(','));
    const chosen = names.length === 0 ? [gtPpl.id] : [...new Set(names)];
    const unknown = chosen.filter((name) => !ids.includes(name));
    if (unknown.length > 0) {
      throw new UsageError(`There is no metric ${unknown.join(', ')}. There are: ${ids.join(', ')}.`);
    }
    const answers = answerMetrics.filter(({ id }) => chosen.includes(id));
    if (answers.length < chosen.length && chosen.length > 1) {
      throw new UsageError(
        'Only gt-ppl and gt-ppl/gpt4all-2023 have the same data: run the other metrics by themselves.',
      );
    }
    await checkKind(path, 'file');
    if (answers.length > 0) {
      await report(terminal, values, path, answers, {});
    } else if (chosen.includes(bitsPerByte.id)) {
      await report(terminal, values, path, [bitsPerByte], {});
    } else {
      const { metric, settings } = await humanEvalMetric(terminal, values);
      await report(terminal, values, path, [metric], settings);
    }
  },
};

async function report<Task>(
  terminal: Terminal,
  values: OptionValues,
  path: string,
  metrics: readonly Metric<Task>[],
  settings: Readonly<Record<string, string | number>>,
): Promise<void> {
  const common = commonOptions(values);
  const limit = values['limit'] === undefined ? undefined : wholeNumber(values, 'limit', 0);
  const seed = wholeNumber(values, 'seed', 42);
  if (limit === 0) {
    throw new UsageError('--limit must be at least 1.');
  }
  const page = await checkPage(values);
  const against = text(values, 'against');
  const session = await terminal.session(common);
  const line = progressLog(terminal);
  const sides: Side[] = [];
  const compared = [common, ...(against === undefined ? [] : [{ ...common, model: against, adapter: undefined }])];
  for (const one of compared) {
    sides.push(await side(terminal, one, (words) => line.show(words)));
  }
  const state = statePath(values);
  const options = {
    path,
    metrics,
    sides,
    engine: { version: session.version, abi: session.addon().abiVersion },
    seed,
    limit,
    settings: {
      ...settings,
      context: common.contextLength,
      compactCache: String(common.compactCache),
      ...(common.exact ? { exact: 'true' } : {}),
    },
    state,
  };
  const found = await resumable(terminal, state, () =>
    evaluateTasks(options, {
      signal: terminal.signal,
      onProgress: ({ model, metric, done, total, remainingSeconds }) =>
        line.show(withRemaining(`${metric}, ${model}: ${done} of ${total}`, remainingSeconds)),
    }),
  ).finally(() => line.clear());
  if (page !== undefined) {
    await writeFile(page, evaluationPage(found));
  }
  terminal.out(
    values['json'] === true
      ? `${JSON.stringify(found)}\n`
      : `${evaluationText(found)}${page === undefined ? '' : `\nreport  ${page}\n`}`,
  );
}

async function side(terminal: Terminal, options: CommonOptions, show: (words: string) => void): Promise<Side> {
  const session = await terminal.session(options);
  return modelSide(session, await modelFile(terminal, session, options), terminal.signal, show);
}
