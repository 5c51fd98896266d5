import { editBudget, paragraphs, surroundings } from './feature.ts';
import type { Feature } from './feature.ts';

export const document: Feature = {
  budget: editBudget,
  commentsOnly: true,
  ask: (material) =>
    paragraphs(
      surroundings(material),
      `This is the code to document:\n${material.code}`,
      `Task: write ${forms[material.languageId] ?? 'documentation comments'} for this code. Change no code.\n${material.instruction}`.trimEnd(),
      'Answer with one fenced block that holds all of the code with its comments and nothing else. Do not repeat the code before or after it.',
    ),
};

/** Small models do not choose the usual form by themselves. */
const forms: Readonly<Record<string, string>> = {
  c: 'Doxygen comments',
  cpp: 'Doxygen comments',
  csharp: 'XML documentation comments',
  go: 'Go doc comments',
  java: 'Javadoc comments',
  javascript: 'JSDoc comments',
  javascriptreact: 'JSDoc comments',
  php: 'PHPDoc comments',
  python: 'docstrings',
  ruby: 'YARD comments',
  rust: 'doc comments with `///`',
  typescript: 'TSDoc comments',
  typescriptreact: 'TSDoc comments',
};
