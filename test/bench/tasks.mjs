/**
 * How many tasks of a set are solved by an edit, with the product's prompt and with a plain one, greedy:
 *   node test/bench/tasks.mjs --data DIR --set NAME --model NAME [--prompt ours,plain] [--limit N]
 *     [--threads N] [--fresh]
 * DIR has the sets as JSON lines (see tasks/sets.mjs). The model's code runs isolated. Each result is kept in the cache
 * folder at once, and a run goes on where one before it ended; --fresh forgets those. The prompt `plain-llama.cpp` is
 * the plain one, answered by llama.cpp; `reference` tries the references, `unchanged` the texts as they are.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { StepError, main } from '../workbench/process.mjs';
import { Results } from './results.mjs';
import { openLlama } from './tasks/llama.mjs';
import { openProduct } from './tasks/product.mjs';
import { runIsolated } from './tasks/sandbox.mjs';
import { readSet, sets } from './tasks/sets.mjs';

async function attempt(task, answer) {
  const start = performance.now();
  const answered = await answer(task);
  const seconds = (performance.now() - start) / 1000;
  const { files, command } = task.program(answered.text);
  const { passed, output } = await runIsolated(files, command);
  return { id: task.id, passed, seconds, ...answered, output: passed ? '' : output };
}

/** What anyone would write first. */
function plainQuestion({ languageId, text, instruction }) {
  return `${instruction}\n\n\`\`\`${languageId}\n${text}\n\`\`\`\n\nAnswer with the whole new code in one fenced block.`;
}

function firstBlock(answer) {
  const block = /^```[^\n]*\n([\s\S]*?)^```/mu.exec(`${answer}\n`);
  return { text: block?.[1] ?? answer };
}

/** How each prompt is answered. Opened once, when the first task needs it; a failure to open ends the run. */
class Answers {
  #model;
  #threads;
  #opened = new Map();

  constructor({ model, threads }) {
    this.#model = model;
    this.#threads = Number(threads);
  }

  async of(prompt, task) {
    if (prompt === 'reference') return { text: task.reference };
    if (prompt === 'unchanged') return { text: task.text };
    if (prompt === 'ours') return (await this.#open('product', openProduct)).edit(task);
    const rival = prompt === 'plain-llama.cpp' ? this.#open('llama', openLlama) : this.#open('product', openProduct);
    return firstBlock(await (await rival).ask(plainQuestion(task)));
  }

  async close() {
    for (const opened of this.#opened.values()) await (await opened).close();
  }

  #open(name, open) {
    if (!this.#opened.has(name)) this.#opened.set(name, open(this.#model, this.#threads));
    return this.#opened.get(name);
  }
}

const prompts = ['ours', 'plain', 'plain-llama.cpp', 'reference', 'unchanged'];

function report(set, tasks, results) {
  const [first, second] = Object.entries(results);
  for (const [prompt, found] of Object.entries(results)) {
    const all = tasks.map(({ id }) => found.of(id));
    const repaired = all.filter((result) => result?.repaired).length;
    console.log(`${set}: ${prompt} solves ${found.passed(tasks)} of ${tasks.length}, repaired ${repaired}`);
  }
  if (second === undefined) return;
  const only = (one, other) =>
    tasks.filter(({ id }) => one[1].of(id)?.passed && !other[1].of(id)?.passed).map(({ id }) => id);
  console.log(
    `only ${first[0]}: ${only(first, second).join(', ')}\nonly ${second[0]}: ${only(second, first).join(', ')}`,
  );
}

await main(async () => {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      set: { type: 'string' },
      model: { type: 'string' },
      prompt: { type: 'string', default: 'ours,plain' },
      limit: { type: 'string' },
      threads: { type: 'string', default: '0' },
      fresh: { type: 'boolean', default: false },
    },
  });
  if (values.data === undefined || !(values.set in sets) || (values.model ?? '') === '') {
    throw new StepError(`Give --data DIR, --model NAME and --set NAME. Sets: ${Object.keys(sets).join(', ')}.`);
  }
  const tasks = readSet(resolve(values.data), values.set).slice(0, Number(values.limit ?? Infinity));
  const chosen = values.prompt.split(',');
  const unknown = chosen.filter((prompt) => !prompts.includes(prompt));
  if (unknown.length > 0) throw new StepError(`Unknown prompt: ${unknown.join(', ')}. Known: ${prompts.join(', ')}.`);
  const results = Object.fromEntries(
    chosen.map((prompt) => [prompt, new Results('tasks', [values.set, values.model, prompt], values.fresh)]),
  );
  const answers = new Answers(values);
  for (const [index, task] of tasks.entries()) {
    for (const prompt of chosen) {
      if (results[prompt].of(task.id) !== undefined) continue;
      results[prompt].add(await attempt(task, (one) => answers.of(prompt, one)));
    }
    const solved = chosen.map((prompt) => `${prompt} ${results[prompt].passed(tasks)}`).join(', ');
    process.stderr.write(`\r${values.set}: ${index + 1} of ${tasks.length}, solved: ${solved} `);
  }
  process.stderr.write('\n');
  await answers.close();
  report(values.set, tasks, results);
});
