/** The edits that `edits.mjs` measures: of this project's own code, so that they need no other. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../workbench/process.mjs';

/**
 * What is edited is from the line with `start` to the first closing brace in the first column that makes it so many
 * lines.
 */
const least = 60;
/** File, start, instruction. */
const cases = [
  ['native/engine/runtime/generation.cc', 'void Generation::Prefill(', 'Rename the member `pass_` to `unfinished_`.'],
  ['native/engine/model/forward.cc', 'bool Forward::Layer(', 'Rename the parameter `t` to `task`.'],
  ['native/engine/model/weights.cc', 'void PlacePanels(', 'Rename `binder` to `walker`.'],
  ['native/engine/runtime/sampler.cc', 'double Sampler::NextUniform(', 'Rename `candidates_` to `choices_`.'],
  ['extension/client/chat/chat-service.ts', 'export class', 'Add an explicit return type to every method.'],
  ['extension/server/prompt/edit-draft.ts', 'class Draft {', 'Add a type to every `const`.'],
  ['test/run.mjs', 'async function prepare', 'Add a JSDoc comment with types to every function.'],
  ['native/engine/ops/thread_pool.cc', 'void ThreadPool::Loop', 'Translate the comments to German.'],
  ['native/engine/runtime/drafter.cc', 'void Drafter::Append', 'Translate the comments to French.'],
  ['webview/shared/view-store.ts', 'export class ViewStore', 'Translate the comments to Spanish.'],
];

/** Each with the lines that are to be edited, as the files are now. */
export function editCases() {
  return cases.map(([file, start, instruction]) => ({
    file,
    instruction,
    selection: excerpt(readFileSync(join(root, file), 'utf8'), start),
  }));
}

function excerpt(text, start) {
  const lines = text.split('\n');
  const begin = lines.findIndex((line) => line.includes(start));
  assert.ok(begin >= 0, `“${start}” is not there`);
  const end = lines.findIndex((line, n) => n >= begin + least - 1 && line.startsWith('}'));
  return `${lines.slice(begin, end < 0 ? begin + 100 : Math.min(end + 1, begin + 150)).join('\n')}\n`;
}
