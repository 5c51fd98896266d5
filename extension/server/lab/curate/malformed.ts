/**
 * Answers that are no answers: empty, damaged, the error page of an interface, cut off, an echo of the question, a
 * loop.
 * Each check prefers to miss a doubtful case, because a good record that is dropped is never seen again.
 */
import { answerOf, promptOf } from './record.ts';
import type { CurateRecord } from './record.ts';
import type { Reason } from './reasons.ts';
import { isRepetitive } from './repetition.ts';

export function malformations(record: CurateRecord): Reason[] {
  const prompt = promptOf(record);
  const answer = answerOf(record);
  const asked = record.messages.some(({ role }) => role === 'user');
  if (answer === '' || (asked && prompt === '')) {
    return ['malformed/empty'];
  }
  const found: Reason[] = [];
  if (isOneCharacter(answer) || (asked && isOneCharacter(prompt))) {
    found.push('malformed/too-short');
  }
  if (hasDamage(answer) || hasDamage(prompt)) found.push('malformed/encoding');
  if (record.messages.some(({ role, content }) => role === 'assistant' && isApiError(content)))
    found.push('malformed/api-error');
  if (isTruncated(answer, record.meta['finish_reason'])) found.push('malformed/truncated');
  if (asked && isEcho(prompt, answer)) found.push('malformed/echo');
  if (isRepetitive(answer)) found.push('malformed/repetition');
  return found;
}

/** Replacement characters, control characters, halves of surrogate pairs, and UTF-8 that was read as Latin-1. */
export function hasDamage(text: string): boolean {
  if (!/[^\n\t\x20-\x7e]/u.test(text)) {
    return false;
  }
  if (/[\ufffd\p{Cs}]|(?![\n\t])\p{Cc}/u.test(text)) {
    return true;
  }
  const garbled = text.match(mojibake)?.length ?? 0;
  return garbled >= 2 || (garbled === 1 && text.length < 200);
}

/** The body or the message of a failed request in place of an answer. */
export function isApiError(answer: string): boolean {
  return answer.length < 2000 && apiError.test(answer.slice(0, 300));
}

export function isTruncated(answer: string, finishReason: unknown): boolean {
  if (typeof finishReason === 'string' && /^(?:length|max_tokens|max_length)$/iu.test(finishReason)) {
    return true;
  }
  return hasOpenFence(answer) || endsMidSentence(answer);
}

export function isEcho(prompt: string, answer: string): boolean {
  const question = plain(prompt);
  const reply = plain(answer);
  if (question === reply) {
    return true;
  }
  // Code is completed by repeating its head, so only prose counts as repeated.
  return question.length >= 30 && reply.startsWith(question) && !/[{};]|\bdef |```/u.test(prompt);
}

function isOneCharacter(text: string): boolean {
  return text.length <= 2 && /^.?$/su.test(text);
}

function hasOpenFence(answer: string): boolean {
  let open = '';
  for (const [, fence = '', info = ''] of answer.matchAll(/^[ \t]*(`{3,}|~{3,})([^\n]*)$/gmu)) {
    if (open === '') {
      open = fence;
    } else if (fence.startsWith(open) && info.trim() === '') {
      open = '';
    }
  }
  return open !== '';
}

/**
 * Prose whose last sentence has no end. Lists, tables, code, verse and titles end without a full stop by right, so
 * something
 * must show that a stop was to come: an earlier sentence of the paragraph has one, or all earlier lines, or the last
 * line is
 * as long as only sentences are. A comma, an opening bracket or a word that needs another one behind it tell by
 * themselves.
 */
function endsMidSentence(answer: string): boolean {
  const last = answer.slice(answer.lastIndexOf('\n') + 1).trim();
  if (answer.includes('```') || codeLike.test(last) || words(answer) < 8) {
    return false;
  }
  // "Looking forward to it," closes a letter, and a dash begins the name of who is quoted.
  if (/^(?:[\p{Lu}][^,]*,$|[–—―])/u.test(last) && words(last) <= 6) {
    return false;
  }
  if (danglingEnd.test(last)) {
    return words(last) >= 4;
  }
  if (!/[\p{L}\p{N}]$/u.test(last) || /(?:\S\.|:\/\/|www\.)\S+$/u.test(last.slice(-300))) {
    return false;
  }
  return breaksHabit(answer, last) || isLongSentence(last);
}

