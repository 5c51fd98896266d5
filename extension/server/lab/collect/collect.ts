/**
 * Collects answers of a local teacher model. Questions with an answer are skipped, so a stopped or killed run resumes;
 * the next run retries failures.
 */
import type { Engine } from '../../engine/engine.ts';
import { EngineError } from '../../engine/errors.ts';
import { answerOf, promptOf } from '../curate/record.ts';
import type { CurateRecord } from '../curate/record.ts';
import { RemainingTime } from '../remaining-time.ts';
import { answerPrompt } from './answer.ts';
import type { TeacherSettings } from './answer.ts';
import { toPrompt } from './prompts.ts';
import type { Prompt } from './prompts.ts';
import type { Shards } from './shards.ts';

export interface CollectOptions {
  readonly prompts: readonly Prompt[];
  readonly settings: TeacherSettings;
  /** Description of the teacher, stored in each record. */
  readonly teacher: Readonly<Record<string, string | number>>;
}

export interface CollectHooks {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: CollectProgress) => void;
}

export interface CollectProgress {
  readonly done: number;
  readonly total: number;
  readonly failed: number;
  readonly remainingSeconds: number | undefined;
}

export interface CollectResult {
  readonly answered: number;
  readonly failed: number;
  /** Had an answer from an earlier run. */
  readonly known: number;
  readonly completionTokens: number;
}

/** Throws `cancelled`; the answers so far are in the shards. */
export async function collect(
  engine: Engine,
  shards: Shards,
  { prompts, settings, teacher }: CollectOptions,
  { signal, onProgress }: CollectHooks,
): Promise<CollectResult> {
  const open = prompts.filter(({ id }) => !shards.has(id));
  const known = prompts.length - open.length;
  const remaining = new RemainingTime(open.length);
  remaining.start();
  let [answered, failed, completionTokens] = [0, 0, 0];
  for (const prompt of open) {
    const done = known + answered + failed;
    onProgress?.({ done, total: prompts.length, failed, remainingSeconds: remaining.seconds() });
    try {
      const answer = await engine.runInBackground(signal, (model, either) =>
        answerPrompt(model, prompt, settings, either),
      );
      shards.append(toRecord(prompt, answer, settings, teacher));
      answered++;
      completionTokens += answer.completionTokens;
    } catch (error) {
      const failure = EngineError.from(error);
      if (signal.aborted || !ofThePrompt.has(failure.code)) throw failure;
      shards.fail({ ...identityOf(prompt), error: failure.code, message: failure.message } as { id: string });
      failed++;
    }
    remaining.add(1);
  }
  return { answered, failed, known, completionTokens };
}

/** Adds records of other collections to the answers. Returns how many were new. */
export function importRecords(records: readonly CurateRecord[], shards: Shards): number {
  let added = 0;
  for (const record of records) {
    const { id } = toPrompt(record.messages, '');
    if (shards.has(id)) continue;
    const { model, finish_reason: finishReason } = record.meta;
    shards.append({
      id,
      prompt: promptOf(record),
      response: answerOf(record),
      ...(record.messages.length > 2 ? { messages: record.messages } : {}),
      model_settings: model === undefined ? {} : { model },
      ...(finishReason === undefined ? {} : { finish_reason: finishReason }),
      source: record.source,
      imported: true,
    } as { id: string });
    added++;
  }
  return added;
}

/** Failures that concern one prompt only. All others end the run. */
const ofThePrompt = new Set(['promptTooLong', 'invalidArgument', 'templateFailed']);

function identityOf({ id, messages, source }: Prompt): { id: string; prompt: string; source: string } {
  return { id, prompt: messages.at(-1)?.content ?? '', source };
}

function toRecord(
  prompt: Prompt,
  answer: Awaited<ReturnType<typeof answerPrompt>>,
  settings: TeacherSettings,
  teacher: CollectOptions['teacher'],
): { readonly id: string } {
  const messages = answer.messages;
  const first = messages.findIndex((message, at) => message.role === 'assistant' && at >= prompt.messages.length);
  const record = {
    ...identityOf(prompt),
    response: messages[first]?.content ?? '',
    // A conversation is more than its first question and answer.
    ...(messages.length > 2 ? { messages } : {}),
    model_settings: {
      ...teacher,
      temperature: settings.temperature,
      max_tokens: settings.maxTokens,
      seed: answer.seed,
    },
    finish_reason: answer.finishReason,
    prompt_tokens: answer.promptTokens,
    completion_tokens: answer.completionTokens,
  };
  return record;
}
