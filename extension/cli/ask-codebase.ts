/** Runs `paddock ask --codebase`. Imported on demand, so that other verbs start without it. */
import { realpath } from 'node:fs/promises';
import { askCodebase } from '../server/codebase/ask-codebase.ts';
import type { CodebaseAnswer } from '../server/codebase/ask-codebase.ts';
import type { GenerationPart } from '../protocol/server.ts';
import { openAnswers } from './answers.ts';
import { progressLine } from './progress-line.ts';
import { findIn } from './search-folder.ts';
import { requiredText } from './verb.ts';
import type { OptionValues, Terminal } from './verb.ts';

/** Places that are looked at; as many are read as fit. */
const mostPlaces = 12;

/** The answer is printed when its places are checked, not before. */
export async function answerFrom(
  terminal: Terminal,
  values: OptionValues,
  question: string,
  maxTokens: number | undefined,
): Promise<CodebaseAnswer> {
  const folder = requiredText(values, 'codebase');
  const hits = await findIn(terminal, values, { folder, question, limit: mostPlaces });
  const answers = await openAnswers(terminal, values);
  const line = progressLine(terminal);
  const show = (part: GenerationPart): void => {
    if (part.kind === 'prefill') line.show(`reading ${part.done} of ${part.total} tokens`);
    else line.show('writing');
  };
  try {
    const asked = { folder: await realpath(folder), question, hits, maxTokens };
    return await askCodebase(asked, answers, terminal.signal, show);
  } finally {
    line.clear();
    answers.close();
  }
}
