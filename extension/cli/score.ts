import { EngineError } from '../server/engine/errors.ts';
import { settle } from '../server/engine/generate.ts';
import { withBos } from '../server/prompt/encode.ts';
import { readInput } from './input.ts';
import { loadModel } from './model.ts';
import { commonOptions, exactHelp, exactSpecs, requiredText } from './verb.ts';
import type { Verb } from './verb.ts';

export const score: Verb = {
  name: 'score',
  usage: '--file F',
  summary: 'how likely the model finds each token of a text',
  options: [
    ['--file F', 'the text; - is stdin'],
    ['--special', 'control tokens in the text become their ids'],
    ...exactHelp,
  ],
  specs: { file: { type: 'string' }, special: { type: 'boolean' }, ...exactSpecs },
  run: async (terminal, values) => {
    const bytes = await readInput(requiredText(values, 'file'));
    const { engine } = await loadModel(terminal, commonOptions(values));
    const { ids, nll } = await engine.run(terminal.signal, async (model, signal) => {
      const tokens = withBos(model, model.tokenize(bytes, values['special'] === true));
      if (tokens.length < 2) {
        throw new EngineError('invalidArgument', 'The text has fewer than two tokens; there is nothing to score.');
      }
      if (tokens.length > model.info.contextLength) {
        throw new EngineError(
          'promptTooLong',
          `The text has ${tokens.length} tokens and the context ${model.info.contextLength}. Shorten it, or give a larger --context.`,
        );
      }
      return { ids: [...tokens], nll: [...(await settle(model.score(tokens), signal))] };
    });
    if (values['json'] === true) {
      terminal.out(`${JSON.stringify({ ids, nll })}\n`);
      return;
    }
    const mean = nll.reduce((sum, value) => sum + value, 0) / nll.length;
    terminal.out(`${nll.length} tokens, ${mean.toFixed(4)} nats each on average\n`);
  },
};
