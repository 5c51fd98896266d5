/** Answers Edit: what is replaced, the model's answer, its check by a parser, and one repair. */
import type { EditParams, EditPart, EditResult, SyntaxVerdict } from '../../protocol/server.ts';
import { stoppedBeforeStart, toResult } from '../chat/chat.ts';
import type { NativeModel } from '../engine/binding.ts';
import type { Engine } from '../engine/engine.ts';
import { EngineError } from '../engine/errors.ts';
import { generate } from '../engine/generate.ts';
import type { Generation } from '../engine/generate.ts';
import { completeSampler, editSampler } from '../engine/sampling.ts';
import { priorities } from '../engine/scheduler.ts';
import { buildEditPrompt, buildRepairPrompt } from '../prompt/edit.ts';
import type { EditPrompt } from '../prompt/edit.ts';
import { toReplacement } from '../prompt/edit-reply.ts';
import type { SyntaxFault } from '../syntax/nodes.ts';
import type { Syntax } from '../syntax/syntax.ts';
import { EditStream } from './edit-stream.ts';
import { findTarget } from './edit-target.ts';
import type { EditTarget } from './edit-target.ts';

/**
 * Generates a replacement for the selected code. With any finish reason but `stop` it is incomplete, and the client
 * must not offer it. Throws `noModel`, `invalidArgument`, `promptTooLong`, `templateFailed`.
 */
export async function answerEdit(
  { engine, syntax }: { readonly engine: Engine; readonly syntax: Syntax },
  params: EditParams,
  signal: AbortSignal,
  send: (part: EditPart) => void,
): Promise<EditResult> {
  const { info } = engine.model;
  const stream = new EditStream(send);
  const target = await findTarget(syntax, params);
  stream.range(target.start, target.end);
  try {
    return await engine.run(priorities.interactive, signal, (model, jobSignal) =>
      new Attempts({ model, syntax, params, target, stream, signal: jobSignal }).run(),
    );
  } catch (error) {
    if (EngineError.is(error, 'cancelled')) {
      const { start, end } = target;
      const nothing = { start, end, replacement: '', syntax: { kind: 'unchecked' }, repaired: false } as const;
      return { ...stoppedBeforeStart(info.contextLength), ...nothing };
    }
    throw error;
  }
}

interface EditJob {
  readonly model: NativeModel;
  readonly syntax: Syntax;
  readonly params: EditParams;
  readonly target: EditTarget;
  readonly stream: EditStream;
  readonly signal: AbortSignal;
}

class Attempts {
  readonly #job: EditJob;

  constructor(job: EditJob) {
    this.#job = job;
  }

  /** The first answer if it parses or a second does not; else the second. */
  async run(): Promise<EditResult> {
    const { model, params, target, stream, signal } = this.#job;
    const prompt = buildEditPrompt(model, { ...params, ...target });
    const first = await this.#answer(prompt);
    const verdict = await this.#verdict(prompt, first);
    if (verdict.kind !== 'broken' || signal.aborted) return this.#result(prompt, first, verdict, false);
    const repair = buildRepairPrompt(model, prompt, first.text, verdict);
    if (repair === undefined) return this.#result(prompt, first, verdict, false);
    stream.again();
    const second = await this.#answer(repair);
    const secondVerdict = await this.#verdict(repair, second);
    const isBetter = second.finishReason === 'stop' && secondVerdict.kind !== 'broken';
    return isBetter || second.finishReason === 'cancelled'
      ? this.#result(repair, second, secondVerdict, true)
      : this.#result(prompt, first, verdict, true);
  }

  #answer(prompt: EditPrompt): Promise<Generation> {
    const { model, stream, signal } = this.#job;
    const request = {
      prompt: prompt.tokens,
      maxTokens: prompt.maxTokens,
      sampler: completeSampler({}, editSampler),
      stop: prompt.stop,
      prediction: prompt.prediction,
    };
    return generate(model, request, {
      signal,
      onPrefill: (done, total) => stream.prefill(done, total),
      onText: (text, tokens) => stream.text(text, tokens),
    });
  }

  async #verdict(prompt: EditPrompt, { text, finishReason }: Generation): Promise<SyntaxVerdict> {
    const { syntax, params, target } = this.#job;
    if (finishReason !== 'stop' || target.faults === undefined) return { kind: 'unchecked' };
    const replacement = toReplacement(text, prompt.fence, prompt.shape);
    const faults = await syntax.faults(params.languageId, target.before + replacement + target.after);
    if (faults === undefined) return { kind: 'unchecked' };
    if (faults.length <= target.faults.length) return { kind: 'ok' };
    const { line, message } = newFault(target.faults, faults);
    return { kind: 'broken', line: line + 1, message };
  }

  #result(prompt: EditPrompt, generation: Generation, syntax: SyntaxVerdict, repaired: boolean): EditResult {
    const { model, target } = this.#job;
    return {
      ...toResult(generation, prompt, model.info.contextLength),
      start: target.start,
      end: target.end,
      replacement: toReplacement(generation.text, prompt.fence, prompt.shape),
      syntax,
      repaired,
    };
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
