/**
 * The report of a project, in the order of GPT4All's technical report of 2023: data collection and curation, training,
 * evaluation, the 4-bit release, and how to reproduce it.
 */
import { basename, join } from 'node:path';
import { formatBytes, formatDuration } from '../../../protocol/format.ts';
import type { LabComparison, LabState } from '../../../protocol/lab.ts';
import { writeAtomically } from '../../../base/write-atomically.ts';
import { funnelFigure } from '../curate/plots.ts';
import { distributionFigure, histogramFigure, percent, scatterFigure } from '../evaluate/plots.ts';
import { provenanceSection } from '../evaluate/report-html.ts';
import type { EvaluationReport, MetricReport } from '../evaluate/report.ts';
import { markup, page, table } from '../html/page.ts';
import type { Html } from '../html/page.ts';
import { lossFigure } from '../train/plots.ts';
import { readCurationReport, readEvaluationReport } from './report-files.ts';
import type { CurationReport } from './report-files.ts';
import { readRecord } from './step.ts';
import type { StepOutputs } from './step.ts';
import { trainSettings } from './train-step.ts';
import type { EvaluateResult, ReleaseResult, TrainStepResult } from './step-results.ts';

/** Every step of the project must be done. */
export async function writeProjectReport(path: string, state: LabState, outputs: StepOutputs): Promise<void> {
  const { curate, train, release, evaluate } = outputs;
  if (curate === undefined || train === undefined || release === undefined || evaluate === undefined) return;
  const curated = await readCurationReport(join(curate.folder, 'manifest.json'));
  const trained = (await readRecord('train', train))?.result;
  const released = (await readRecord('release', release))?.result;
  const evaluated = (await readRecord('evaluate', evaluate))?.result;
  const evaluation = await readEvaluationReport(join(evaluate.folder, 'evaluation.json'));
  if (trained === undefined || released === undefined || evaluated === undefined) return;
  const { title } = state.project;
  await writeAtomically(
    path,
    page(
      title,
      markup`<h1>${title}</h1>
        ${summary(state, evaluated)} ${collection(state)} ${curation(curated)} ${training(state, trained)}
        ${evaluationSections(evaluation, evaluated)} ${releaseSection(released)} ${again(state, curated)}
        ${provenanceSection(evaluation)}`,
    ),
  );
}

function summary({ project, steps, curation, training }: LabState, { comparison }: EvaluateResult): Html {
  const seconds = steps.reduce((sum, step) => sum + (step.seconds ?? 0), 0);
  const [before, after] = comparison.medians;
  const rows = steps
    .filter(({ status }) => status !== 'off')
    .map(({ name, seconds: own }) => [name, own === undefined ? '–' : formatDuration(own)]);
  return markup`<p>
      ${basename(project.base)} was trained on ${number(curation?.train)} questions and answers out of
      ${number(curation?.records)} in ${formatDuration(seconds)}, all of it on this computer's CPU. The median perplexity of
      the true answers went from ${before.toFixed(2)} to ${after.toFixed(2)}. ${verdict(comparison)}
    </p>
    ${table('Time of each step', ['step', 'time'], [...rows, ['all', formatDuration(seconds)]])}
    ${training?.stoppedEarly === true ? markup`<p>Training ended early: the validation loss no longer fell.</p>` : ''}`;
}

function verdict({ wins, ties, losses, tasks, p }: LabComparison): string {
  return `The new model is better on ${wins} of ${tasks} tasks, worse on ${losses}, equal on ${ties} (two-sided sign test, p = ${p.toPrecision(2)}).`;
}

function collection({ project, collected }: LabState): Html {
  const { questions, records } = project;
  const asked =
    questions === undefined || collected === undefined
      ? ''
      : markup`<p>
          ${basename(questions.teacher)} answered ${number(collected.answers)} questions, at temperature
          ${questions.temperature} and with at most ${questions.maxTokens} tokens each. The questions are from
          ${fileNames([...questions.files, ...questions.code])}.
        </p>`;
  const own = records.length === 0 ? '' : markup`<p>With their answers came ${fileNames(records)}.</p>`;
  return markup`<section>
    <h2>Data collection</h2>
    ${asked}${own}
  </section>`;
}

function fileNames(paths: readonly string[]): string {
  return new Intl.ListFormat('en').format(paths.map((path) => basename(path)));
}

