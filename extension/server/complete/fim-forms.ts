/** How models that were trained to fill in code are asked: by control tokens of their vocabulary. */
import type { NativeModel } from '../engine/binding.ts';

interface FimForm {
  readonly prefix: string;
  readonly suffix: string;
  /** Before the answer. Absent where the answer follows the prefix. */
  readonly middle?: string;
  readonly suffixFirst?: boolean;
  /** Before each file of a repository. */
  readonly file?: string;
}

/**
 * Qwen2.5-Coder; StarCoder, StarCoder2 and Granite; DeepSeek-Coder; Code Llama; Codestral; Seed-Coder; CodeGemma. From
 * their papers and model cards.
 */
const forms: readonly FimForm[] = [
  { prefix: '<|fim_prefix|>', suffix: '<|fim_suffix|>', middle: '<|fim_middle|>', file: '<|file_sep|>' },
  { prefix: '<|fim_prefix|>', suffix: '<|fim_suffix|>', middle: '<|fim_middle|>' },
  { prefix: '<fim_prefix>', suffix: '<fim_suffix>', middle: '<fim_middle>', file: '<file_sep>' },
  { prefix: '<fim_prefix>', suffix: '<fim_suffix>', middle: '<fim_middle>' },
  { prefix: '<｜fim▁begin｜>', suffix: '<｜fim▁hole｜>', middle: '<｜fim▁end｜>' },
  { prefix: '▁<PRE>', suffix: '▁<SUF>', middle: '▁<MID>' },
  { prefix: '[PREFIX]', suffix: '[SUFFIX]', suffixFirst: true },
  { prefix: '<[fim-prefix]>', suffix: '<[fim-suffix]>', middle: '<[fim-middle]>', suffixFirst: true },
];

export interface FimFile {
  readonly path: string;
  readonly text: string;
}

/** Writes the prompts of one model. */
export class FimPrompter {
  readonly #model: Pick<NativeModel, 'tokenId' | 'tokenize'>;
  readonly #form: FimForm;

  private constructor(model: Pick<NativeModel, 'tokenId' | 'tokenize'>, form: FimForm) {
    this.#model = model;
    this.#form = form;
  }

  /** Undefined for a model that cannot fill in code. */
  static of(model: Pick<NativeModel, 'tokenId' | 'tokenize'>): FimPrompter | undefined {
    const has = (token: string | undefined): boolean => token === undefined || model.tokenId(token) !== undefined;
    const form = forms.find(({ prefix, suffix, middle, file }) => [prefix, suffix, middle, file].every(has));
    return form === undefined ? undefined : new FimPrompter(model, form);
  }

  /** Other files come first, each with its path, and the file itself last. */
  prompt(prefix: string, suffix: string, path = '', others: readonly FimFile[] = []): Int32Array {
    const { prefix: before, suffix: after, middle, suffixFirst = false, file } = this.#form;
    const ids: number[] = [];
    if (file !== undefined && others.length > 0) {
      for (const other of others) ids.push(...this.#token(file), ...this.#text(`${other.path}\n${other.text}\n`));
      ids.push(...this.#token(file), ...this.#text(`${path}\n`));
    }
    const parts = [
      [...this.#token(before), ...this.#text(prefix)],
      [...this.#token(after), ...this.#text(suffix)],
    ];
    for (const part of suffixFirst ? parts.reverse() : parts) ids.push(...part);
    return Int32Array.from(middle === undefined ? ids : [...ids, ...this.#token(middle)]);
  }

  #token(text: string): number[] {
    const id = this.#model.tokenId(text);
    return id === undefined ? [] : [id];
  }

  #text(text: string): Int32Array {
    return this.#model.tokenize(text, false);
  }
}
