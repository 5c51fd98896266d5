import { quoted } from './json-file.ts';
import type { Json, JsonFile } from './json-file.ts';
import { findPreTokenizer } from './pre-tokenizer.ts';

/** What tokenizer.ggml.token_type says of a token (ggml docs, gguf.md). */
export const tokenTypes = { normal: 1, control: 3, userDefined: 4, unused: 5 } as const;

/** A byte-level BPE tokenizer as model files have it. */
export interface Vocabulary {
  readonly pre: string;
  /** By id. Normal ones spell bytes as GPT-2 does. */
  readonly tokens: readonly string[];
  readonly types: readonly number[];
  /** Two tokens with a space between, the first to be merged first. */
  readonly merges: readonly string[];
  /** Ids by how tokens are spelled. */
  readonly ids: ReadonlyMap<string, number>;
}

/**
 * Reads tokenizer.json (huggingface/tokenizers). `rows`: of the embedding; ids up to there that the tokenizer leaves
 * out
 * become unused tokens. Throws `unsupportedModel` for another kind of tokenizer.
 */
export function readVocabulary(file: JsonFile, rows: number): Vocabulary {
  const model = file.object(file.root['model'], 'model');
  refuseOtherKinds(file, model);
  const pre = findPreTokenizer(file);
  if (model['ignore_merges'] === true && pre !== 'llama-bpe') {
    throw file.unsupported(`model.ignore_merges is not run here together with the pre_tokenizer of ${pre}`);
  }
  const tokens: (string | undefined)[] = Array.from({ length: rows });
  const types = Array.from({ length: rows }, (): number => tokenTypes.unused);
  const ids = new Map<string, number>();
  const add = (token: string, value: unknown, type: number, what: string): void => {
    const id = file.whole(value, `the id of ${what} ${quoted(token)}`, 0, rows - 1);
    if (tokens[id] !== undefined && tokens[id] !== token) {
      throw file.wrong(`the tokens ${quoted(tokens[id])} and ${quoted(token)}`, `have the same id ${id}`);
    }
    tokens[id] = token;
    types[id] = type;
    ids.set(token, id);
  };
  for (const [token, id] of Object.entries(file.object(model['vocab'], 'model.vocab'))) {
    add(token, id, tokenTypes.normal, 'the token');
  }
  for (const value of file.list(file.root['added_tokens'] ?? [], 'added_tokens')) {
    const added = file.object(value, 'each of added_tokens');
    const content = file.text(added['content'], 'the content of each of added_tokens');
    const control = added['special'] === true || looksSpecial(content);
    add(content, added['id'], control ? tokenTypes.control : tokenTypes.userDefined, 'the added token');
  }
  return {
    pre,
    tokens: tokens.map((token, id) => token ?? `[PAD${id}]`),
    types,
    merges: file.list(model['merges'], 'model.merges').map((merge) => mergeText(file, merge)),
    ids,
  };
}

function refuseOtherKinds(file: JsonFile, model: Json): void {
  const type = model['type'] ?? 'BPE';
  if (type !== 'BPE') {
    throw file.unsupported(`a tokenizer of the kind ${quoted(type)} is not run here, only byte-level BPE`);
  }
  if (model['byte_fallback'] === true) {
    throw file.unsupported('a SentencePiece tokenizer (byte_fallback) is not run here, only byte-level BPE');
  }
  for (const key of ['continuing_subword_prefix', 'end_of_word_suffix']) {
    if ((model[key] ?? '') !== '') {
      throw file.unsupported(`model.${key} is not run here`);
    }
  }
  const normalizer = file.root['normalizer'] ?? undefined;
  // Text is nearly always normalized to NFC, and llama.cpp passes over it as well.
  if (normalizer !== undefined && file.object(normalizer, 'normalizer')['type'] !== 'NFC') {
    throw file.unsupported(`the normalizer ${quoted(normalizer)} is not run here, only NFC or none`);
  }
}

/** Some tokenizers do not say so of tokens that only ever stand for structure. */
function looksSpecial(token: string): boolean {
  return /^<(\|.*\||｜.*｜)>$/su.test(token) || ['<pad>', '<mask>'].includes(token);
}

/** "a b" or ["a", "b"]. */
function mergeText(file: JsonFile, value: unknown): string {
  const parts = typeof value === 'string' ? value.split(' ') : value;
  if (
    Array.isArray(parts) &&
    parts.length === 2 &&
    parts.every((part) => typeof part === 'string' && part !== '' && !part.includes(' '))
  ) {
    return parts.join(' ');
  }
  throw file.wrong('each of model.merges', `must be two tokens, and not ${quoted(value)}`);
}
