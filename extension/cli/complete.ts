import { generate } from '../server/engine/generate.ts';
import { EngineError } from '../server/engine/errors.ts';
import { completeSampler, editSampler } from '../server/engine/sampling.ts';
import { withBos } from '../server/prompt/encode.ts';
import { answerPrinter } from './answer-printer.ts';
import { readInput } from './input.ts';
import { loadModel } from './model.ts';
import { commonOptions, decimal, requiredText, wholeNumber } from './verb.ts';
import type { Verb } from './verb.ts';

export const complete: Verb = {
  name: 'complete',
  usage: '--prompt-file F | --file F --offset N',
  summary: 'continues a text as it is, without a chat template, or code at a place as the editor would',
  options: [
    ['--file F', 'a file of code; - is stdin'],
    ['--offset N', 'the place in it, in UTF-16 units'],
    ['--path P', 'the name that a text from stdin goes by'],
    ['--workspace DIR', 'where files lie that the code imports; the repository with the file, else its folder'],
    ['--prompt-file F', 'the text; - is stdin'],
    ['--max-tokens N', 'the longest continuation; 128'],
    ['--temperature T', '0 always takes the likeliest token; 0'],
    ['--seed S', 'of the random choices'],
    ['--special', 'control tokens in the text become what they say'],
  ],
  specs: {
    'prompt-file': { type: 'string' },
    file: { type: 'string' },
    offset: { type: 'string' },
    path: { type: 'string' },
    workspace: { type: 'string' },
    'max-tokens': { type: 'string' },
    temperature: { type: 'string' },
    seed: { type: 'string' },
    special: { type: 'boolean' },
  },
  run: async (terminal, values) => {
    // Read when it is needed, with the search for code in other files.
    if (values['file'] !== undefined) return (await import('./complete-at.ts')).completeAt(terminal, values);
    const bytes = await readInput(requiredText(values, 'prompt-file'));
    const maxTokens = wholeNumber(values, 'max-tokens', 128);
    const temperature = decimal(values, 'temperature', 0);
    const seed = values['seed'] === undefined ? {} : { seed: wholeNumber(values, 'seed', 0) };
    const { engine } = await loadModel(terminal, commonOptions(values));
    const printer = answerPrinter(terminal, values['json'] !== true);
    const result = await engine.run(terminal.signal, (model, signal) => {
      const prompt = withBos(model, model.tokenize(bytes, values['special'] === true));
      if (prompt.length === 0) {
        throw new EngineError('invalidArgument', 'The text is empty.');
      }
      if (prompt.length >= model.info.contextLength) {
        throw new EngineError(
          'promptTooLong',
          `The text has ${prompt.length} tokens and the context ${model.info.contextLength}. Shorten it, or give a larger --context.`,
        );
      }
      let seq = 0;
      return generate(
        model,
        { prompt, maxTokens, sampler: completeSampler({ temperature, ...seed }, editSampler) },
        {
          signal,
          onPrefill: (done, total) =>
            printer.part({ kind: 'prefill', seq: seq++, done, total, remainingSeconds: undefined }),
          onText: (text, tokens) => printer.part({ kind: 'text', seq: seq++, text, tokens }),
        },
      );
    });
    if (values['json'] === true) {
      const { text, tokens, finishReason, timings } = result;
      terminal.out(
        `${JSON.stringify({ text, promptTokens: timings.promptTokens, tokens: [...tokens], finishReason, timings })}\n`,
      );
    } else {
      printer.end({ ...result, contextUsed: 0, contextLength: 0, omitted: [] });
    }
    if (result.finishReason === 'cancelled') {
      throw new EngineError('cancelled', 'Stopped.');
    }
  },
};
