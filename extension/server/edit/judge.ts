/** What is wrong with an answer, as far as it can be told without running it. */
import type { EditParams, SyntaxVerdict } from '../../protocol/server.ts';
import type { Generation } from '../engine/generate.ts';
import type { EditPrompt } from '../prompt/edit.ts';
import { toReplacement } from '../prompt/edit-reply.ts';
import type { Fault } from '../prompt/edit-repair.ts';
import { features } from '../prompt/features/features.ts';
import type { SyntaxFault } from '../syntax/nodes.ts';
import type { Syntax } from '../syntax/syntax.ts';
import type { EditTarget } from './edit-target.ts';
import { spacedInsertion } from './insertion.ts';
import { keepCode } from './keep-code.ts';

export interface Judgement {
  readonly replacement: string;
  readonly syntax: SyntaxVerdict;
  /** Undefined when nothing is known to be wrong. */
  readonly fault: Fault | undefined;
  /** Changes of code that were left out. */
  readonly dropped: number;
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

  async judge(prompt: EditPrompt, { text, finishReason }: Generation): Promise<Judgement> {
    const written = toReplacement(text, prompt.fence, prompt.shape, prompt.phrases);
    const unchecked = { replacement: written, syntax: { kind: 'unchecked' }, dropped: 0 } as const;
    if (finishReason !== 'stop') return { ...unchecked, fault: undefined };
    if (written.trim() === '' && text.trim() !== '') return { ...unchecked, fault: { kind: 'echo' } };
    const { kind } = this.#params;
    const { before, after, selection } = this.#target;
    const placed = kind === 'tests' ? spacedInsertion(written, { before, after }, prompt.shape) : written;
    const { replacement, dropped } =
      features[kind].commentsOnly === true ? await this.#comments(placed) : { replacement: placed, dropped: 0 };
    if (replacement === selection && dropped > 0) {
      return { ...unchecked, replacement, dropped, fault: { kind: 'codeOnly' } };
    }
    const syntax = await this.#verdict(replacement);
    return { replacement, syntax, dropped, fault: this.#fault(replacement, syntax) };
  }

  #fault(replacement: string, syntax: SyntaxVerdict): Fault | undefined {
    const { kind, problems = [] } = this.#params;
    if (syntax.kind === 'broken') return { kind: 'syntax', message: syntax.message };
    const mustChange = kind === 'fix' || kind === 'rewrite';
    return mustChange && problems.length === 0 && replacement === this.#target.selection
      ? { kind: 'unchanged' }
      : undefined;
  }

  /** The replacement without its changes of code. Without a grammar nothing is known, and it stays as it is. */
  async #comments(replacement: string): Promise<{ readonly replacement: string; readonly dropped: number }> {
    const { before, selection, after } = this.#target;
    const { languageId } = this.#params;
    const texts = [before + selection + after, before + replacement + after];
    const [old, changed] = await Promise.all(
      texts.map(async (text) => ({ text, comments: await this.#syntax.comments(languageId, text) })),
    );
    if (old?.comments === undefined || changed?.comments === undefined) return { replacement, dropped: 0 };
    const kept = keepCode({ ...old, comments: old.comments }, { ...changed, comments: changed.comments });
    const isInPlace = kept.text.startsWith(before) && kept.text.endsWith(after);
    const inside = kept.text.slice(before.length, kept.text.length - after.length);
    return isInPlace ? { replacement: inside, dropped: kept.dropped } : { replacement: selection, dropped: 1 };
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
