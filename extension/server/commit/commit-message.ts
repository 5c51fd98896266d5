import type { CommitMessageParams, CommitMessagePart, CommitMessageResult } from '../../protocol/server.ts';
import { stoppedBeforeStart, toResult } from '../chat/chat.ts';
import { GenerationStream } from '../chat/progress.ts';
import type { Engine } from '../engine/engine.ts';
import { EngineError } from '../engine/errors.ts';
import { generate } from '../engine/generate.ts';
import { completeSampler, editSampler } from '../engine/sampling.ts';
import { cleanCommitMessage } from '../prompt/features/commit-reply.ts';
import { styleOf } from '../prompt/features/commit-style.ts';
import { buildCommitPrompt, repeatsExample } from '../prompt/features/commit.ts';

/**
 * Writes the message of a commit. Stopping is a normal end with the message so far. Throws `noModel`, `promptTooLong`,
 * `templateFailed`.
 */
export async function answerCommitMessage(
  engine: Engine,
  params: CommitMessageParams,
  signal: AbortSignal,
  send: (part: CommitMessagePart) => void,
): Promise<CommitMessageResult> {
  const { contextLength } = engine.chosen;
  const stream = new CommitStream(send);
  try {
    return await engine.run(signal, async (model, jobSignal) => {
      const prompt = buildCommitPrompt(model, params);
      const request = {
        prompt: prompt.tokens,
        maxTokens: prompt.maxTokens,
        sampler: completeSampler({}, editSampler),
        work: 'edit' as const,
        stop: prompt.stop,
      };
      const style = styleOf(params.recentSubjects);
      let reply = '';
      const generation = await generate(model, request, {
        signal: jobSignal,
        onPrefill: (done, total) => stream.prefill(done, total),
        onText: (text) => {
          reply += text;
          stream.message(cleanCommitMessage(reply, style));
        },
      });
      const message = cleanCommitMessage(generation.text, style);
      const result = toResult(generation, prompt, model.info.contextLength);
      return { ...result, message: repeatsExample(message) ? '' : message };
    });
  } catch (error) {
    if (EngineError.is(error, 'cancelled')) return { ...stoppedBeforeStart(contextLength), message: '' };
    throw error;
  }
}

/** The message is sent whole each time, because cleaning may change its beginning. */
class CommitStream extends GenerationStream {
  readonly #send: (part: CommitMessagePart) => void;
  #last = '';

  constructor(send: (part: CommitMessagePart) => void) {
    super((part) => {
      if (part.kind === 'prefill') send(part);
    });
    this.#send = send;
  }

  message(message: string): void {
    if (message === this.#last) return;
    this.#last = message;
    this.#send({ kind: 'message', seq: this.nextSeq(), message });
  }
}
