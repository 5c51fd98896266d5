import type { EditParams, EditResult } from '../../protocol/server.ts';
import { stoppedBeforeStart, toResult } from '../chat/chat.ts';
import { GenerationStream } from '../chat/progress.ts';
import type { SendPart } from '../chat/progress.ts';
import type { Engine } from '../engine/engine.ts';
import { EngineError } from '../engine/errors.ts';
import { generate } from '../engine/generate.ts';
import { completeSampler, editSampler } from '../engine/sampling.ts';
import { priorities } from '../engine/scheduler.ts';
import { toReplacement } from '../prompt/edit-reply.ts';
import { buildEditPrompt } from '../prompt/edit.ts';

/**
 * Generates a replacement for the selected range. With any finish reason but `stop` the code is incomplete, and the
 * client must not offer it. Throws `noModel`, `invalidArgument`, `promptTooLong`, `templateFailed`.
 */
export async function answerEdit(
  engine: Engine,
  params: EditParams,
  signal: AbortSignal,
  send: SendPart,
): Promise<EditResult> {
  const { info } = engine.model;
  try {
    return await engine.run(priorities.interactive, signal, async (model, jobSignal) => {
      const prompt = buildEditPrompt(model, params);
      const stream = new GenerationStream(send);
      const request = {
        prompt: prompt.tokens,
        maxTokens: prompt.maxTokens,
        sampler: completeSampler({}, editSampler),
        stop: prompt.stop,
        prediction: prompt.prediction,
      };
      const generation = await generate(model, request, {
        signal: jobSignal,
        onPrefill: (done, total) => stream.prefill(done, total),
        onText: (text, tokens) => stream.text(text, tokens),
      });
      const replacement = toReplacement(generation.text, prompt.fence, prompt.shape);
      return { ...toResult(generation, prompt, model.info.contextLength), replacement };
    });
  } catch (error) {
    if (EngineError.is(error, 'cancelled')) {
      return { ...stoppedBeforeStart(info.contextLength), replacement: '' };
    }
    throw error;
  }
}
