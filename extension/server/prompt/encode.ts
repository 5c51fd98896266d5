import { randomBytes } from 'node:crypto';
import type { ChatMessage } from '../../protocol/model.ts';
import type { NativeModel } from '../engine/binding.ts';
import { splitThoughts } from '../../protocol/thoughts.ts';
import { EngineError } from '../engine/errors.ts';
import { chatMlTemplate, renderTemplate } from './template.ts';

export type TokenizerModel = Pick<NativeModel, 'info' | 'tokenize'>;

/**
 * Token ids of a conversation in the model's own format, ending where the assistant's answer begins.
 *
 * The template works on the real text of the messages. Only its own words may become control tokens: a text of the user
 * that looks like `<|im_end|>` stays text. Throws `templateFailed`, also when the template leaves a message out.
 *
 * `answerStart` is what the assistant's answer begins with, put there by us: thoughts would have to stand before it, so
 * a model that may think first is told not to.
 */
export function encodeConversation(
  model: TokenizerModel,
  messages: readonly ChatMessage[],
  answerStart = '',
): Int32Array {
  const pieces = piecesOf(model, messages, answerStart === '' ? undefined : false);
  return joinIds(model, [...pieces, { text: answerStart, literal: false }]).ids;
}

/** Position of a text among ids: from `from` up to but excluding `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The same ids, and where in them each answer stands that the assistant gave before. */
export function encodeWithAnswers(
  model: TokenizerModel,
  messages: readonly ChatMessage[],
): { readonly ids: Int32Array; readonly answers: readonly Span[] } {
  const pieces = piecesOf(model, messages);
  const { ids, spans } = joinIds(model, pieces);
  return { ids, answers: answersOf(pieces, spans, messages) };
}

/** Neighbouring pieces of an answer are one span. Throws `templateFailed` when an answer was not found. */
function answersOf(pieces: readonly Piece[], spans: readonly Span[], messages: readonly ChatMessage[]): Span[] {
  const answers: Span[] = [];
  pieces.forEach(({ role }, index) => {
    const [span, last] = [spans[index], answers.at(-1)];
    if (role !== 'assistant' || span === undefined) {
      return;
    }
    if (pieces[index - 1]?.role === 'assistant' && last !== undefined) {
      answers[answers.length - 1] = { from: last.from, to: span.to };
    } else {
      answers.push(span);
    }
  });
  if (answers.length < messages.filter(({ role, content }) => role === 'assistant' && content.trim() !== '').length) {
    throw new EngineError(
      'templateFailed',
      'The chat template of this model changes answers, so Paddock cannot find them in its output. Choose another model.',
    );
  }
  return answers;
}

/** The ids with the model's bos token before them, where it wants one and they have none. */
export function withBos({ info }: Pick<NativeModel, 'info'>, ids: Int32Array): Int32Array {
  if (!info.addBos || info.bosToken === undefined || ids[0] === info.bosToken) {
    return ids;
  }
  const all = new Int32Array(ids.length + 1);
  all[0] = info.bosToken;
  all.set(ids, 1);
  return all;
}

interface Piece {
  readonly text: string;
  /** Text of the template, which may contain control tokens. */
  readonly literal: boolean;
  /** The role of the message. */
  readonly role?: ChatMessage['role'];
}

function piecesOf(model: TokenizerModel, messages: readonly ChatMessage[], enableThinking?: boolean): Piece[] {
  const render = rendererOf(model, enableThinking);
  const { marks, marked, sent } = renderMarks(render, messages);
  const pieces = splitAtMarks(marked, marks, messages);
  // Most templates only place the contents, and then the real text is the marked one with the contents in it. Others
  // look at them: they drop thoughts, find switches, write JSON.
  const isPlaced = pieces.map(({ text }) => text).join('') === render(sent);
  return isPlaced ? pieces : splitAtCuts(model, render, messages, sent);
}

type Render = (messages: readonly ChatMessage[]) => string;

function rendererOf({ info }: TokenizerModel, enableThinking: boolean | undefined): Render {
  const { chatTemplate, bosText, eosText } = info;
  const thinking = enableThinking === undefined ? {} : { enableThinking };
  return (messages) =>
    renderTemplate({ template: chatTemplate ?? chatMlTemplate, messages, bosText, eosText, ...thinking });
}

interface Marked {
  readonly marks: readonly string[];
  /** The rendered text with a mark instead of each content. */
  readonly marked: string;
  /** The messages in the form that the template takes. */
  readonly sent: readonly ChatMessage[];
}

/**
 * Finds out where the template puts each message, and whether it takes a system message: one that refuses or leaves out
 * that has it at the beginning of the user's first message instead. Throws `templateFailed` when it leaves out another.
 */
function renderMarks(render: Render, messages: readonly ChatMessage[]): Marked {
  const marks = messages.map(() => randomDigits());
  const withMarks = messages.map(({ role }, index) => ({ role, content: `${probe}${marks[index] ?? ''}${probe}` }));
  const folded = foldSystemMessage(withMarks);
  let marked: string | undefined;
  try {
    marked = render(withMarks);
  } catch (error) {
    if (folded === undefined || !EngineError.is(error, 'templateFailed')) {
      throw error;
    }
  }
  let sent = messages;
  if (folded !== undefined && marked?.includes(marks[0] ?? '') !== true) {
    marked = render(folded);
    sent = foldSystemMessage(messages) ?? messages;
  }
  const text = marked ?? '';
  const lost = messages[marks.findIndex((mark) => !text.includes(mark))];
  if (lost !== undefined) {
    throw new EngineError(
      'templateFailed',
      `The chat template of this model leaves out a ${lost.role} message. Choose another model, or another file of this one.`,
    );
  }
  return { marks, marked: text, sent };
}

