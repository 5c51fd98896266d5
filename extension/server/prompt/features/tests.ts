import { paragraphs } from './feature.ts';
import type { Feature, Material } from './feature.ts';

export const tests: Feature = {
  budget: {
    surroundings: 768,
    references: 2048,
    answer: (code) => Math.max(768, Math.min(code * 3, code + 1024)),
  },
  ask: (material) =>
    paragraphs(
      ...material.references.map(
        (reference, index) => `${index === 0 ? 'This is the code to test, ' : 'For reference only, '}${reference}`,
      ),
      file(material),
      task(material),
    ),
};

function file({ path, before, after }: Material): string {
  if (before === '' && after === '') return `The test file ${path} is empty.`;
  return paragraphs(
    before === '' ? '' : `The test file ${path} has this before the new tests:\n${before}`,
    after === '' ? '' : `The test file ${path} has this after the new tests:\n${after}`,
  );
}

function task({ instruction, framework, before, after }: Material): string {
  const how = framework === '' ? '' : ` with ${framework}`;
  const what =
    before === '' && after === ''
      ? 'the whole test file with its imports'
      : 'only the new tests, without what the file already has,';
  return [
    `Task: write tests for this code${how}: the usual case and edge cases, at most five short tests.`,
    'Import the code from its file; do not write it again.',
    instruction,
    `Answer with one fenced block that holds ${what} and nothing else.`,
  ]
    .filter((line) => line !== '')
    .join('\n');
}
