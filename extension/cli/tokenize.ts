import { readInput } from './input.ts';
import { loadModel } from './model.ts';
import { commonOptions, requiredText } from './verb.ts';
import type { Verb } from './verb.ts';

export const tokenize: Verb = {
  name: 'tokenize',
  usage: '--file F',
  summary: "token ids of a file's text, without a bos token",
  options: [
    ['--file F', 'the text, any bytes; - is stdin'],
    ['--special', 'control tokens in the text become their ids'],
  ],
  specs: { file: { type: 'string' }, special: { type: 'boolean' } },
  run: async (terminal, values) => {
    const bytes = await readInput(requiredText(values, 'file'));
    const { engine } = await loadModel(terminal, commonOptions(values));
    const ids = [...engine.model.tokenize(bytes, values['special'] === true)];
    terminal.out(values['json'] === true ? `${JSON.stringify({ ids })}\n` : `${ids.join(' ')}\n`);
  },
};
