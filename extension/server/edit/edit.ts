/** Answers Edit: what is replaced, the model's answer, its checks, and at most one repair. */
import type { EditParams, EditPart, EditResult } from '../../protocol/server.ts';
import { stoppedBeforeStart, toResult } from '../chat/chat.ts';
import type { NativeModel } from '../engine/binding.ts';
import type { Engine } from '../engine/engine.ts';
import { EngineError } from '../engine/errors.ts';
import { generate } from '../engine/generate.ts';
import type { Generation } from '../engine/generate.ts';
import { completeSampler, editSampler } from '../engine/sampling.ts';
import { priorities } from '../engine/scheduler.ts';
import { buildEditPrompt } from '../prompt/edit.ts';
import type { EditPrompt, EditRequest } from '../prompt/edit.ts';
import { buildRepairPrompt } from '../prompt/edit-repair.ts';
import type { Fault } from '../prompt/edit-repair.ts';
import type { Syntax } from '../syntax/syntax.ts';
import { EditStream } from './edit-stream.ts';
import { findTarget } from './edit-target.ts';
import type { EditTarget } from './edit-target.ts';
import { Judge } from './judge.ts';
import type { Judgement } from './judge.ts';

/**
 * Generates a replacement for the selected code. When it was cancelled it is incomplete, and the client must not offer
 * it. Throws `noModel`, `promptTooLong`, `templateFailed`, and `invalidArgument` when there is nothing to change or no
 * answer that can be offered.
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
      return { ...stoppedBeforeStart(info.contextLength), ...nothing, dropped: 0 };
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

interface Attempt extends Judgement {
  readonly prompt: EditPrompt;
  readonly generation: Generation;
}

class Attempts {
  readonly #job: EditJob;
  readonly #request: EditRequest;
  readonly #judge: Judge;

  constructor(job: EditJob) {
    const { text: _text, start: _start, end: _end, partialResultToken: _token, ...asked } = job.params;
    const { before, selection, after } = job.target;
    this.#job = job;
    this.#request = { ...asked, before, selection, after };
    this.#judge = new Judge(job.syntax, job.params, job.target);
  }

  /** The first answer if nothing is wrong with it, or if something is with the second as well. */
  async run(): Promise<EditResult> {
    const { model, stream, signal } = this.#job;
    const first = await this.#attempt(buildEditPrompt(model, this.#request));
    if (first.fault === undefined || signal.aborted) return this.#result(first, false);
    const repair = this.#repair(first, first.fault);
    if (repair === undefined) return this.#result(first, false);
    stream.again();
    const second = await this.#attempt(repair);
    const isBetter = second.generation.finishReason === 'stop' && second.fault === undefined;
    const isLast = second.generation.finishReason === 'cancelled';
    return this.#result(isBetter || isLast || first.fault.kind === 'echo' ? second : first, true);
  }

  /** A model that repeats the surroundings is asked without them. */
  #repair({ prompt, generation }: Attempt, fault: Fault): EditPrompt | undefined {
    const { model } = this.#job;
    return fault.kind === 'echo'
      ? buildEditPrompt(model, this.#request, true)
      : buildRepairPrompt(model, prompt, generation.text, fault);
  }

  async #attempt(prompt: EditPrompt): Promise<Attempt> {
    const { model, stream, signal } = this.#job;
    const request = {
      prompt: prompt.tokens,
      maxTokens: prompt.maxTokens,
      sampler: completeSampler({}, editSampler),
      stop: prompt.stop,
      prediction: prompt.prediction,
    };
    const generation = await generate(model, request, {
      signal,
      onPrefill: (done, total) => stream.prefill(done, total),
      onText: (text, tokens) => stream.text(text, tokens),
    });
    return { prompt, generation, ...(await this.#judge.judge(prompt, generation)) };
  }

  #result({ prompt, generation, replacement, syntax, fault, dropped }: Attempt, repaired: boolean): EditResult {
    const { model, target } = this.#job;
    if (generation.finishReason === 'length') throw cutOff();
    if (generation.finishReason === 'stop' && fault !== undefined) refuse(fault);
    const { start, end } = target;
    const result = toResult(generation, prompt, model.info.contextLength);
    return { ...result, start, end, replacement, syntax, repaired, dropped };
  }
}

function cutOff(): EngineError {
  return new EngineError(
    'promptTooLong',
    'The new code is too long for one answer and was cut off. Select less code, or ask for a smaller change.',
  );
}

/** Throws when an answer has nothing that can be offered. */
function refuse({ kind }: Fault): void {
  if (kind === 'codeOnly') {
    throw new EngineError(
      'invalidArgument',
      'The model changed the code instead of its comments, so nothing is proposed. Select less code, or try another model.',
    );
  }
  if (kind === 'echo') {
    throw new EngineError(
      'invalidArgument',
      'The model repeated the question instead of writing code, so nothing is proposed. Say it in other words, or try another model.',
    );
  }
}
