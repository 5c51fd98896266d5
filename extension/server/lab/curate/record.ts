/**
 * The common form of all record formats, and the cleaning of its texts. Cleaning is minimal, because the model is
 * trained on the text: it removes only what no author wrote and no reader sees.
 */

export const roles = ['system', 'user', 'assistant'] as const;
export type Role = (typeof roles)[number];

export interface Message {
  readonly role: Role;
  readonly content: string;
}

export interface CurateRecord {
  /** The file's name, the line (or row), and for a record made of several its number: unique in one run. */
  readonly id: string;
  readonly source: string;
  readonly messages: readonly Message[];
  /** What else the record said: short values only. */
  readonly meta: Readonly<Record<string, string | number | boolean>>;
}

/** Everything that was asked: all messages but the last answer. */
export function promptOf({ messages }: Pick<CurateRecord, 'messages'>): string {
  return messages
    .slice(0, lastAnswer(messages))
    .map(({ content }) => content)
    .join('\n');
}

/** The last answer; a plain text counts as one. */
export function answerOf({ messages }: Pick<CurateRecord, 'messages'>): string {
  return messages[lastAnswer(messages)]?.content ?? '';
}

/** NFC, `\n` as the only line end, nothing invisible, no control token of a tokenizer at the end, no blank margin. */
export function cleanText(text: string): string {
  let clean = plainAscii.test(text)
    ? text
    : text
        .normalize('NFC')
        .replace(/\r\n?|[\u2028\u2029]/gu, '\n')
        .replace(invisible, '');
  clean = clean.trim();
  for (let end = endToken.exec(clean.slice(-20)); end !== null; end = endToken.exec(clean.slice(-20))) {
    clean = clean.slice(0, -end[0].length).trimEnd();
  }
  return clean;
}

function lastAnswer(messages: readonly Message[]): number {
  const index = messages.findLastIndex(({ role }) => role === 'assistant');
  return index === -1 ? messages.length : index;
}

/** Most texts are already clean, and this test is cheaper than cleaning. */
const plainAscii = /^[\n\t\x20-\x7e]*$/u;

/**
 * Soft hyphen, zero-width space, word joiner, byte order mark, and direction marks. The joiners U+200C and U+200D stay
 * where they carry meaning: between letters and in emoji.
 */
const invisible =
  /[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff]|(?<![\p{L}\p{M}\p{Emoji}\ufe0f])[\u200c\u200d]|[\u200c\u200d](?![\p{L}\p{M}\p{Emoji}])/gu;

const endToken = /(?:<\|(?:endoftext|im_end|end|eot_id|end_of_text)\|>|<\/s>|<eos>)$/u;
