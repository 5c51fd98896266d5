import { quantize } from './quantize.ts';
import { UsageError, text } from './verb.ts';
import type { Verb } from './verb.ts';

/** Quantizing with an adapter, for who looks for it under this name; nothing is lost unless a type says so. */
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
