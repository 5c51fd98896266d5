/**
 * How often a gap in code is filled in rightly, by the product's completion and by a plain prompt of prefix and suffix
 * with the same model, greedy:
 *   node test/bench/completion.mjs --data DIR --set NAME,NAME --model NAME
 *     [--ways ours,comments,alone,plain] [--limit N] [--fresh]
 * DIR has the sets as JSON lines (see completion/sets.mjs); `own` are gaps in this repository. `comments` is ours as
 * for a model without a token for files; `alone` is ours without code from other files; `plain` gives the model all of
 * prefix and suffix and takes what it writes until it ends by itself, or 128 tokens. The model's code runs isolated.
 * Results are kept in the cache folder, and a run goes on where one before it ended.
 */
import { parseArgs } from 'node:util';
import { resolve } from 'node:path';
import { StepError, main } from '../workbench/process.mjs';
import { openCompleter } from './completion/completer.mjs';
import { editSimilarity, isExact, readGaps, sets } from './completion/sets.mjs';
import { Results } from './results.mjs';
import { runIsolated } from './tasks/sandbox.mjs';

async function judge(gap, text) {
  const { reference, program } = gap.judge;
  if (reference !== undefined) {
    return { passed: isExact(text, reference), similarity: editSimilarity(text, reference) };
  }
  if (text.trim() === '') return { passed: false };
  const { files, command } = program(text);
  return { passed: (await runIsolated(files, command)).passed };
}

function report(set, gaps, results) {
  for (const [way, found] of Object.entries(results)) {
    const all = gaps.map(({ id }) => found.of(id)).filter((result) => result !== undefined);
    const mean = (value) => all.reduce((sum, one) => sum + (value(one) ?? 0), 0) / Math.max(1, all.length);
    const passed = all.filter((one) => one.passed).length;
    const similarity = all.some((one) => one.similarity !== undefined)
      ? `, edit similarity ${mean((one) => one.similarity).toFixed(1)}`
      : '';
    const share = ((100 * passed) / Math.max(1, all.length)).toFixed(1);
    console.log(
      `${set}: ${way} fills in ${passed} of ${all.length} (${share} %)${similarity}, ${mean((one) => one.tokens).toFixed(0)} tokens read and written`,
    );
  }
  reportPairs(set, gaps, results);
}

/** What the first way fills in and another does not, and the other way round. */
function reportPairs(set, gaps, results) {
  const [[first, found], ...others] = Object.entries(results);
  for (const [way, other] of others) {
    const both = gaps.map(({ id }) => [found.of(id)?.passed, other.of(id)?.passed]);
    const wins = both.filter(([one, another]) => one === true && another === false).length;
    const losses = both.filter(([one, another]) => one === false && another === true).length;
    console.log(`${set}: ${first} against ${way}: ${wins} wins, ${losses} losses`);
  }
}

await main(async () => {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      set: { type: 'string' },
      model: { type: 'string' },
      ways: { type: 'string', default: 'ours,plain' },
      limit: { type: 'string' },
      fresh: { type: 'boolean', default: false },
    },
  });
  const names = (values.set ?? Object.keys(sets).join(',')).split(',');
  const unknown = names.filter((name) => !(name in sets));
  if (values.data === undefined || (values.model ?? '') === '' || unknown.length > 0) {
    throw new StepError(`Give --data DIR, --model NAME and --set NAME. Sets: ${Object.keys(sets).join(', ')}.`);
  }
  const ways = values.ways.split(',');
  const completer = await openCompleter(values.model);
  for (const set of names) {
    const gaps = readGaps(resolve(values.data), set).slice(0, Number(values.limit ?? Infinity));
    const results = Object.fromEntries(
      ways.map((way) => [way, new Results('completion', [set, values.model, way], values.fresh)]),
    );
    for (const [index, gap] of gaps.entries()) {
      for (const way of ways) {
        if (results[way].of(gap.id) !== undefined) continue;
        const answer = await completer.complete(way, gap);
        results[way].add({ id: gap.id, ...answer, ...(await judge(gap, answer.text)) });
      }
      process.stderr.write(`\r${set}: ${index + 1} of ${gaps.length} `);
    }
    process.stderr.write('\n');
    report(set, gaps, results);
  }
  await completer.close();
});
