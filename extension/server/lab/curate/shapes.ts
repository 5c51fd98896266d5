/**
 * Detects the format of each JSON value from its keys, so that a file may mix formats. An unknown shape is refused with
 * a reason; nothing is guessed.
 */
import { cleanText } from './record.ts';
import type { CurateRecord, Message, Role } from './record.ts';

/** Id and origin of a value. */
export interface Origin {
  readonly id: string;
  /** For records that name no source of their own. */
  readonly source: string;
}

export type BadReason = 'notJson' | 'notAnObject' | 'unknownShape' | 'notText' | 'lineTooLong';

/** The records of one value (a self-instruct task has several instances), or why there is none. */
export function toRecords(value: unknown, origin: Origin): CurateRecord[] | BadReason {
  if (!isObject(value)) {
    return 'notAnObject';
  }
  for (const { key, read } of shapes) {
    if (value[key] === undefined || value[key] === null) {
      continue;
    }
    const conversations = read(value);
    if (conversations === 'unknownShape') {
      continue;
    }
    if (conversations === 'notText') {
      return conversations;
    }
    const source = typeof value['source'] === 'string' && value['source'] !== '' ? value['source'] : origin.source;
    const meta = metaOf(value);
    return conversations.map((messages, index) => ({
      id: conversations.length === 1 ? origin.id : `${origin.id}.${index + 1}`,
      source: cleanText(source),
      messages: messages.map(({ role, content }) => ({ role, content: cleanText(content) })),
      meta,
    }));
  }
  return 'unknownShape';
}

type Value = Readonly<Record<string, unknown>>;
type Read = (value: Value) => Message[][] | 'notText' | 'unknownShape';

/** In this order: the first key that leads to a record decides. */
const shapes: readonly { readonly key: string; readonly read: Read }[] = [
  { key: 'messages', read: (value) => turns(value['messages'], 'role', 'content') },
  { key: 'conversations', read: (value) => turns(value['conversations'], 'from', 'value') },
  { key: 'instances', read: selfInstruct },
  { key: 'instruction', read: instruction },
  { key: 'prompt', read: (value) => pair(value['prompt'], answerField(value)) },
  { key: 'question', read: (value) => pair(value['question'], answerField(value)) },
  { key: 'text', read: (value) => plain(value['text']) },
];

/** The first answer found; `null` when the record has an answer key without a value. */
function answerField(value: Value): unknown {
  const present = answerKeys.filter((key) => value[key] !== undefined);
  return value[present.find((key) => value[key] !== null) ?? present[0] ?? ''];
}

const answerKeys = ['response', 'completion', 'output', 'answer', 'canonical_solution'];

/** OpenAI's messages and ShareGPT's conversations differ in their names only. */
function turns(list: unknown, roleKey: string, contentKey: string): ReturnType<Read> {
  if (!Array.isArray(list) || list.length === 0) {
    return 'unknownShape';
  }
  const messages: Message[] = [];
  for (const turn of list as unknown[]) {
    if (!isObject(turn)) {
      return 'unknownShape';
    }
    const role = roleNames[String(turn[roleKey] ?? turn['role'] ?? turn['from']).toLowerCase()];
    const content = textOf(turn[contentKey] ?? turn['content'] ?? turn['value']);
    if (role === undefined) {
      return 'unknownShape';
    }
    if (content === undefined) {
      return 'notText';
    }
    messages.push({ role, content });
  }
  return [messages];
}

function selfInstruct(value: Value): ReturnType<Read> {
  const { instruction: task, instances } = value;
  if (!Array.isArray(instances) || instances.length === 0) {
    return 'unknownShape';
  }
  const all: Message[][] = [];
  for (const instance of instances as unknown[]) {
    const messages = isObject(instance) ? asked(task, instance['input'], instance['output']) : 'unknownShape';
    if (typeof messages === 'string') {
      return messages;
    }
    all.push(...messages);
  }
  return all;
}

function instruction(value: Value): ReturnType<Read> {
  return asked(value['instruction'], value['input'] ?? value['context'], answerField(value));
}

/** An instruction with an input of its own below it, as Alpaca has it. */
function asked(task: unknown, input: unknown, answer: unknown): ReturnType<Read> {
  const below = input === undefined || input === null ? '' : textOf(input);
  const above = textOf(task);
  if (above === undefined || below === undefined) {
    return 'notText';
  }
  return pair(below.trim() === '' ? above : `${above}\n\n${below}`, answer);
}

function pair(prompt: unknown, answer: unknown): ReturnType<Read> {
  if (answer === undefined) {
    return 'unknownShape';
  }
  const question = textOf(prompt);
  // A missing answer is a defect of the record, not of its shape: it is counted as empty.
  const reply = answer === null ? '' : textOf(answer);
  if (question === undefined || reply === undefined) {
    return 'notText';
  }
  return [
    [
      { role: 'user', content: question },
      { role: 'assistant', content: reply },
    ],
  ];
}

function plain(text: unknown): ReturnType<Read> {
  const content = textOf(text);
  return content === undefined ? 'notText' : [[{ role: 'assistant', content }]];
}

/** Text, parts of text as newer APIs have them, or an object that wraps one as structured-output parsers leave it. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') {
    return value;
  }
  if (Array.isArray(value)) {
    const parts = (value as unknown[]).map((part) =>
      typeof part === 'string' ? part : isObject(part) && typeof part['text'] === 'string' ? part['text'] : undefined,
    );
    return parts.length === 0 || parts.includes(undefined) ? undefined : parts.join('');
  }
  if (isObject(value)) {
    const inner = value['value'] ?? value['description'];
    return typeof inner === 'string' ? inner : undefined;
  }
  return undefined;
}

/** Single values beside the texts, and the finish reason wherever it stands. */
function metaOf(value: Value): CurateRecord['meta'] {
  const meta: Record<string, string | number | boolean> = {};
  for (const [key, item] of Object.entries(value)) {
    if (textKeys.has(key)) {
      continue;
    }
    if (typeof item === 'number' || typeof item === 'boolean' || (typeof item === 'string' && item.length <= 200)) {
      meta[key] = item;
    }
  }
  const settings = isObject(value['model_settings']) ? value['model_settings'] : {};
  const reason = value['finish_reason'] ?? value['finishReason'] ?? value['stop_reason'] ?? settings['finish_reason'];
  if (typeof reason === 'string') {
    meta['finish_reason'] = reason;
  }
  if (typeof settings['model'] === 'string' && meta['model'] === undefined) {
    meta['model'] = settings['model'].slice(0, 200);
  }
  return meta;
}

function isObject(value: unknown): value is Value {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const textKeys = new Set(
  'source prompt response completion question answer instruction input context output text canonical_solution finishReason stop_reason'.split(
    ' ',
  ),
);

const roleNames: Readonly<Record<string, Role>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  human: 'user',
  prompter: 'user',
  tool: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  chatgpt: 'assistant',
  bot: 'assistant',
  bing: 'assistant',
  bard: 'assistant',
  model: 'assistant',
};
