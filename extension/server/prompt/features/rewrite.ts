import { askWithReason, editBudget, onlyTheCode, paragraphs, surroundings } from './feature.ts';
import type { Feature } from './feature.ts';

export const rewrite: Feature = {
  budget: editBudget,
  askWithReason,
  ask: (material) =>
    paragraphs(
      surroundings(material),
      `This is the code to rewrite:\n${material.code}`,
      `Task: ${material.instruction}`,
      onlyTheCode,
    ),
};
