/**
 * Whether edits of carelessly selected code leave it whole:
 *   node test/bench/selections.mjs [--model NAME] [--count N] [--threads N]
 * Selections of the files of test/fixtures/syntax are cut at borders of all kinds; the model rewrites each. Counts the
 * results that parse, that are marked as broken, that are refused in words, and that are broken without a mark: of the
 * last there must be none. Ends with 1 when there is one.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { defaultModel } from '../workbench/models.mjs';
import { main, root } from '../workbench/process.mjs';
import { openProduct } from './tasks/product.mjs';
import { generator } from '../workbench/random.mjs';

const instructions = [
  'Simplify this code.',
  'Use clearer names.',
  'Add documentation comments.',
  'Handle errors and edge cases.',
];
const folder = join(root, 'test', 'fixtures', 'syntax');

await main(async () => {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: defaultModel },
      count: { type: 'string', default: '40' },
      threads: { type: 'string', default: '0' },
    },
  });
  const product = await openProduct(values.model, Number(values.threads));
  const counts = { whole: 0, marked: 0, refused: 0, unmarked: 0 };
  for (const [index, selection] of selections(Number(values.count)).entries()) {
    const instruction = instructions[index % instructions.length];
    const { text, syntax, refused } = await product.edit({ ...selection, instruction });
    const faults = await product.faults(selection.languageId, text);
    const kind = refused ? 'refused' : faults === 0 ? 'whole' : syntax === 'broken' ? 'marked' : 'unmarked';
    counts[kind] += 1;
    console.log(`${kind}: ${selection.file} ${selection.start}-${selection.end}, ${instruction} ${refused ?? ''}`);
  }
  console.log(JSON.stringify(counts));
  await product.close();
  if (counts.unmarked > 0) process.exitCode = 1;
});

/** As many selections as wanted, of all files in turn, each of a few lines at least. */
function selections(count) {
  const files = readdirSync(folder);
  const random = generator(11);
  return Array.from({ length: count }, (_, index) => {
    const file = files[index % files.length];
    const text = readFileSync(join(folder, file), 'utf8');
    const borders = [...text.matchAll(/\b|(?<=[{}()[\];,])|(?=[{}()[\];,])|\n/gu)].map((match) => match.index);
    for (;;) {
      const start = borders[random(borders.length)];
      const end = borders.filter((border) => border > start + 30 && border < start + 500)[random(60)];
      if (end !== undefined) return { file, text, start, end, languageId: file.split('.')[0] };
    }
  });
}
