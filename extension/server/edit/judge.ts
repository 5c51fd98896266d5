/** What is wrong with an answer, as far as it can be told without running it. */
import type { EditParams, SyntaxVerdict } from '../../protocol/server.ts';
import type { Generation } from '../engine/generate.ts';
import type { EditPrompt } from '../prompt/edit-draft.ts';
import { toReplacement } from '../prompt/edit-reply.ts';
import type { SelectionShape } from '../prompt/edit-reply.ts';
import type { Fault } from '../prompt/edit-repair.ts';
import { features } from '../prompt/features/features.ts';
import type { SyntaxFault } from '../syntax/nodes.ts';
import type { Outline } from '../syntax/parsers.ts';
import type { Syntax } from '../syntax/syntax.ts';
import type { EditTarget } from './edit-target.ts';
import { withoutExamples } from './examples.ts';
import { spacedInsertion } from './insertion.ts';
import { isSameCode, keepCode } from './keep-code.ts';
import type { CommentedText } from './keep-code.ts';
import { lostNames, withOldName } from './names.ts';

export interface Judgement {
  readonly replacement: string;
  readonly syntax: SyntaxVerdict;
  /** Undefined when nothing is known to be wrong. */
  readonly fault: Fault | undefined;
  /** Changes of code that were left out. */
  readonly dropped: number;
}

/** An answer in its place. */
interface Placed extends Pick<Judgement, 'replacement' | 'dropped'> {
  /** Names of declarations that are gone without being asked for. */
  readonly lost: readonly string[];
}

export class Judge {
  readonly #syntax: Syntax;
  readonly #params: EditParams;
  readonly #target: EditTarget;

  constructor(syntax: Syntax, params: EditParams, target: EditTarget) {
    this.#syntax = syntax;
    this.#params = params;
    this.#target = target;
  }

  async judge(
    prompt: EditPrompt,
    { text, finishReason }: Pick<Generation, 'text' | 'finishReason'>,
  ): Promise<Judgement> {
    const written = toReplacement(text, prompt.fence, prompt.shape, prompt.phrases);
    const unchecked = { replacement: written, syntax: { kind: 'unchecked' }, dropped: 0 } as const;
    if (finishReason !== 'stop') return { ...unchecked, fault: undefined };
    if (written.trim() === '' && text.trim() !== '') return { ...unchecked, fault: { kind: 'echo' } };
    const { replacement, dropped, lost } = await this.#placed(written, prompt.shape);
    if (replacement === this.#target.selection && dropped > 0) {
      return { ...unchecked, replacement, dropped, fault: { kind: 'codeOnly' } };
    }
    const syntax = await this.#verdict(replacement);
    return { replacement, syntax, dropped, fault: this.#fault(replacement, syntax, lost) };
  }

  async #placed(written: string, shape: SelectionShape): Promise<Placed> {
    const { kind } = this.#params;
    const { before, after } = this.#target;
    if (kind === 'tests') {
      return { replacement: spacedInsertion(written, { before, after }, shape), dropped: 0, lost: [] };
    }
    if (features[kind].commentsOnly === true) return { ...(await this.#comments(written)), lost: [] };
    const { instruction } = this.#params;
    return this.#withNames(withoutExamples(written, { old: this.#target.selection, instruction }));
  }

  /** The replacement with the names that nobody wanted changed, and those that it has lost. */
  async #withNames(replacement: string): Promise<Placed> {
    const { before, selection, after } = this.#target;
    const { languageId, instruction, previous = [] } = this.#params;
    const [old, changed] = await Promise.all(
      [selection, replacement].map((inside) => this.#syntax.outline(languageId, before + inside + after)),
    );
    const asked = [instruction, ...previous.map((round) => round.instruction)].join('\n');
    const namesOf = (outline: Outline | undefined): string[] => (outline?.declarations ?? []).map(({ name }) => name);
    const names = { old: namesOf(old), changed: namesOf(changed), instruction: asked };
    const kept = withOldName(replacement, names);
    const lost = kept === replacement ? lostNames(names) : [];
    return { replacement: kept, dropped: 0, lost };
  }

  #fault(replacement: string, syntax: SyntaxVerdict, lost: readonly string[]): Fault | undefined {
    const { kind, problems = [] } = this.#params;
    if (syntax.kind === 'broken') return { kind: 'syntax', message: syntax.message };
    const mustChange = kind === 'fix' || kind === 'rewrite';
    if (mustChange && problems.length === 0 && replacement === this.#target.selection) return { kind: 'unchanged' };
    return lost.length > 0 ? { kind: 'lost', names: lost } : undefined;
  }

  /** The replacement without its changes of code. Without a grammar nothing is known, and it stays as it is. */
  async #comments(replacement: string): Promise<Pick<Judgement, 'replacement' | 'dropped'>> {
    const { before, selection, after } = this.#target;
    const [old, changed] = await Promise.all(
      [selection, replacement].map((inside) => this.#commented(before + inside + after)),
    );
    if (old === undefined || changed === undefined) return { replacement, dropped: 0 };
    const kept = keepCode(old, changed);
    const result = await this.#commented(kept.text);
    const isInPlace = kept.text.startsWith(before) && kept.text.endsWith(after);
    if (!isInPlace || result === undefined || !isSameCode(old, result)) return { replacement: selection, dropped: 1 };
    return { replacement: kept.text.slice(before.length, kept.text.length - after.length), dropped: kept.dropped };
  }

  async #commented(text: string): Promise<CommentedText | undefined> {
    const outline = await this.#syntax.outline(this.#params.languageId, text);
    return outline === undefined ? undefined : { text, comments: outline.comments };
  }

  async #verdict(replacement: string): Promise<SyntaxVerdict> {
    const { before, after, faults: known } = this.#target;
    if (known === undefined) return { kind: 'unchecked' };
    const faults = await this.#syntax.faults(this.#params.languageId, before + replacement + after);
    if (faults === undefined) return { kind: 'unchecked' };
    if (faults.length <= known.length) return { kind: 'ok' };
    const { line, message } = newFault(known, faults);
    return { kind: 'broken', line: line + 1, message };
  }
}

/** The first of `after` that is not among `before`; lines may have moved, so what is said tells them apart. */
function newFault(before: readonly SyntaxFault[], after: readonly SyntaxFault[]): SyntaxFault {
  const known = before.map(({ message }) => message);
  const found = after.find(({ message }) => {
    const index = known.indexOf(message);
    if (index >= 0) known.splice(index, 1);
    return index < 0;
  });
  return found ?? after[0] ?? { line: 0, message: '' };
}
