/** The messages of an edit with as much other code as fits. */
import { fenceFor } from '../../base/fences.ts';
import type { ChatMessage } from '../../protocol/model.ts';
import type { EditParams, Omission } from '../../protocol/server.ts';
import { shareSurroundings } from './budget.ts';
import type { Prompt } from './chat.ts';
import { codeBlock, describeCode, toLf } from './code-block.ts';
import { nearCharacters, readShape } from './edit-reply.ts';
import type { CodeInPlace, SelectionShape } from './edit-reply.ts';
import { describeProblem } from './edit-problem.ts';
import { followUp } from './edit-repair.ts';
import { encodeConversation } from './encode.ts';
import type { TokenizerModel } from './encode.ts';
import type { Feature, Material } from './features/feature.ts';
import { reasonStart } from './features/feature.ts';
import { features } from './features/features.ts';
import { systemMessage } from './system.ts';
import { testOpening } from './test-opening.ts';
import { boundedCount, headLines, tailLines } from './trim.ts';

/** What is asked, of which code. */
export type EditRequest = Omit<EditParams, 'text' | 'start' | 'end' | 'partialResultToken'> & CodeInPlace;

export interface EditPrompt extends Prompt {
  readonly messages: readonly ChatMessage[];
  /** What the answer is begun with. */
  readonly answerStart: string;
  /** Code with which the answer is begun after that; it is a part of the answer. */
  readonly opening: string;
  readonly shape: SelectionShape;
  /** The fence that the prompt opened for the answer. */
  readonly fence: string;
  readonly stop: readonly string[];
  /** The old code and the end of its block: most of an edit repeats what is there. */
  readonly prediction: Int32Array;
  /** Our own sentences in the prompt: in an answer they are no code. */
  readonly phrases: readonly string[];
}

/** Code besides the selection, as much of it as the prompt has room for. */
export interface Surroundings {
  readonly head: string;
  readonly tail: string;
  readonly references: readonly string[];
}

export const nothing: Surroundings = { head: '', tail: '', references: [] };

export class Draft {
  readonly shape: SelectionShape;
  /** Tokens for the answer. */
  readonly reserve: number;
  readonly #model: TokenizerModel;
  readonly #request: EditRequest;
  readonly #feature: Feature;
  readonly #reason: string | undefined;
  readonly #before: string;
  readonly #after: string;
  readonly #fence: string;
  readonly #count = (text: string): number => this.#model.tokenize(text, false).length;

