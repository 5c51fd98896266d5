/** Tasks with a known answer: self-instruct's, and every other record that has a question and an answer. */
import type { Item } from '../curate/input-item.ts';
import { answerOf, promptOf } from '../curate/record.ts';
import type { Message } from '../curate/record.ts';
import { toRecords } from '../curate/shapes.ts';

export interface AnswerTask {
  readonly id: string;
  /** What comes before the answer, cleaned as for training. */
  readonly messages: readonly Message[];
  readonly answer: string;
  /** The texts as the evaluation of 2023 joined them, not cleaned; of the first instance only, as there. */
  readonly plain: { readonly prompt: string; readonly answer: string } | undefined;
}

/** Undefined when the value is no record with an answer. */
export function toAnswerTasks({ value, line }: Item, name: string): AnswerTask[] | undefined {
  const records = toRecords(value, { id: `${name}:${line}`, source: name });
  if (typeof records === 'string') {
    return undefined;
  }
  const given = value as Readonly<Record<string, unknown>>;
  return records.map((record, index) => {
    const answered = record.messages.findLastIndex(({ role }) => role === 'assistant');
    const id = typeof given['id'] === 'string' || typeof given['id'] === 'number' ? String(given['id']) : record.id;
    return {
      id: records.length === 1 ? id : `${id}.${index + 1}`,
      messages: record.messages.slice(0, Math.max(0, answered)),
      answer: answerOf(record),
      plain: index > 0 ? undefined : (plainTexts(given) ?? { prompt: promptOf(record), answer: answerOf(record) }),
    };
  });
}

function plainTexts(value: Readonly<Record<string, unknown>>): AnswerTask['plain'] {
  const { instruction, instances } = value;
  const first: unknown = Array.isArray(instances) ? instances[0] : value;
  if (typeof instruction !== 'string' || typeof first !== 'object' || first === null) {
    return undefined;
  }
  const { input = '', output } = first as { input?: unknown; output?: unknown };
  return typeof input === 'string' && typeof output === 'string'
    ? { prompt: `${instruction} ${input}`, answer: output }
    : undefined;
}
