import { randomBytes } from 'node:crypto';
import type { ChatMessage } from '../../protocol/model.ts';
import type { NativeModel } from '../engine/binding.ts';
import { EngineError } from '../engine/errors.ts';
import { chatMlTemplate, renderTemplate } from './template.ts';

export type TokenizerModel = Pick<NativeModel, 'info' | 'tokenize'>;

/**
 * Token ids of a conversation in the model's own format, ending where the assistant's answer begins.
 *
 * Only the template's own words may become control tokens: the template is rendered with unguessable placeholders
 * for the contents, and what stands between them is tokenized apart from the contents. A text of the user that
 * looks like `<|im_end|>` stays text.
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

/** Where a text stands among ids: from `from` up to but not with `to`. */
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
  return { ids, answers: spans.filter((_, index) => pieces[index]?.role === 'assistant') };
}

function piecesOf(model: TokenizerModel, messages: readonly ChatMessage[], enableThinking?: boolean): Piece[] {
  const marks = messages.map(() => `mark${randomBytes(12).toString('hex')}`);
  return splitAtMarks(renderMarks(model, messages, marks, enableThinking), marks, messages);
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
  /** Words of the template, in which control tokens count. */
  readonly literal: boolean;
  /** Of a content: who says it. */
  readonly role?: ChatMessage['role'];
}

/**
 * Around each mark stands a space that templates do not use, to see whether this template trims contents: then
 * we trim them as well.
 */
const probe = '\u2003';

function renderMarks(
  model: TokenizerModel,
  messages: readonly ChatMessage[],
  marks: readonly string[],
  enableThinking: boolean | undefined,
): string {
  const { chatTemplate, bosText, eosText } = model.info;
  const withContents = messages.map(({ role }, index) => ({ role, content: `${probe}${marks[index] ?? ''}${probe}` }));
  const thinking = enableThinking === undefined ? {} : { enableThinking };
  const common = { template: chatTemplate ?? chatMlTemplate, bosText, eosText, ...thinking };
  try {
    return renderTemplate({ ...common, messages: withContents });
  } catch (error) {
    const folded = foldSystemMessage(withContents);
    if (folded === undefined || !EngineError.is(error, 'templateFailed')) {
      throw error;
    }
    return renderTemplate({ ...common, messages: folded });
  }
}

/** For templates that refuse a system message: it opens the first message of the user instead. */
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
