/** One prompt, answered by the teacher; with follow-up questions that the teacher asks itself. */
import { createHash } from 'node:crypto';
import type { NativeModel } from '../../engine/binding.ts';
import { EngineError, cancelledError } from '../../engine/errors.ts';
import { generate } from '../../engine/generate.ts';
import { chatSampler, completeSampler } from '../../engine/sampling.ts';
import { encodeConversation } from '../../prompt/encode.ts';
import type { Message } from '../curate/record.ts';
import type { Prompt } from './prompts.ts';

export interface TeacherSettings {
  readonly temperature: number;
  readonly maxTokens: number;
  readonly seed: number;
  /** Further questions to each prompt, which the teacher asks and answers. */
  readonly followUps: number;
  /** System message of every conversation; empty = the template's default. */
  readonly system: string;
}

export interface Answer {
  /** The conversation, answers included. */
  readonly messages: readonly Message[];
  /** Of the last answer. */
  readonly finishReason: string;
  readonly seed: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** Throws `promptTooLong`, `cancelled`, or `invalidArgument` when the answer is empty. */
export async function answerPrompt(
  model: NativeModel,
  prompt: Prompt,
  settings: TeacherSettings,
  signal: AbortSignal,
): Promise<Answer> {
  const seed = seedOf(settings.seed, prompt.id);
  const hasSystem = prompt.messages[0]?.role === 'system';
  const before = settings.system === '' || hasSystem ? [] : [{ role: 'system' as const, content: settings.system }];
  let messages: Message[] = [...before, ...prompt.messages];
  let [promptTokens, completionTokens] = [0, 0];
  const ask = async (
    conversation: readonly Message[],
    turn: number,
  ): Promise<{ text: string; finishReason: string }> => {
    const ids = encodeConversation(model, conversation);
    if (ids.length >= model.info.contextLength) {
      throw new EngineError(
        'promptTooLong',
        `The prompt has ${ids.length} tokens and the context ${model.info.contextLength}.`,
      );
    }
    const sampler = completeSampler({ temperature: settings.temperature, seed: seed + turn }, chatSampler);
    const result = await generate(model, { prompt: ids, maxTokens: settings.maxTokens, sampler }, { signal });
    if (result.finishReason === 'cancelled') throw cancelledError();
    if (result.text.trim() === '') throw new EngineError('invalidArgument', 'The answer is empty.');
    promptTokens += ids.length;
    completionTokens += result.tokens.length;
    return { text: result.text.trim(), finishReason: result.finishReason };
  };
  let answer = await ask(messages, 0);
  messages = [...messages, { role: 'assistant', content: answer.text }];
  for (let turn = 0; turn < settings.followUps; turn++) {
    const question = await ask([{ role: 'user', content: followUpRequest(messages) }], 2 * turn + 1);
    messages = [...messages, { role: 'user', content: question.text }];
    answer = await ask(messages, 2 * turn + 2);
    messages = [...messages, { role: 'assistant', content: answer.text }];
  }
  return { messages, finishReason: answer.finishReason, seed, promptTokens, completionTokens };
}

/** The same prompt gets the same seed in every run and any order. */
export function seedOf(seed: number, id: string): number {
  return createHash('sha256').update(`${seed} ${id}`).digest().readUInt32LE(0) >>> 1;
}

function followUpRequest(messages: readonly Message[]): string {
  const names = { system: 'Instructions', user: 'Question', assistant: 'Answer' };
  const conversation = messages.map(({ role, content }) => `${names[role]}: ${content}`).join('\n\n');
  return `${conversation}\n\nWhat would be an insightful next question of the one who asked? Write this one question and nothing else.`;
}
