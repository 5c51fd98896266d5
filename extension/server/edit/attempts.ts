import type { EditParams, EditResult } from '../../protocol/server.ts';
import { toResult } from '../chat/chat.ts';
import type { NativeModel } from '../engine/binding.ts';
import { EngineError } from '../engine/errors.ts';
import { generate } from '../engine/generate.ts';
import type { Generation } from '../engine/generate.ts';
import { completeSampler, editSampler } from '../engine/sampling.ts';
import { buildEditPrompt, buildReasonPrompt } from '../prompt/edit.ts';
import type { EditPrompt, EditRequest } from '../prompt/edit-draft.ts';
import { buildRepairPrompt } from '../prompt/edit-repair.ts';
import type { Fault } from '../prompt/edit-repair.ts';
import { readShape } from '../prompt/edit-reply.ts';
import type { Syntax } from '../syntax/syntax.ts';
import { statementLines } from './code-lines.ts';
import type { EditStream } from './edit-stream.ts';
import type { EditTarget } from './edit-target.ts';
import { searchFix } from './fix-search.ts';
import { Judge } from './judge.ts';
import type { Judgement } from './judge.ts';
import { wholeItems } from './whole-items.ts';

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

/** The model's answer, its checks, a search for a likelier fix, and at most one repair. */
export class Attempts {
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
    const better = await this.#search(first);
    if (better !== undefined) return this.#result(better, false);
    if (first.fault === undefined || signal.aborted) return this.#result(first, false);
    const repair = await this.#repair(first, first.fault);
    if (repair === undefined || signal.aborted) return this.#result(first, false);
    stream.again();
    const second = await this.#attempt(repair);
    const isBetter = second.generation.finishReason === 'stop' && second.fault === undefined;
    const isLast = second.generation.finishReason === 'cancelled';
    return this.#result(isBetter || isLast || first.fault.kind === 'echo' ? second : first, true);
  }

  /** A likelier fix than an answer, when the user wants a bug fixed and nobody has said where it is. */
  async #search(first: Attempt): Promise<Attempt | undefined> {
    const { model, syntax, params, target, stream, signal } = this.#job;
    if (!this.#isBugHunt() || first.generation.finishReason !== 'stop' || signal.aborted) return undefined;
    const { languageId, path } = params;
    const code = first.prompt.shape.core;
    const outline = await syntax.outline(languageId, code);
    const isCode = statementLines(code, outline);
    const answer = first.fault === undefined ? readShape({ ...target, selection: first.replacement }).core : code;
    const asked = first.prompt.tokens;
    for (const text of await searchFix({ model, languageId, path, code, asked, isCode, signal }, answer)) {
      const judgement = await this.#judge.judge(first.prompt, { text, finishReason: 'stop' });
      if (judgement.fault !== undefined) continue;
      stream.again();
      stream.text(text, model.tokenize(text, false).length);
      return { ...first, ...judgement, generation: { ...first.generation, text } };
    }
    return undefined;
  }

  #isBugHunt(): boolean {
    const { kind, instruction, diagnostics, previous = [] } = this.#job.params;
    const isAsked = kind === 'fix' || (kind === 'rewrite' && /\b(?:bugs?|debug)\b/iu.test(instruction));
    const isBroken = (this.#job.target.faults ?? []).length > 0;
    return isAsked && diagnostics.length === 0 && previous.length === 0 && !isBroken;
  }

  /**
   * A model that repeats the surroundings is asked without them. One that copies the old code or drops a part of it is
   * asked anew and says first what is wrong; with its answer before its eyes it would only copy that.
   */
  async #repair({ prompt, generation }: Attempt, fault: Fault): Promise<EditPrompt | undefined> {
    const { model } = this.#job;
    if (fault.kind === 'echo') return buildEditPrompt(model, this.#request, { alone: true });
    const reasons = fault.kind === 'unchanged' || fault.kind === 'lost';
    const question = reasons ? buildReasonPrompt(model, this.#request) : undefined;
    if (question === undefined) return buildRepairPrompt(model, prompt, generation.text, fault);
    const { text } = await this.#generate(question, () => {});
    return buildEditPrompt(model, this.#request, { reason: text });
  }

  async #attempt(prompt: EditPrompt): Promise<Attempt> {
    const { stream } = this.#job;
    if (prompt.opening !== '') stream.text(prompt.opening, 0);
    const written = await this.#generate(prompt, (text, tokens) => stream.text(text, tokens));
    const generation = await this.#whole({ ...written, text: prompt.opening + written.text });
    return { prompt, generation, ...(await this.#judge.judge(prompt, generation)) };
  }

  /** Of tests that were cut off, those that are whole are a good answer. */
  async #whole(generation: Generation): Promise<Generation> {
    const { syntax, params } = this.#job;
    if (params.kind !== 'tests' || generation.finishReason !== 'length') return generation;
    const text = await wholeItems(syntax, params.languageId, generation.text);
    return text === '' ? generation : { ...generation, text, finishReason: 'stop' };
  }

  #generate(prompt: EditPrompt, onText: (text: string, tokens: number) => void): Promise<Generation> {
    const { model, stream, signal } = this.#job;
    const request = {
      prompt: prompt.tokens,
      maxTokens: prompt.maxTokens,
      sampler: completeSampler({}, editSampler),
      work: 'edit' as const,
      stop: prompt.stop,
      prediction: prompt.prediction,
    };
    return generate(model, request, {
      signal,
      onPrefill: (done, total) => stream.prefill(done, total),
      onText,
    });
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
