import { object, text as isText } from '../protocol/check.ts';
import { formatDuration } from '../protocol/format.ts';
import { curate as curateFiles } from '../server/lab/curate/curate.ts';
import { writeMapPage } from '../server/lab/curate/map-page.ts';
import { scoreWith } from '../server/lab/curate/model-score.ts';
import {
  characterLength,
  defaultMapPoints,
  defaultMostTokens,
  defaultSeed,
  defaultValidShare,
} from '../server/lab/curate/options.ts';
import type { CurateProgress, LengthRule } from '../server/lab/curate/options.ts';
import { groups, keepableGroups } from '../server/lab/curate/reasons.ts';
import type { Group } from '../server/lab/curate/reasons.ts';
import type { CurateReport } from '../server/lab/curate/report.ts';
import type { Session } from '../server/session.ts';
import { checkFiles, readInput } from './input.ts';
import { loadModel } from './model.ts';
import { progressLog } from './reporting.ts';
import { UsageError, commonOptions, decimal, requiredText, text, texts, wholeNumber } from './verb.ts';
import type { OptionValues, Verb } from './verb.ts';

export const curate: Verb = {
  name: 'curate',
  usage: 'INPUT... --out DIR',
  summary: 'makes a training set of collected questions and answers, and says why it drops what it drops',
  givesWay: true,
  options: [
    [
      'INPUT...',
      'JSON Lines, JSON or Parquet: prompt/response, Alpaca, ShareGPT, OpenAI messages, self-instruct, text',
    ],
    ['--out DIR', 'gets train.jsonl, valid.jsonl, attributes.jsonl, card.md and manifest.json'],
    ['--eval FILE', 'drop what contains texts of this evaluation set; may be repeated'],
    ['--keep LIST', `count but do not drop, of: ${keepableGroups.join(', ')}`],
    ['--drop-source S', 'drop this source; may be repeated'],
    ['--drop-ids FILE', 'drop these records: an id on each line, as attributes.jsonl and the map name them'],
    ['--drop-recommended', 'drop the sources that the report recommends to drop'],
    ['--secrets HOW', 'redact or drop; redact'],
    ['--personal HOW', 'the same for e-mail, IP, telephone, card and account numbers; redact'],
    ['--min-length N', 'least length of prompt and answer; 2'],
    [
      '--max-length N',
      `tokens if --model names a tokenizer, else characters; ${defaultMostTokens} or ${characterLength.most}`,
    ],
    ['--valid SHARE', `share of the validation set; ${defaultValidShare}`],
    ['--score N', 'have the model of --model judge the answers of N records that stay; 0 = all'],
    ['--map', 'draw a map of the data as well: map.json and map.html'],
    ['--seed N', `of the split and the samples; ${defaultSeed}`],
  ],
  specs: {
    out: { type: 'string', short: 'o' },
    eval: { type: 'string', multiple: true },
    keep: { type: 'string', multiple: true },
    'drop-source': { type: 'string', multiple: true },
    'drop-ids': { type: 'string' },
    'drop-recommended': { type: 'boolean' },
    score: { type: 'string' },
    map: { type: 'boolean' },
    secrets: { type: 'string' },
    personal: { type: 'string' },
    'min-length': { type: 'string' },
    'max-length': { type: 'string' },
    valid: { type: 'string' },
    seed: { type: 'string' },
  },
  run: async (terminal, values, inputs) => {
    if (inputs.length === 0) {
      throw new UsageError('Name at least one input file.');
    }
    const options = {
      inputs,
      folder: requiredText(values, 'out'),
      evaluation: texts(values, 'eval'),
      keep: keptGroups(values),
      dropSources: texts(values, 'drop-source'),
      dropRecommended: values['drop-recommended'] === true,
      dropSecrets: isDropped(values, 'secrets'),
      dropPersonal: isDropped(values, 'personal'),
      seed: wholeNumber(values, 'seed', defaultSeed),
      validShare: share(values),
      length: lengthBounds(values, characterLength),
      dropIds: await chosenIds(values),
      mapPoints: values['map'] === true ? defaultMapPoints : 0,
    };
    if (values['score'] !== undefined && text(values, 'model') === undefined) {
      throw new UsageError('--score needs a --model that judges.');
    }
    await checkFiles([...inputs, ...options.evaluation]);
    const model = text(values, 'model') === undefined ? undefined : await loadModel(terminal, commonOptions(values));
    const length = model === undefined ? options.length : tokenLength(model, values);
    const score =
      model === undefined || values['score'] === undefined
        ? undefined
        : { most: wholeNumber(values, 'score', 0), measure: scoreWith(model.engine) };
    const start = performance.now();
    const line = progressLog(terminal);
    try {
      const report = await curateFiles(
        { ...options, length, score },
        { signal: terminal.signal, onProgress: (progress) => line.show(describeProgress(progress)) },
      );
      line.clear();
      if (options.mapPoints > 0) {
        const session = model ?? (await terminal.session(commonOptions(values)));
        await writeMapPage(options.folder, session.installFolder);
      }
      const seconds = (performance.now() - start) / 1000;
      terminal.out(
        values['json'] === true
          ? `${JSON.stringify({ ...report, seconds: Number(seconds.toFixed(1)) })}\n`
          : describeReport(report, options.folder),
      );
    } finally {
      line.clear();
    }
  },
};

