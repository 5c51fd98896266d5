/** From what a model wrote to a commit message: subject, empty line, body. Pure, and linear in the length. */
import { splitThoughts } from '../../../protocol/thoughts.ts';
import { applyStyle } from './commit-style.ts';
import type { CommitStyle } from './commit-style.ts';

const longestSubject = 72;
const mostBodyLines = 10;
/** No message is longer; a model that repeats itself without end is cut here. */
const longestReply = 4000;

/** Fences, quotes, labels and chatter are removed. Empty when nothing is left. */
export function cleanCommitMessage(reply: string, style: CommitStyle): string {
  const text = splitThoughts(reply.slice(0, longestReply))
    .answer.replaceAll(/\r\n?/gu, '\n')
    .replaceAll(unprintable, '');
  const lines = withoutLeadIn(insideFence(text.split('\n').map((line) => line.trimEnd())));
  const subject = cleanSubject(lines[0] ?? '', style);
  if (subject === '') return '';
  const body = cleanBody(lines.slice(1), subject);
  return body.length === 0 ? subject : `${subject}\n\n${body.join('\n')}`;
}

/** Control characters but for the line break and the tab, and those that change the direction of text. */
// oxlint-disable-next-line no-control-regex
const unprintable = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** The contents of the reply's own fence; else what is before the fence that closes the one of the prompt. */
function insideFence(lines: readonly string[]): readonly string[] {
  const isFence = (line: string): boolean => /^ {0,3}(?:`{3,}|~{3,})[ \t]*[\w-]*$/u.test(line);
  const first = lines.findIndex(isFence);
  if (first < 0) return lines;
  const before = lines.slice(0, first);
  if (withoutLeadIn(before).length > 0) return before;
  const rest = lines.slice(first + 1);
  const close = rest.findIndex(isFence);
  return close < 0 ? rest : rest.slice(0, close);
}

function withoutLeadIn(lines: readonly string[]): readonly string[] {
  const first = lines.findIndex((line) => line.trim() !== '' && !isLeadIn(line));
  return first < 0 ? [] : lines.slice(first);
}

function isLeadIn(line: string): boolean {
  return (
    line.trimEnd().endsWith(':') &&
    /^\W*(?:sure|certainly|okay|here|below|this is|the (?:commit|subject|message)|(?:suggested )?(?:commit|subject|message|title)\b)/iu.test(
      line,
    )
  );
}

function cleanSubject(line: string, style: CommitStyle): string {
  let subject = line.trim().replace(/^(?:[#>*-]+[ \t]+)+/u, '');
  subject = withoutQuotes(subject).replace(/^(?:commit message|message|subject|title)[ \t]*:[ \t]*/iu, '');
  subject = withoutQuotes(subject).replaceAll(/\s+/gu, ' ');
  return shortened(applyStyle(subject.endsWith('...') ? subject : subject.replace(/\.$/u, ''), style)).trim();
}

const quotes = ['**', '`', '"', "'", '“”', '‘’'];

function withoutQuotes(text: string): string {
  for (const quote of quotes) {
    const [open, close] = quote.length === 2 && quote !== '**' ? [quote.charAt(0), quote.charAt(1)] : [quote, quote];
    const isQuoted = text.length > open.length + close.length && text.startsWith(open) && text.endsWith(close);
    const inner = text.slice(open.length, text.length - close.length);
    if (isQuoted && !inner.includes(open)) return withoutQuotes(inner.trim());
  }
  return text;
}

/** Cut between words, and never behind a word that needs another one. */
function shortened(subject: string): string {
  if (subject.length <= longestSubject) return subject;
  const words = subject
    .slice(0, longestSubject + 1)
    .split(' ')
    .slice(0, -1);
  while (words.length > 1 && dangling.has((words.at(-1) ?? '').toLowerCase())) words.pop();
  const short = words.join(' ').replace(/[,;:]$/u, '');
  return short === '' ? subject.slice(0, longestSubject) : short;
}

const dangling = new Set(
  'a an and as at by for from in into is its of on or so that the their to when where which with'.split(' '),
);

function cleanBody(lines: readonly string[], subject: string): string[] {
  const end = lines.findIndex((line) => isChatter(line));
  const body = (end < 0 ? lines : lines.slice(0, end)).filter((line) => !isTrailer(line) && line.trim() !== subject);
  const kept = body.filter((line, index) => line.trim() !== '' || (body[index - 1] ?? '').trim() !== '');
  while (kept.length > 0 && (kept[0] ?? '').trim() === '') kept.shift();
  const wrapped = kept.flatMap((line) => wrap(line)).slice(0, mostBodyLines);
  while (wrapped.length > 0 && (wrapped.at(-1) ?? '').trim() === '') wrapped.pop();
  return wrapped;
}

/** Words to the user, and not about the change. */
function isChatter(line: string): boolean {
  return /^\W*(?:this (?:commit )?message|let me know|note that this|i hope|feel free|explanation\b|(?:`{3,}|~{3,}))/iu.test(
    line,
  );
}

/** A model must not sign for anybody. */
function isTrailer(line: string): boolean {
  return /^(?:[\w-]+-by|change-id|(?:author|date|commit))[ \t]*:/iu.test(line);
}

function wrap(line: string): string[] {
  const indent = /^[ \t]*(?:[-*][ \t]+)?/u.exec(line)?.[0].replaceAll(/[-*]/gu, ' ') ?? '';
  const wrapped: string[] = [];
  let current = '';
  for (const word of line.split(' ')) {
    const longer = current === '' ? word : `${current} ${word}`;
    if (longer.length <= longestSubject || current.trim() === '') current = longer;
    else {
      wrapped.push(current);
      current = indent + word;
    }
  }
  return [...wrapped, current];
}
