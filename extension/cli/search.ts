import { UsageError, wholeNumber } from './verb.ts';
import type { Verb } from './verb.ts';

export const search: Verb = {
  name: 'search',
  usage: 'DIR QUESTION',
  summary: 'the places of a folder that a question is about, without a model',
  options: [
    ['DIR', 'the folder; .gitignore files in it are honoured'],
    ['QUESTION', 'in words; identifiers count most'],
    ['--limit N', 'places to list; 10'],
    ['--cache-dir DIR', 'keep the index there: the next search reads only files that have changed'],
  ],
  specs: { limit: { type: 'string' } },
  common: ['json', 'help'],
  run: async (terminal, values, positionals) => {
    const [folder, question, ...more] = positionals;
    if (folder === undefined || question === undefined || more.length > 0) {
      throw new UsageError('Give one folder and one question, in quotes.');
    }
    if (question.trim() === '') throw new UsageError('The question is empty.');
    const limit = wholeNumber(values, 'limit', 10);
    if (limit < 1) throw new UsageError('--limit must be at least 1.');
    const { searchFolder } = await import('./search-folder.ts');
    await searchFolder(terminal, values, { folder, question, limit });
  },
};