function tokenLength({ engine }: Session, values: OptionValues): LengthRule {
  return lengthBounds(values, {
    unit: 'tokens',
    least: characterLength.least,
    most: defaultMostTokens,
    measure: (content) => engine.model.tokenize(Buffer.from(content), false).length,
  });
}

function lengthBounds(values: OptionValues, rule: LengthRule): LengthRule {
  const bounds = {
    ...rule,
    least: wholeNumber(values, 'min-length', rule.least),
    most: wholeNumber(values, 'max-length', rule.most),
  };
  if (bounds.least > bounds.most) {
    throw new UsageError(`--min-length ${bounds.least} is above --max-length ${bounds.most}.`);
  }
  return bounds;
}

function keptGroups(values: OptionValues): Set<Group> {
  const names = texts(values, 'keep').flatMap((list) => list.split(','));
  const known = names.filter((name): name is Group => (groups as readonly string[]).includes(name));
  if (known.length < names.length || known.some((name) => !keepableGroups.includes(name))) {
    throw new UsageError(`--keep takes: ${keepableGroups.join(', ')}.`);
  }
  return new Set(known);
}

function isDropped(values: OptionValues, name: string): boolean {
  const how = text(values, name) ?? 'redact';
  if (how !== 'redact' && how !== 'drop') {
    throw new UsageError(`--${name} must be redact or drop, not "${how}".`);
  }
  return how === 'drop';
}

/** Ids as lines, or as the lines of attributes.jsonl, of which one may have kept some. */
async function chosenIds(values: OptionValues): Promise<Set<string>> {
  const path = text(values, 'drop-ids');
  if (path === undefined) {
    return new Set();
  }
  const lines = Buffer.from(await readInput(path))
    .toString('utf8')
    .split('\n');
  const ids = lines.map((line) => line.trim()).filter((line) => line !== '');
  return new Set(ids.map((line) => (line.startsWith('{') ? idOf(line, path) : line)));
}

function idOf(line: string, path: string): string {
  try {
    return object({ id: isText() })(JSON.parse(line), path).id;
  } catch {
    // Reported below.
  }
  throw new UsageError(`--drop-ids ${path}: this line names no record: ${line.slice(0, 80)}`);
}

function share(values: OptionValues): number {
  const valid = decimal(values, 'valid', defaultValidShare);
  if (valid >= 1) {
    throw new UsageError('--valid must be below 1.');
  }
  return valid;
}

function describeProgress({ step, fraction, records, remainingSeconds }: CurateProgress): string {
  const rest = remainingSeconds === undefined ? '' : `, ${formatDuration(remainingSeconds)} left`;
  const count = step === 'reading' ? `, ${records.toLocaleString('en-US')} records` : '';
  return `${step}: ${Math.floor(fraction * 100)} %${count}${rest}`;
}

function describeReport(report: CurateReport, folder: string): string {
  const steps = report.funnel.map(
    ({ step, dropped, left }) => `  ${step.padEnd(12)}${dropped === 0 ? '' : `-${dropped}`}`.padEnd(26) + String(left),
  );
  const sources = report.sources.map(({ source, records, medianAnswerWords, shortShare, uniqueRatio, recommendDrop }) =>
    [
      `  ${source}: ${records} records, median answer ${medianAnswerWords} words`,
      `${(shortShare * 100).toFixed(0)} % of at most 3 words`,
      `${(uniqueRatio * 100).toFixed(0)} % unique${recommendDrop ? ' - DROP RECOMMENDED' : ''}`,
    ].join(', '),
  );
  const { drop, dropped } = report.recommendation;
  const open = drop.filter((source) => !dropped.includes(source));
  const advice =
    open.length === 0
      ? ''
      : `\n${open.join(', ')}: short answers that repeat. "--drop-recommended" leaves ${open.length === 1 ? 'it' : 'them'} out.\n`;
  const bad =
    report.badLines === 0
      ? ''
      : `\n${report.badLines} ${report.badLines === 1 ? 'line was no record' : 'lines were no records'}; card.md says which.\n`;
  return `${steps.join('\n')}\n\nsources\n${sources.slice(0, 30).join('\n')}\n${advice}${bad}\n${report.train} for training and ${report.valid} for validation in ${folder}\n`;
}
