/**
 * How many tasks of a set are solved by an edit, with the product's prompt and with a plain one, greedy:
 *   node test/bench/tasks.mjs --data DIR --set NAME --model NAME [--prompt ours,plain] [--limit N] [--fresh]
 * DIR has the sets as JSON lines (see tasks/sets.mjs). The model's code runs isolated. Each result is kept in the cache
 * folder at once, and a run goes on where one before it ended; --fresh forgets those. The prompt `reference` tries the
 * references, `unchanged` the texts as they are.
 */
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { StepError, cache, main, root } from '../workbench/process.mjs';
import { json } from './json.mjs';
import { runIsolated } from './tasks/sandbox.mjs';
import { readSet, sets } from './tasks/sets.mjs';

const cli = join(root, 'dist', 'cli.js');

/** Results of one set, model and prompt, in a file. */
class Results {
  #path;
  #found = new Map();

  constructor({ set, model, fresh }, prompt) {
    const folder = join(cache, 'tasks');
    mkdirSync(folder, { recursive: true });
    this.#path = join(folder, `${set}-${model.replaceAll(/[^\w.-]/g, '_')}-${prompt}.jsonl`);
    if (fresh) rmSync(this.#path, { force: true });
    const lines = existsSync(this.#path) ? readFileSync(this.#path, 'utf8').split('\n').filter(Boolean) : [];
    for (const line of lines) this.#keep(JSON.parse(line));
  }

  of(id) {
    return this.#found.get(id);
  }

  add(result) {
    this.#keep(result);
    appendFileSync(this.#path, `${JSON.stringify(result)}\n`);
  }

  solved(tasks) {
    return tasks.filter(({ id }) => this.of(id)?.passed).length;
  }

  #keep(result) {
    this.#found.set(result.id, result);
  }
}

async function attempt(task, prompt, model) {
  const folder = mkdtempSync(join(tmpdir(), 'paddock-tasks-'));
  const start = performance.now();
  try {
    const path = join(folder, task.file);
    writeFileSync(path, task.text);
    const answer = await answers[prompt](task, model, path);
    const seconds = (performance.now() - start) / 1000;
    const { files, command } = task.program(answer.text);
    const { passed, output } = await runIsolated(files, command);
    return { id: task.id, passed, seconds, ...answer, output: passed ? '' : output };
  } catch (error) {
    return { id: task.id, passed: false, text: '', error: String(error?.message ?? error) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const answers = {
  ours,
  plain,
  reference: ({ reference }) => ({ text: reference }),
  unchanged: ({ text }) => ({ text }),
};

/** As the editor proposes it for the whole file. */
async function ours({ text, instruction }, model, path) {
  const lines = text.split('\n').length;
  const args = ['edit', path, '--range', `1-${lines}`, '--instruction', instruction, '--json', '--model', model];
  const { value } = await json(process.execPath, [cli, ...args]);
  const changed = text.slice(0, value.start) + value.text + text.slice(value.end);
  return { text: changed, syntax: value.checks.syntax, repaired: value.checks.repaired };
}

/** What anyone would write first. */
async function plain({ file, text, instruction }, model) {
  const language = { py: 'python', js: 'javascript', rs: 'rust' }[file.split('.').at(-1)] ?? file.split('.').at(-1);
  const question = `${instruction}\n\n\`\`\`${language}\n${text}\n\`\`\`\n\nAnswer with the whole new code in one fenced block.`;
  const { value } = await json(process.execPath, [
    cli,
    'ask',
    question,
    '--temperature',
    '0',
    '--json',
    '--model',
    model,
  ]);
  const block = /^```[^\n]*\n([\s\S]*?)^```/mu.exec(`${value.text}\n`);
  return { text: block?.[1] ?? value.text };
}

function report(set, tasks, results) {
  const [first, second] = Object.entries(results);
  for (const [prompt, found] of Object.entries(results)) {
    const all = tasks.map(({ id }) => found.of(id));
    const repaired = all.filter((result) => result?.repaired).length;
    console.log(`${set}: ${prompt} solves ${found.solved(tasks)} of ${tasks.length}, repaired ${repaired}`);
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
      fresh: { type: 'boolean', default: false },
    },
  });
  if (values.data === undefined || !(values.set in sets) || (values.model ?? '') === '') {
    throw new StepError(`Give --data DIR, --model NAME and --set NAME. Sets: ${Object.keys(sets).join(', ')}.`);
  }
  const tasks = readSet(resolve(values.data), values.set).slice(0, Number(values.limit ?? Infinity));
  const prompts = values.prompt.split(',');
  const results = Object.fromEntries(prompts.map((prompt) => [prompt, new Results(values, prompt)]));
  for (const [index, task] of tasks.entries()) {
    for (const prompt of prompts) {
      if (results[prompt].of(task.id) === undefined) results[prompt].add(await attempt(task, prompt, values.model));
    }
    const solved = prompts.map((prompt) => `${prompt} ${results[prompt].solved(tasks)}`).join(', ');
    process.stderr.write(`\r${values.set}: ${index + 1} of ${tasks.length}, solved: ${solved} `);
  }
  process.stderr.write('\n');
  report(values.set, tasks, results);
});
