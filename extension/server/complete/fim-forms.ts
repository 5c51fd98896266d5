/** How models that were trained to fill in code are asked: by control tokens of their vocabulary. */
import type { NativeModel } from '../engine/binding.ts';
import { commented } from './lexer.ts';

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

export interface FimContext {
  /** The file that is completed. */
  readonly file: { readonly path: string; readonly languageId: string };
  readonly others: readonly FimFile[];
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

  /**
   * Other files come first, each with its path, and the file itself last; as comments before it where the model has no
   * token for files.
   */
  prompt(prefix: string, suffix: string, beside?: FimContext): Int32Array {
    const { file, others = [] } = beside ?? {};
    const { prefix: before, suffix: after, middle, suffixFirst = false, file: mark } = this.#form;
    const ids: number[] = [];
    let head = '';
    for (const other of others) {
      const text = this.#textOf(other, file?.languageId ?? '');
      if (mark === undefined) head += text;
      else ids.push(...this.#token(mark), ...this.#text(text));
    }
    if (mark !== undefined && others.length > 0) ids.push(...this.#token(mark), ...this.#text(`${file?.path ?? ''}\n`));
    const parts = [
      // In parts, so that what the cache knows of the head does not depend on what follows it.
      [...this.#token(before), ...this.#text(head), ...this.#text(prefix)],
      [...this.#token(after), ...this.#text(suffix)],
    ];
    for (const part of suffixFirst ? parts.reverse() : parts) ids.push(...part);
    return Int32Array.from(middle === undefined ? ids : [...ids, ...this.#token(middle)]);
  }

  /** The tokens that a file of `others` takes. */
  cost(other: FimFile, languageId: string): number {
    return this.#text(this.#textOf(other, languageId)).length + (this.#form.file === undefined ? 0 : 1);
  }

  #textOf({ path, text }: FimFile, languageId: string): string {
    return this.#form.file === undefined ? commented(`${path}\n${text}`, languageId) : `${path}\n${text}\n`;
  }

  #token(text: string): number[] {
    const id = this.#model.tokenId(text);
    return id === undefined ? [] : [id];
  }

  #text(text: string): Int32Array {
    return this.#model.tokenize(text, false);
  }
}
