import { editBudget, paragraphs } from './feature.ts';
import type { Feature } from './feature.ts';

/** The code around would only distract: what a comment means stands beside it. */
export const translate: Feature = {
  budget: { ...editBudget, surroundings: 0, references: 0 },
  commentsOnly: true,
  ask: ({ code, instruction }) =>
    paragraphs(
      `This is the code whose comments are to be translated:\n${code}`,
      `Task: ${instruction}\nTranslate every comment. Change no code, no names and no strings.`,
      'Answer with one fenced block that holds all of the code with the translated comments and nothing else.',
    ),
};