/** The earlier lines, or else the earlier sentences of the paragraph, all have an end. */
function breaksHabit(answer: string, last: string): boolean {
  const lines = answer.split('\n').filter((line) => line.trim() !== '');
  const earlier = lines.slice(0, -1).filter((line) => words(line) >= 4);
  if (earlier.length >= 2 && words(last) >= 2 && earlier.every((line) => /[.!?]["'”’)\]]*\s*$/u.test(line))) {
    // The name below a letter is short.
    return words(last) >= 4 || listItem.test(last);
  }
  if (listItem.test(last)) {
    return false;
  }
  const paragraph = answer.slice(Math.max(0, answer.lastIndexOf('\n\n'))).trim();
  const text = paragraph.split('\n').length > 3 ? last : paragraph;
  const end = [...text.matchAll(sentenceEnd)].at(-1);
  // One word more may be a name or thanks.
  return end !== undefined && words(text.slice(end.index + 1)) >= 2;
}

/** So many words, and so many small ones among them, as no title or list of names has. */
function isLongSentence(line: string): boolean {
  const count = words(line);
  return count >= 20 && /^["'“]?\p{Lu}/u.test(line) && (line.match(functionWord)?.length ?? 0) >= count * 0.3;
}

const listItem = /^(?:[-*+•#>|]|\(?\w{1,3}[.)]\s)/u;
const functionWord =
  /\b(?:the|a|an|and|or|but|of|to|in|on|at|for|from|by|with|as|is|are|was|were|be|been|has|have|had|it|its|that|this|which|who|we|you|they|he|she|his|her|their|your|my|not|will|would|can|could|should|than|when|if|so|do|does)\b/giu;

function words(text: string): number {
  return text.match(/\S+/gu)?.length ?? 0;
}

function plain(text: string): string {
  return text.toLowerCase().replace(/\s+/gu, ' ').trim();
}

/** What the first bytes of UTF-8 sequences look like in Windows-1252, with a second byte behind them. */
const mojibake = /[ÃÂ][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹Œ‘’“”•–—˜™š›œ]|â(?:€[\u0080-\u00ff™œ\u009d˜“”¦¢]|„¢)|ðŸ/gu;

const apiError = new RegExp(
  [
    String.raw`^\s*[{[]\s*"?(?:error|errors|detail)"?\s*:`,
    String.raw`^\s*\{\s*"(?:message|status|code|type)"\s*:\s*(?:"[^"]*(?:error|limit|denied|invalid|overloaded)|[45]\d\d\b)`,
    String.raw`^(?:error code|http(?:error)?|http\/\d\.\d)\s*:?\s*[45]\d\d\b`,
    String.raw`^(?:error:?\s+)?[45]\d\d\s+(?:bad gateway|service unavailable|gateway time-?out|internal server error|too many requests|unauthorized|forbidden|not found|bad request)`,
    String.raw`^<(?:!doctype html|html)[\s\S]*?<title>[^<]*\b[45]\d\d\b`,
    String.raw`^(?:error:?\s+)?rate limit (?:reached|exceeded)\b`,
    String.raw`^(?:openai|anthropic|requests|httpx|aiohttp)\.\w*(?:error|exceptions?)\b`,
    String.raw`^(?:upstream connect error|internal server error$|bad gateway$|service unavailable$|gateway time-?out$|(?:the )?request timed out)`,
    String.raw`^the (?:server|model|engine)(?: is|:)? [^.\n]{0,40}\b(?:overloaded|had an error while processing)`,
    String.raw`^(?:traceback \(most recent call last\):[\s\S]*)?(?:apierror|apiconnectionerror|ratelimiterror|timeouterror|connectionerror)\b`,
    String.raw`^(?:error communicating with|request failed with status code|network ?error\b|too many requests\b|!error\b)`,
    String.raw`^an (?:internal |unexpected |unknown )?error (?:has )?occurr?ed\b[^.\n]{0,60}(?:request|response|generating|server|try again|$)`,
    String.raw`^(?:null|undefined|nan|error|\[object object\])$`,
    String.raw`^you exceeded your current quota\b`,
    String.raw`^this model's maximum context length is\b`,
  ].join('|'),
  'iu',
);

const codeLike = /[{}();=<>\\]$|^\s{4,}|^(?:def|class|function|import|return|SELECT|const|let|var)\b|[=;{}]\s/u;

/** Words after which something must follow, and marks that open or go on. */
const danglingEnd =
  /(?:\b(?:the|a|an|and|or|but|of|to|with|for|from|by|in|into|at|as|than|because|which|whose|is|are|was|were|has|have|will|would|can|could|should|its|their|your|his|our|this|these|very|more|between|during|while)|[,([{–—-])$/u;

const sentenceEnd = /(?<![.\s]\p{L}|\b(?:St|Dr|Mr|Mrs|Ms|vs|No|Inc|Jr|Sr|etc))[.!?]["'”’)\]]*\s/gu;
