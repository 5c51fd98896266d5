import { quantize } from './quantize.ts';
import { UsageError, text } from './verb.ts';
import type { Verb } from './verb.ts';

/** The same as `quantize --adapter`, under the name that people look for. The default type loses nothing. */
export const merge: Verb = {
  ...quantize,
  name: 'merge',
  usage: 'FILE.gguf|NAME|FOLDER --adapter FILE.gguf --out FILE.gguf [--type F16]',
  summary: 'write a model file with an adapter merged into it',
  run: async (terminal, values, positionals) => {
    if (text(values, 'adapter') === undefined) {
      throw new UsageError('--adapter is missing.');
    }
    await quantize.run(terminal, { ...values, type: text(values, 'type') ?? 'F16' }, positionals);
  },
};