/**
 * Around each mark stands a space that templates do not use, to see whether this template trims contents: then
 * we trim them as well.
 */
const probe = '\u2003';

/** Unguessable, and the same in capitals. */
function randomDigits(): string {
  return Array.from(randomBytes(12), (byte) => String(byte).padStart(3, '0')).join('');
}

/** For templates without system messages: it opens the first message of the user instead. */
function foldSystemMessage(messages: readonly ChatMessage[]): readonly ChatMessage[] | undefined {
  const [system, first, ...rest] = messages;
  if (system?.role !== 'system' || first?.role !== 'user') {
    return undefined;
  }
  return [{ role: 'user', content: `${system.content}\n\n${first.content}` }, ...rest];
}

function splitAtMarks(rendered: string, marks: readonly string[], messages: readonly ChatMessage[]): Piece[] {
  const pieces: Piece[] = [];
  const pattern = new RegExp(`(${probe}?)(${marks.join('|')})(${probe}?)`, 'gu');
  let end = 0;
  for (const match of rendered.matchAll(pattern)) {
    const [whole, before = '', mark = '', after = ''] = match;
    pieces.push({ text: rendered.slice(end, match.index), literal: true });
    const message = messages[marks.indexOf(mark)];
    pieces.push({
      text: trimLike(message?.content ?? '', before === '', after === ''),
      literal: false,
      ...(message === undefined ? {} : { role: message.role }),
    });
    end = match.index + whole.length;
  }
  pieces.push({ text: rendered.slice(end), literal: true });
  return pieces;
}

/**
 * For a template that changes contents. Control tokens in them are cut in two by a character that no text has; what
 * comes out is split there, so that no piece holds one of them whole.
 */
function splitAtCuts(
  model: TokenizerModel,
  render: Render,
  messages: readonly ChatMessage[],
  sent: readonly ChatMessage[],
): Piece[] {
  const safe = sent.map(({ role, content }) => ({ role, content: cutControlTokens(model, content) }));
  const rendered = render(safe);
  const pieces: Piece[] = [];
  let end = 0;
  const push = (to: number, role?: ChatMessage['role']): void => {
    for (const text of rendered.slice(end, to).split(cut)) {
      pieces.push({ text, literal: true, ...(role !== undefined && { role }) });
    }
    end = to;
  };
  for (const { content } of messages.filter(({ role }) => role === 'assistant')) {
    const answer = findAnswer(rendered, cutControlTokens(model, content), end);
    if (answer !== undefined) {
      push(answer.from);
      push(answer.to, 'assistant');
    }
  }
  push(rendered.length);
  return pieces;
}

/** Of a private area, doubled: texts do not have it, and if one did, it would only be split there. */
const cut = '\ue0f1\ue0f1';

/** Where an answer stands in what was rendered, as a whole or without its thoughts. */
function findAnswer(rendered: string, content: string, from: number): Span | undefined {
  for (const text of [content, content.trim(), splitThoughts(content).answer.trim()]) {
    const at = text === '' ? -1 : rendered.indexOf(text, from);
    if (at >= 0) {
      return { from: at, to: at + text.length };
    }
  }
  return undefined;
}

/** The text with a cut in each control token that the model's tokenizer would find in it. */
function cutControlTokens(model: TokenizerModel, text: string): string {
  let result = '';
  let rest = text;
  while (rest !== '') {
    const window = rest.slice(0, windowLength);
    const end = firstControlEnd(model, window);
    const taken = end ?? (rest.length > windowLength ? windowLength - longestControl : rest.length);
    result += end === undefined ? rest.slice(0, taken) : `${rest.slice(0, end - 1)}${cut}${rest[end - 1] ?? ''}`;
    rest = rest.slice(taken);
  }
  return result;
}

const windowLength = 1024;
/** Characters; the longest control tokens in use have some thirty. */
const longestControl = 128;

/** The end of the first control token of a text: the shortest beginning that reads otherwise when they count. */
function firstControlEnd(model: TokenizerModel, text: string): number | undefined {
  const holdsOne = (length: number): boolean => {
    const [some, others] = [true, false].map((special) => model.tokenize(text.slice(0, length), special));
    return some?.length !== others?.length || some?.some((id, index) => id !== others?.[index]) === true;
  };
  if (!holdsOne(text.length)) {
    return undefined;
  }
  let [low, high] = [1, text.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    [low, high] = holdsOne(middle) ? [low, middle] : [middle + 1, high];
  }
  return low;
}

function trimLike(content: string, start: boolean, end: boolean): string {
  const trimmed = start ? content.trimStart() : content;
  return end ? trimmed.trimEnd() : trimmed;
}

function joinIds(model: TokenizerModel, pieces: readonly Piece[]): { ids: Int32Array; spans: Span[] } {
  const parts = pieces.map(({ text, literal }) => (text === '' ? new Int32Array() : model.tokenize(text, literal)));
  const joined = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  const spans = parts.map((part) => {
    joined.set(part, at);
    at += part.length;
    return { from: at - part.length, to: at };
  });
  const ids = withBos(model, joined);
  const shift = ids.length - joined.length;
  return { ids, spans: spans.map(({ from, to }) => ({ from: from + shift, to: to + shift })) };
}
