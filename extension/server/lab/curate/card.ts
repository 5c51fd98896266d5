/** The data card: describes the sources of the data set and what was removed, for anyone who receives it. */
import { formatBytes } from '../../../protocol/format.ts';
import { badCount } from './report.ts';
import type { CurateReport } from './report.ts';

export function dataCard(report: CurateReport): string {
  return `${[
    '# Data card',
    summary(report),
    '## Funnel',
    funnel(report),
    '## Sources',
    sources(report),
    '## Secrets and personal data',
    findings(report),
    '## Duplicates',
    duplicates(report),
    ...(report.scores.records === 0 ? [] : ['## Judged by a model', judgement(report)]),
    '## Lengths',
    lengths(report),
    '## Files',
    files(report),
  ].join('\n\n')}\n`;
}

function summary({ records, kept, train, valid, badLines, options }: CurateReport): string {
  return [
    `${number(kept)} of ${number(records)} records: ${number(train)} for training and ${number(valid)} for validation`,
    `(${percent(options.validShare)} of the families of duplicates and equal prompts, seed ${options.seed}).`,
    `${number(badLines)} lines were no records.`,
    options.keep.length === 0 ? '' : `Kept on request: ${options.keep.join(', ')}.`,
  ]
    .filter((line) => line !== '')
    .join('\n');
}

function funnel({ funnel: steps, reasons }: CurateReport): string {
  const rows = steps.map(({ step, dropped, left }) => [step, number(dropped), number(left)]);
  const details = Object.entries(reasons)
    .filter(([, { counted }]) => counted > 0)
    .map(([reason, { dropped, counted }]) => [reason, number(dropped), number(counted)]);
  return [
    steps
      .map(({ left }) => number(left))
      .filter((left, index, all) => left !== all[index - 1])
      .join(' → '),
    table(['step', 'dropped', 'left'], rows),
    'A record may have several reasons and is dropped for the first.',
    table(['reason', 'dropped', 'has it'], details),
  ].join('\n\n');
}

function sources({ sources: all, recommendation }: CurateReport): string {
  const rows = all.map((source) => [
    source.source,
    number(source.records),
    String(source.medianAnswerWords),
    percent(source.shortShare),
    percent(source.uniqueRatio),
    percent(source.top20Share),
    [source.distinct1, source.distinct2, source.distinct3].map((value) => value.toFixed(2)).join(' / '),
    source.gzipRatio.toFixed(2),
    percent(source.nearDuplicateRate),
    source.recommendDrop ? `drop: ${source.outlierIn.join(', ')}` : source.outlierIn.join(', '),
  ]);
  const head =
    'source,records,median answer (words),≤ 3 words,unique answers,top 20 answers,distinct 1 / 2 / 3,gzip,repeated,stands apart in'.split(
      ',',
    );
  const advice =
    recommendation.drop.length === 0
      ? 'No source is recommended for dropping.'
      : `Recommended for dropping: ${recommendation.drop.join(', ')}.`;
  const done = recommendation.dropped.length === 0 ? '' : ` Dropped: ${recommendation.dropped.join(', ')}.`;
  return `${table(head, rows)}\n\n${advice}${done}`;
}

function findings({ found, redacted, options }: CurateReport): string {
  const rows = Object.entries(found).map(([kind, count]) => [kind, number(count)]);
  return [
    `Secrets: ${options.secrets}; personal data: ${options.personal}. ${number(redacted)} records were redacted.`,
    ...(rows.length === 0 ? [] : [table(['kind', 'found'], rows)]),
    'Names and postal addresses have no form that would be found.',
  ].join('\n\n');
}

function duplicates({ duplicates: found }: CurateReport): string {
  return [
    `Near duplicates share ${percent(found.threshold)} of their word 5-shingles (true Jaccard similarity).`,
    `MinHash with ${found.bands} bands of ${found.rows} rows brings ${percent(found.recallAtThreshold)} of the pairs at that`,
    `similarity together; ${number(found.compared)} pairs were compared, ${number(found.skipped)} searches were cut short where`,
    `very many records look alike. ${number(found.repeatedPrompts)} prompts repeat an earlier one.`,
  ].join('\n');
}

function judgement({ scores: { records, loss, ifd, unrelated } }: CurateReport): string {
  return `${number(records)} records that stay: the median loss of the answers is ${loss.toFixed(2)} nats per token, the median of\ntheir perplexity with the question over that without (IFD) ${ifd.toFixed(2)}. From 1 on a question is no help, as in ${number(unrelated)};\nthey have the note \`unrelated\` in attributes.jsonl.`;
}

function lengths({ lengths: { unit, least, most, prompt, answer } }: CurateReport): string {
  const buckets = Math.max(prompt.length, answer.length);
  const rows = Array.from({ length: buckets }, (_, bucket) => [
    bucket < 2 ? String(bucket) : `${2 ** (bucket - 1)}–${2 ** bucket - 1}`,
    number(prompt[bucket] ?? 0),
    number(answer[bucket] ?? 0),
  ]);
  return `Allowed: ${number(least)} to ${number(most)} ${unit} together.\n\n${table([unit, 'prompts', 'answers'], rows)}`;
}

function files({ inputs, evaluation, files: made }: CurateReport): string {
  const rows = [
    ...inputs.map((file) => ['input', file]),
    ...evaluation.map((file) => ['evaluation', file]),
    ...made.map((file) => ['made', file]),
  ] as [string, { name: string; bytes: number; sha256: string; records?: number }][];
  const bad = inputs.flatMap(({ name, bad: reasons }) =>
    Object.entries(reasons).map(
      ([reason, { count, lines }]) =>
        `- ${name}: ${number(count)} × ${reason}, line ${lines.join(', ')}${count > lines.length ? ' …' : ''}`,
    ),
  );
  const list = table(
    ['', 'file', 'records', 'size', 'SHA-256'],
    rows.map(([kind, { name, bytes, sha256, records }]) => [
      kind,
      name,
      number(records ?? 0),
      formatBytes(bytes),
      `\`${sha256}\``,
    ]),
  );
  return inputs.some(({ bad: reasons }) => badCount(reasons) > 0)
    ? `${list}\n\nLines that are no records:\n\n${bad.join('\n')}`
    : list;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), `|${head.map((_, index) => (index === 0 ? '---' : '--:')).join('|')}|`, ...rows.map(line)].join(
    '\n',
  );
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
