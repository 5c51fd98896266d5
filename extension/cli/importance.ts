import { resolve } from 'node:path';
import { collectImportance } from '../server/lab/importance/collect.ts';
import { checkFiles, refuseExisting } from './input.ts';
import { loadModel } from './model.ts';
import { progressLog, withRemaining } from './reporting.ts';
import { UsageError, commonOptions, requiredText, wholeNumber } from './verb.ts';
import type { Verb } from './verb.ts';

export const importance: Verb = {
  name: 'importance',
  usage: 'TEXT|DATA.jsonl... --out FILE.gguf [--context 512] [--chunks N]',
  summary: 'measure which weights matter, for "paddock quantize --importance"',
  givesWay: true,
  options: [
    ['--out FILE', 'the new file; nothing is there until it is whole'],
    ['--context N', 'tokens that are read together; 512'],
    ['--chunks N', 'only so many times as many tokens; all'],
    ['--force', 'replace a file that is there'],
  ],
  specs: { out: { type: 'string' }, chunks: { type: 'string' }, force: { type: 'boolean' } },
  run: async (terminal, values, files) => {
    if (files.length === 0) {
      throw new UsageError('Name at least one text, or records as "paddock train" reads them (.jsonl).');
    }
    const out = resolve(requiredText(values, 'out'));
    const window = wholeNumber(values, 'context', 512);
    if (window < 64) {
      throw new UsageError('--context must be at least 64.');
    }
    const limit = values['chunks'] === undefined ? undefined : wholeNumber(values, 'chunks', 0);
    if (limit === 0) {
      throw new UsageError('--chunks must be at least 1.');
    }
    await checkFiles(files);
    await refuseExisting(out, values['force'] === true);
    const { engine } = await loadModel(terminal, { ...commonOptions(values), contextLength: window, cache: false });
    const line = progressLog(terminal);
    const read = await collectImportance(
      { engine, files, window, limit, out },
      {
        signal: terminal.signal,
        onProgress: (done, total, seconds) => line.show(withRemaining(`chunk ${done + 1} of ${total}`, seconds)),
      },
    ).finally(() => line.clear());
    terminal.out(
      values['json'] === true
        ? `${JSON.stringify({ out, context: window, ...read })}\n`
        : `${out}: ${read.tokens} tokens in ${read.windows} chunks of ${window}\n`,
    );
  },
};
