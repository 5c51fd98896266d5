import { askWithReason, editBudget, onlyTheCode, paragraphs, surroundings } from './feature.ts';
import type { Feature, Material } from './feature.ts';

export const fix: Feature = {
  budget: editBudget,
  askWithReason,
  ask: (material) =>
    paragraphs(surroundings(material), `This is the code to rewrite:\n${material.code}`, task(material), onlyTheCode),
};

function task({ instruction, problems }: Material): string {
  if (problems.length === 0) return `Task: ${instruction}`;
  const these = problems.length === 1 ? 'this problem' : 'these problems';
  const lead = `Task: fix ${these} with the smallest change that is right.`;
  return [lead, instruction, ...problems.map((problem) => `- ${problem}`)].filter((line) => line !== '').join('\n');
}