function curation({ funnel, sources, recommendation, redacted, train, valid, files, scores }: CurationReport): Html {
  const rows = sources.map((source) => [
    source.source,
    number(source.records),
    source.medianAnswerWords,
    percent(source.shortShare),
    percent(source.uniqueRatio),
    percent(source.nearDuplicateRate),
    recommendation.dropped.includes(source.source) ? 'dropped' : source.recommendDrop ? 'recommended to drop' : '',
  ]);
  return markup`<section>
    <h2>Curation</h2>
    <p>
      ${number(train)} records are for training and ${number(valid)} for validation. In ${number(redacted)} records secrets
      or personal data were replaced.
    </p>
    ${funnelFigure(funnel)}
    <p class="soft">
      A source whose answers are short and alike teaches a model to answer in a word. GPT4All dropped one, P3, after looking
      at a map of its data; here the figures of each source are compared with those of the others.
    </p>
    ${table(
      'Sources',
      ['source', 'records', 'median answer, words', 'at most 3 words', 'unique', 'near duplicates', ''],
      rows,
    )}
    ${
      scores.records === 0
        ? ''
        : markup`<p>
          The base judged ${number(scores.records)} of the records that stayed: a median loss of ${scores.loss.toFixed(2)} nats per token, and
          a median of ${scores.ifd.toFixed(2)} for the perplexity with the question over that without. In ${number(scores.unrelated)} the question
          is no help. map.html beside the data shows each record.
        </p>`
    }
    ${table(
      'Files',
      ['file', 'SHA-256'],
      files.map(({ name, sha256 }) => [name, sha256]),
    )}
  </section>`;
}

function training({ project, training: run }: LabState, result: TrainStepResult): Html {
  const settings = trainSettings(project);
  const rows = [
    ['adapter', `LoRA, rank ${settings.rank}, alpha ${settings.alpha}, dropout ${settings.dropout}`],
    ['matrices', settings.targets.join(', ')],
    ['parameters', number(result.parameters)],
    ['learning rate', `${settings.learningRate}, ${settings.schedule}, warm-up ${settings.warmUp}`],
    ['samples a step', settings.batch],
    ['epochs', settings.epochs],
    ['steps', number(result.steps)],
    ['tokens', number(result.tokens)],
    ['longest sample', `${settings.maxTokens} tokens`],
    ['text', settings.text === 'chat' ? "the model's own chat template" : 'question, line end, answer'],
    ['arithmetic', result.precision],
  ];
  return markup`<section>
    <h2>Training</h2>
    ${lossFigure(run?.points ?? []) ?? ''} ${table('Settings', ['', ''], rows)}
  </section>`;
}

function evaluationSections({ metrics }: EvaluationReport, { comparison }: EvaluateResult): Html {
  const answers = comparison.answers.map(
    ({ question, before, after }) =>
      markup`<details open>
        <summary>${question}</summary>
        ${table('Answers', ['before', 'after'], [[pre(before), pre(after)]])}
      </details>`,
  );
  return markup`<section>
      <h2>Evaluation</h2>
      <p>${verdict(comparison)}</p>
      ${metrics.map(metricFigures)}
    </section>
    <section>
      <h2>Answers before and after</h2>
      <p class="soft">The likeliest answers to questions that were not trained on, cut where they are long.</p>
      ${answers}
    </section>`;
}

function metricFigures(metric: MetricReport): Html {
  const rows = metric.sides.map(({ model, counted, median, mean, clipped }) => [
    model,
    counted,
    median.toFixed(2),
    mean.toFixed(2),
    percent(clipped),
  ]);
  return markup`<h3>${metric.id}</h3>
    <p class="soft">${metric.definition}</p>
    ${table('Results', ['model', 'tasks', 'median', 'mean', 'clipped'], rows)} ${histogramFigure(metric)}
    ${distributionFigure(metric)} ${scatterFigure(metric) ?? ''}`;
}

function releaseSection({ path, bytes, sourceBytes, bitsPerWeight, quantization }: ReleaseResult): Html {
  return markup`<section>
    <h2>Release</h2>
    <p>
      ${basename(path)}: ${quantization}, ${formatBytes(bytes)} (the base has ${formatBytes(sourceBytes)}),
      ${bitsPerWeight.toFixed(2)} bits for a weight. It is a GGUF file, which runs here and in other programs for such files.
    </p>
  </section>`;
}

function again({ project }: LabState, { inputs }: CurationReport): Html {
  return markup`<section>
    <h2>To do it again</h2>
    <p>The same project with seed ${project.seed}, the same models and these files gives the same training set:</p>
    ${table(
      'Input',
      ['file', 'SHA-256'],
      inputs.map(({ name, sha256 }) => [name, sha256]),
    )}
  </section>`;
}

function pre(text: string): Html {
  return markup`<span class="text">${text}</span>`;
}

function number(value: number | undefined): string {
  return value === undefined ? '–' : value.toLocaleString('en-US');
}
