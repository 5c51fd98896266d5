import { editBudget, paragraphs, surroundings } from './feature.ts';
import type { Feature } from './feature.ts';

export const document: Feature = {
  budget: editBudget,
  commentsOnly: true,
  ask: (material) =>
    paragraphs(
      surroundings(material),
      `This is the code to document:\n${material.code}`,
      `Task: write the documentation comments of this code, in the usual form of the language. Change no code.\n${material.instruction}`.trimEnd(),
      'Answer with one fenced block that holds all of the code with its comments and nothing else. Do not repeat the code before or after it.',
    ),
};