  constructor(model: TokenizerModel, request: EditRequest, reason: string | undefined) {
    this.#model = model;
    this.#request = request;
    this.#reason = reason;
    this.#feature = features[request.kind];
    this.shape = readShape(request);
    this.#before = forReference(request.before.slice(-nearCharacters));
    this.#after = forReference(request.after.slice(0, nearCharacters));
    const { previous = [], references = [], instruction, languageId } = request;
    const said = [instruction, ...previous.flatMap((round) => [round.instruction, round.replacement])];
    const shown = [this.shape.core, this.#before, this.#after, ...references.map(({ text }) => forReference(text))];
    this.#fence = fenceFor([...shown, ...said], languageId);
    const code = this.shape.core === '' ? (references[0]?.text ?? '') : this.shape.core;
    this.reserve = this.#feature.budget.answer(boundedCount(code, model.info.contextLength, this.#count));
  }

  /** The code besides the selection that fits into some tokens: references first, then what is nearest. */
  fit(tokens: number): Surroundings {
    const { budget } = this.#feature;
    let room = Math.min(budget.references, Math.max(0, tokens));
    const references = (this.#request.references ?? []).map(({ text }) => {
      const part = headLines(forReference(text), room, this.#count);
      room -= this.#count(part);
      return part;
    });
    const used = references.reduce((sum, part) => sum + this.#count(part), 0);
    const costs = { before: this.#count(this.#before), after: this.#count(this.#after) };
    const share = shareSurroundings(costs.before, costs.after, Math.min(budget.surroundings, tokens - used));
    return {
      head: tailLines(this.#before, share.before, this.#count),
      tail: headLines(this.#after, share.after, this.#count),
      references,
    };
  }

  encode(surroundings: Surroundings): Int32Array {
    return encodeConversation(this.#model, this.#messages(surroundings), this.#answerStart + this.#opening);
  }

  prompt(surroundings: Surroundings, tokens: Int32Array): EditPrompt {
    const { contextLength } = this.#model.info;
    const last = this.#request.previous?.at(-1);
    const prediction = last === undefined ? this.shape.core : this.#coreOf(last.replacement);
    return {
      tokens,
      maxTokens: Math.min(contextLength - tokens.length, this.reserve),
      omitted: this.#omissions(surroundings),
      messages: this.#messages(surroundings),
      answerStart: this.#answerStart,
      opening: this.#opening,
      shape: this.shape,
      fence: this.#fence,
      stop: [`\n${this.#fence}`],
      prediction: this.#model.tokenize(`${prediction}\n${this.#fence}`, false),
      phrases: this.#phrases(),
    };
  }

  get #answerStart(): string {
    const open = `${this.#fence}${this.#request.languageId}\n`;
    return this.#reason === undefined ? open : `${reasonStart}${this.#reason.trimEnd()}\n\n${open}`;
  }

  /** Code that the answer is begun with. */
  get #opening(): string {
    const { kind, path, before, after, references = [], previous = [] } = this.#request;
    const [code] = references;
    const isNewFile = kind === 'tests' && (before + after).trim() === '' && previous.length === 0;
    return isNewFile && code !== undefined ? testOpening(path, code) : '';
  }

  #messages(surroundings: Surroundings): ChatMessage[] {
    const { instruction, previous = [], problems = [] } = this.#request;
    const asked = [...previous.map((round) => round.instruction), instruction];
    const messages: ChatMessage[] = [
      { role: 'system', content: systemMessage },
      { role: 'user', content: this.#ask(this.#material(surroundings, asked[0] ?? '')) },
    ];
    previous.forEach(({ replacement }, index) => {
      const isLast = index === previous.length - 1;
      messages.push(
        { role: 'assistant', content: `${this.#answerStart}${this.#coreOf(replacement)}\n${this.#fence}` },
        { role: 'user', content: followUp(asked[index + 1] ?? '', isLast ? problems : []) },
      );
    });
    return messages;
  }

  #ask(material: Material): string {
    const { ask, askWithReason = ask } = this.#feature;
    return this.#reason === undefined ? ask(material) : askWithReason(material);
  }

  #material({ head, tail, references }: Surroundings, instruction: string): Material {
    const { path, languageId, framework = '', diagnostics } = this.#request;
    const titles = (this.#request.references ?? []).map(describeCode);
    return {
      path,
      languageId,
      instruction: instruction.trim(),
      code: this.#block(this.shape.core),
      before: this.#block(head),
      after: this.#block(tail),
      references: references.flatMap((text, index) =>
        text.trim() === '' ? [] : [`${titles[index] ?? ''}:\n${this.#block(text)}`],
      ),
      problems: diagnostics.map((diagnostic) => describeProblem(this.#request, diagnostic)),
      framework,
    };
  }

  #block(text: string): string {
    return text.trim() === '' ? '' : codeBlock(text, this.#request.languageId, this.#fence);
  }

  /** A replacement as the model wrote it. */
  #coreOf(replacement: string): string {
    const { before, after } = this.#request;
    return replacement.trim() === '' ? '' : readShape({ before, selection: replacement, after }).core;
  }

  /** The lines of the prompt that neither the user nor a document has written. */
  #phrases(): string[] {
    const { path, languageId } = this.#request;
    const words = { path, languageId, instruction: '', framework: this.#request.framework ?? '', problems: [] };
    const mark = '\0';
    const shown = { code: mark, before: mark, after: mark, references: [mark] };
    const lines = this.#ask({ ...words, ...shown }).split('\n');
    return lines.map((line) => line.replace(mark, '').trim()).filter((line) => line.length >= shortestPhrase);
  }

  #omissions({ head, tail, references }: Surroundings): Omission[] {
    const all = [this.#before, this.#after].map(this.#count).reduce((sum, tokens) => sum + tokens, 0);
    const left = all - this.#count(head) - this.#count(tail);
    const cut = (this.#request.references ?? []).flatMap((reference, index): Omission[] => {
      const text = forReference(reference.text);
      const missing = text.length - (references[index] ?? '').length;
      if (missing <= 1) return [];
      const tokens = boundedCount(text.slice(-missing), this.#model.info.contextLength, this.#count);
      return [{ kind: 'attachment', what: describeCode(reference), tokens }];
    });
    return left > 0 && this.#feature.budget.surroundings > 0
      ? [{ kind: 'surroundings', what: this.#request.path, tokens: left }, ...cut]
      : cut;
  }
}

/** A shorter line may be code by chance. */
const shortestPhrase = 20;

/** Code for the prompt; empty if it would need an absurdly long fence. */
function forReference(text: string): string {
  return text.includes('`'.repeat(64)) ? '' : toLf(text);
}
