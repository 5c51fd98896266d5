import type { ChatParams, GenerationResult } from '../../protocol/server.ts';
import type { Engine } from '../engine/engine.ts';
import { EngineError } from '../engine/errors.ts';
import { generate } from '../engine/generate.ts';
import type { Generation } from '../engine/generate.ts';
import { chatSampler, completeSampler } from '../engine/sampling.ts';
import { buildChatPrompt } from '../prompt/chat.ts';
import type { Prompt } from '../prompt/chat.ts';
import { GenerationStream } from './progress.ts';
import type { SendPart } from './progress.ts';

/**
 * Generates the next answer of a conversation. Stopping is a normal end with the partial answer as the result. Throws
 * `noModel`, `promptTooLong`, `templateFailed`.
 */
export async function answerChat(
  engine: Engine,
  params: ChatParams,
  signal: AbortSignal,
  send: SendPart,
): Promise<GenerationResult> {
  const { contextLength } = engine.chosen;
  try {
    return await engine.run(signal, async (model, jobSignal) => {
      const prompt = buildChatPrompt(model, params.messages, params.maxTokens);
      const stream = new GenerationStream(send);
      const request = {
        prompt: prompt.tokens,
        maxTokens: prompt.maxTokens,
        sampler: completeSampler(params.sampler, chatSampler),
        work: 'chat' as const,
      };
      let start = prompt.answerStart;
      const generation = await generate(model, request, {
        signal: jobSignal,
        onPrefill: (done, total) => stream.prefill(done, total),
        onText: (text, tokens) => {
          stream.text(start + text, tokens);
          start = '';
        },
      });
      const text = generation.text === '' ? '' : prompt.answerStart + generation.text;
      return toResult({ ...generation, text }, prompt, model.info.contextLength);
    });
  } catch (error) {
    if (EngineError.is(error, 'cancelled')) {
      return stoppedBeforeStart(contextLength);
    }
    throw error;
  }
}

export function toResult(generation: Generation, prompt: Prompt, contextLength: number): GenerationResult {
  const { text, finishReason, timings } = generation;
  const contextUsed = timings.promptTokens + timings.completionTokens;
  return { text, finishReason, timings, contextUsed, contextLength, omitted: prompt.omitted };
}

/** The result of a request that was stopped while it was queued. */
export function stoppedBeforeStart(contextLength: number): GenerationResult {
  const timings = {
    promptTokens: 0,
    cachedTokens: 0,
    prefillMs: 0,
    completionTokens: 0,
    decodeMs: 0,
    prefillTokensPerSecond: 0,
    decodeTokensPerSecond: 0,
  };
  return { text: '', finishReason: 'cancelled', timings, contextUsed: 0, contextLength, omitted: [] };
}
