import { join } from 'node:path';
import { chatSampler } from '../server/engine/sampling.ts';
import { collect as collectAnswers, importRecords } from '../server/lab/collect/collect.ts';
import type { CollectProgress } from '../server/lab/collect/collect.ts';
import { readCodeQuestions } from '../server/lab/collect/code-questions.ts';
import { readOwnChats } from '../server/lab/collect/own-chats.ts';
import { eachOnce, readAnswered, readPromptFile } from '../server/lab/collect/prompts.ts';
import type { Prompt } from '../server/lab/collect/prompts.ts';
import { describeTeacher } from '../server/lab/collect/teacher.ts';
import type { Teacher } from '../server/lab/collect/teacher.ts';
import { Shards, failsName } from '../server/lab/collect/shards.ts';
import { withFolder } from '../server/lock.ts';
import { checkKind } from './input.ts';
import { loadModel } from './model.ts';
import { progressLog, resumable, withRemaining } from './reporting.ts';
import { UsageError, commonOptions, decimal, requiredText, text, texts, wholeNumber } from './verb.ts';
import type { OptionValues, Terminal, Verb } from './verb.ts';

export const collect: Verb = {
  name: 'collect',
  usage: '[PROMPTS]... --out DIR',
  summary: 'has a model on this computer answer many questions, for a training set',
  givesWay: true,
  options: [
    ['PROMPTS', 'questions: a line each, or records in the formats of "paddock curate", whose answers are not read'],
    ['--out DIR', 'gets answers-00001.jsonl and so on, fails.jsonl and collect.jsonl; the same command goes on'],
    ['--code DIR', 'asks about the code in this folder; may be repeated'],
    [
      '--own-chats PATH',
      'asks what you asked Paddock: its conversation log, or the folder of them; only if you say so',
    ],
    ['--import FILE', 'takes over records that have answers; may be repeated'],
    ['--follow-ups N', 'questions that the model asks and answers after each; 0'],
    ['--system TEXT', 'stands before every question'],
    ['--max-tokens N', 'the longest answer; 512'],
    ['--temperature T', `0 always takes the likeliest token; ${chatSampler.temperature}`],
    ['--seed S', 'of the answers and of the questions about code; 42'],
    ['--limit N', 'only the first N questions'],
  ],
  specs: {
    out: { type: 'string', short: 'o' },
    code: { type: 'string', multiple: true },
    'own-chats': { type: 'string' },
    import: { type: 'string', multiple: true },
    'follow-ups': { type: 'string' },
    system: { type: 'string' },
    'max-tokens': { type: 'string' },
    temperature: { type: 'string' },
    seed: { type: 'string' },
    limit: { type: 'string' },
  },
  run: async (terminal, values, files) => {
    const out = requiredText(values, 'out');
    const settings = {
      temperature: decimal(values, 'temperature', chatSampler.temperature),
      maxTokens: wholeNumber(values, 'max-tokens', 512),
      seed: wholeNumber(values, 'seed', 42),
      followUps: wholeNumber(values, 'follow-ups', 0),
      system: text(values, 'system') ?? '',
    };
    if (settings.maxTokens === 0) {
      throw new UsageError('--max-tokens must be at least 1.');
    }
    const imports = texts(values, 'import');
    const { prompts, duplicates, badLines } = await readPrompts(values, files, settings.seed);
    if (prompts.length === 0 && imports.length === 0) {
      throw new UsageError(
        'There are no questions. Name files of questions, --code DIR, --own-chats PATH or --import FILE.',
      );
    }
    await Promise.all(imports.map((path) => checkKind(path, 'file')));
    const answered = await Promise.all(imports.map(readAnswered));
    const options = commonOptions(values);
    const session = await terminal.session(options);
    await withFolder(out, session.host, async () => {
      // An import without questions needs no model.
      const teacher = prompts.length === 0 ? undefined : await openTeacher(terminal, values);
      const shards = new Shards(
        out,
        teacher && { kind: 'collection', version: 1, teacher: teacher.sha256, ...settings },
      );
      const line = progressLog(terminal);
      const onProgress = ({ done, total, failed, remainingSeconds }: CollectProgress): void => {
        const failures = failed > 0 ? `, ${failed} failed` : '';
        line.show(withRemaining(`${done} of ${total} answered${failures}`, remainingSeconds));
      };
      const start = performance.now();
      try {
        const imported = answered.reduce((sum, { records }) => sum + importRecords(records, shards), 0);
        const found =
          teacher === undefined
            ? { answered: 0, failed: 0, known: 0, completionTokens: 0 }
            : await resumable(terminal, out, () =>
                collectAnswers(
                  teacher.engine,
                  shards,
                  { prompts, settings, teacher: teacher.record },
                  {
                    signal: terminal.signal,
                    onProgress,
                  },
                ),
              );
        line.clear();
        const seconds = Number(((performance.now() - start) / 1000).toFixed(1));
        const skipped = answered.reduce((sum, file) => sum + file.badLines, badLines);
        const result = {
          out,
          prompts: prompts.length,
          duplicates,
          badLines: skipped,
          imported,
          ...found,
          records: shards.count,
          files: shards.files,
          seconds,
          version: session.version,
        };
        terminal.out(values['json'] === true ? `${JSON.stringify(result)}\n` : describe(result));
      } finally {
        line.clear();
        shards.close();
      }
    });
  },
};

async function openTeacher(terminal: Terminal, values: OptionValues): Promise<Teacher> {
  const session = await loadModel(terminal, commonOptions(values));
  return describeTeacher(session, session.file, terminal.signal);
}

/** Each question once, in the order in which its source was named. */
async function readPrompts(
  values: OptionValues,
  files: readonly string[],
  seed: number,
): Promise<{ prompts: Prompt[]; duplicates: number; badLines: number }> {
  const limit = values['limit'] === undefined ? undefined : wholeNumber(values, 'limit', 0);
  const folders = texts(values, 'code');
  const chats = text(values, 'own-chats');
  await Promise.all([
    ...files.map((path) => checkKind(path, 'file')),
    ...folders.map((path) => checkKind(path, 'folder')),
  ]);
  if (chats !== undefined) await checkKind(chats, 'any');
  const read = await Promise.all(files.map(readPromptFile));
  const all = [
    ...read.flatMap(({ prompts }) => prompts),
    ...(await Promise.all(folders.map((folder) => readCodeQuestions(folder, seed)))).flat(),
    ...(chats === undefined ? [] : await readOwnChats(chats)),
  ];
  const unique = eachOnce(all);
  const badLines = read.reduce((sum, file) => sum + file.badLines, 0);
  return { prompts: unique.slice(0, limit), duplicates: all.length - unique.length, badLines };
}

function describe(result: {
  readonly out: string;
  readonly answered: number;
  readonly failed: number;
  readonly known: number;
  readonly imported: number;
  readonly duplicates: number;
  readonly badLines: number;
  readonly records: number;
  readonly completionTokens: number;
  readonly seconds: number;
}): string {
  const lines = [
    `${result.answered} answers (${result.completionTokens} tokens in ${result.seconds} s), ${result.known} known from before, ${result.imported} imported`,
    ...(result.failed > 0
      ? [`${result.failed} failed, see ${join(result.out, failsName)}; the next run tries them again`]
      : []),
    ...(result.duplicates > 0 ? [`${result.duplicates} questions were asked twice`] : []),
    ...(result.badLines > 0 ? [`${result.badLines} lines were no records`] : []),
    `${result.records} records in ${result.out}; next: paddock curate ${result.out}/answers-*.jsonl --out curated`,
  ];
  return `${lines.join('\n')}\n`;
}
