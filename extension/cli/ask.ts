import { basename } from 'node:path';
import type { CodeContext, GenerationResult } from '../protocol/server.ts';
import { EngineError } from '../server/engine/errors.ts';
import { readInput } from './input.ts';
import { answerPrinter } from './answer-printer.ts';
import { openAnswers } from './answers.ts';
import { UsageError, decimal, texts, wholeNumber } from './verb.ts';
import type { OptionValues, Terminal, Verb } from './verb.ts';

export const ask: Verb = {
  name: 'ask',
  usage: 'TEXT [--file F]...',
  summary: 'one answer to one question',
  options: [
    ['--file F', 'a file to read with the question; may be given several times'],
    ['--codebase DIR', 'answer from the code of a folder, with the places that show it'],
    ['--max-tokens N', 'the longest answer'],
    ['--temperature T', '0 always takes the likeliest token'],
    ['--seed S', 'the same answer again'],
  ],
  specs: {
    file: { type: 'string', multiple: true },
    codebase: { type: 'string' },
    'max-tokens': { type: 'string' },
    temperature: { type: 'string' },
    seed: { type: 'string' },
  },
  keepsPrompts: true,
  run: async (terminal, values, positionals) => {
    const question = positionals.join(' ').trim();
    if (question === '') {
      throw new UsageError('The question is missing.');
    }
    if (values['codebase'] !== undefined) return answerFromCode(terminal, values, question);
    const attachments = await Promise.all(texts(values, 'file').map(readAttachment));
    const maxTokens = wholeNumber(values, 'max-tokens', 0);
    const sampler = {
      ...(values['temperature'] === undefined ? {} : { temperature: decimal(values, 'temperature', 0) }),
      ...(values['seed'] === undefined ? {} : { seed: wholeNumber(values, 'seed', 0) }),
    };
    const answers = await openAnswers(terminal, values);
    const printer = answerPrinter(terminal, values['json'] !== true);
    const params = {
      messages: [{ role: 'user' as const, content: question, attachments }],
      sampler,
      ...(maxTokens > 0 ? { maxTokens } : {}),
    };
    const result = await answers.chat(params, terminal.signal, printer.part).finally(() => answers.close());
    printer.end(result);
    if (values['json'] === true) {
      terminal.out(`${JSON.stringify(toJson(result))}\n`);
    }
    if (result.finishReason === 'cancelled') {
      throw new EngineError('cancelled', 'Stopped.');
    }
  },
};

async function answerFromCode(terminal: Terminal, values: OptionValues, question: string): Promise<void> {
  if (texts(values, 'file').length > 0) throw new UsageError('Give either --codebase or --file.');
  const maxTokens = wholeNumber(values, 'max-tokens', 0);
  const { answerFrom } = await import('./ask-codebase.ts');
  const asked = await answerFrom(terminal, values, question, maxTokens > 0 ? maxTokens : undefined);
  const { result, citations, found } = asked;
  const { finishReason, text } = result;
  terminal.out(values['json'] === true ? `${JSON.stringify({ ...toJson(result), citations, found })}\n` : `${text}\n`);
  if (finishReason === 'cancelled') throw new EngineError('cancelled', 'Stopped.');
}

function toJson(result: GenerationResult): object {
  const { text, finishReason, timings, contextUsed, contextLength, omitted } = result;
  const { promptTokens, completionTokens } = timings;
  return { text, promptTokens, completionTokens, finishReason, timings, contextUsed, contextLength, omitted };
}

async function readAttachment(path: string): Promise<CodeContext> {
  const text = new TextDecoder().decode(await readInput(path));
  return { path: basename(path), languageId: basename(path).split('.').at(-1) ?? '', text };
}
