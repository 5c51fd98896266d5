/**
 * How soon a completion is there after the last key, without an editor:
 *   node test/bench/keys.mjs [--model NAME] [--places N] [--beside NAME]
 * Types eight keys, six a second, at places in this repository. Each key cancels what the one before has asked for, as
 * the editor does, and what the last one asks for is measured: the pause before it asks is the editor's and not part of
 * it. Prints for each place and as medians: all of it, the search in other files, reading, writing, the tokens that
 * were read and those of the whole prompt. With `--beside` the same places come once more alone, and then while that
 * model answers a question; its answer is compared with the one that was not disturbed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { main, outputOf, root } from '../workbench/process.mjs';
import { generator } from '../workbench/random.mjs';
import { bundled } from './module.mjs';
import { median } from './report.mjs';

const keys = 8;
const keyMs = 1000 / 6;
const pauseMs = 60;
const languages = { ts: 'typescript', cc: 'cpp' };
const question = 'Explain in ten paragraphs how a compiler works.';
const answerTokens = 600;

/** Ends of lines that are typed: where in which file, and what stands around. */
function placesIn(count) {
  const random = generator(1);
  const files = outputOf('git', ['-C', root, 'ls-files', 'extension', 'native']).split('\n');
  const sources = files.filter((path) => /\.(?:ts|cc)$/.test(path) && !path.includes('test'));
  const places = [];
  while (places.length < count) {
    const path = sources[random(sources.length)];
    const lines = readFileSync(join(root, path), 'utf8').split('\n');
    const fit = lines.flatMap((line, index) => (index > 20 && isFit(line) ? [index] : []));
    if (fit.length === 0) continue;
    const index = fit[random(fit.length)];
    const line = lines[index];
    const column = line.length - line.trimStart().length + random(Math.ceil((line.trim().length - keys) * 0.6));
    const before = `${lines.slice(0, index).join('\n')}\n${line.slice(0, column)}`;
    const suffix = `\n${lines.slice(index + 1).join('\n')}`;
    places.push({ path, before, typed: line.slice(column, column + keys), suffix });
  }
  return places;
}

const isFit = (line) => line.trim().length > keys + 12 && /[a-z]\w*[(.=]/i.test(line);

/** What the last of the keys has asked for. */
async function typeAt(completer, tools, { path, before, typed, suffix }) {
  let asking = new AbortController();
  let last;
  for (let count = 1; count <= typed.length; count++) {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    const params = { path, languageId: languages[path.split('.').at(-1)], suffix, folder: root, automatic: true };
    const ask = () => completion(completer, tools, { ...params, prefix: before + typed.slice(0, count) }, signal);
    last = sleep(pauseMs, undefined, { signal })
      .then(ask)
      .catch(() => undefined);
    if (count < typed.length) await sleep(keyMs);
  }
  return last;
}

async function completion(completer, { engine, syntax }, params, signal) {
  const start = performance.now();
  let search = 0;
  const run = (either, job) => {
    search = performance.now() - start;
    return engine.run(either, job);
  };
  const { completions } = await completer.complete({ engine: { run }, syntax }, params, signal);
  const [{ timings, text }] = completions;
  return {
    all: performance.now() - start,
    search,
    reading: timings.prefillMs,
    writing: timings.decodeMs,
    read: timings.promptTokens - timings.cachedTokens,
    prompt: timings.promptTokens,
    written: timings.completionTokens,
    text,
  };
}

async function typeAll(product, tools, places) {
  const completer = new product.Completer();
  const found = [];
  for (const place of places) {
    const one = await typeAt(completer, tools, place);
    if (one === undefined) continue;
    found.push(one);
    const { text, ...numbers } = one;
    console.log(`${describe(numbers)}  ${JSON.stringify(text)}`);
  }
  return found;
}

const describe = (numbers) =>
  Object.entries(numbers)
    .map(([name, value]) => `${name} ${value.toFixed(0)}`)
    .join('  ');

function report(name, found) {
  const names = ['all', 'search', 'reading', 'writing', 'read', 'prompt', 'written'];
  const medians = Object.fromEntries(names.map((key) => [key, median(found.map((one) => one[key]))]));
  const sorted = found.map(({ all }) => all).toSorted((a, b) => a - b);
  const ninetyFive = sorted[Math.floor(sorted.length * 0.95)];
  console.log(
    `${name}: ${found.length} places, medians: ${describe(medians)}; 95 % within ${ninetyFive.toFixed(0)} ms`,
  );
  return medians.all;
}

/** An answer, and how long it took. */
async function answer(product, engine) {
  const start = performance.now();
  const { text } = await engine.run(new AbortController().signal, (model, signal) => {
    const prompt = model.tokenize(question, false);
    const sampler = product.completeSampler({}, product.editSampler);
    return product.generate(model, { prompt, maxTokens: answerTokens, sampler }, { signal });
  });
  return { text, ms: performance.now() - start };
}

async function besideAnswer(product, session, places, alone) {
  const { engine, completing, syntax } = session;
  const quiet = await answer(product, engine);
  const found = [];
  let own = 0;
  let isOver = false;
  const running = answer(product, engine).finally(() => (isOver = true));
  const timed = {
    run: async (signal, job) => {
      const start = performance.now();
      try {
        return await completing.run(signal, job);
      } finally {
        own += performance.now() - start;
      }
    },
  };
  for (const place of places) {
    if (isOver) break;
    found.push(...(await typeAll(product, { engine: timed, syntax }, [place])));
  }
  const disturbed = await running;
  const beside = report('beside an answer', found);
  console.log(
    `${(beside / alone).toFixed(2)}x of once more. The answer is ${disturbed.text === quiet.text ? 'the same' : 'ANOTHER'}; ` +
      `it took ${quiet.ms.toFixed(0)} ms alone and ${disturbed.ms.toFixed(0)} ms beside ${own.toFixed(0)} ms of completions: ` +
      `${((100 * (disturbed.ms - own - quiet.ms)) / quiet.ms).toFixed(0)} % more than both.`,
  );
}

await main(async () => {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: 'qwen2.5-coder-0.5b-instruct' },
      places: { type: 'string', default: '25' },
      beside: { type: 'string' },
    },
  });
  const product = await bundled(
    'extension/server/session.ts',
    'extension/server/host.ts',
    'extension/server/room/room.ts',
    'extension/server/complete/completer.ts',
    'extension/server/engine/generate.ts',
    'extension/server/engine/sampling.ts',
  );
  const room = product.createRoom(product.nodeHost(process, root));
  const options = { modelsFolder: undefined, threads: 0, contextLength: 0, completionModel: values.model };
  const session = await product.createSession(room, options);
  const { signal } = new AbortController();
  if (values.beside !== undefined) await session.engine.load(await session.store.resolve(values.beside), { signal });
  // It is loaded before anything is measured.
  await session.completing.run(signal, () => Promise.resolve());
  const places = placesIn(Number(values.places));
  const tools = { engine: session.completing, syntax: session.syntax };
  report('the first time', await typeAll(product, tools, places));
  if (values.beside !== undefined) {
    const alone = report('once more', await typeAll(product, tools, places));
    await besideAnswer(product, session, places, alone);
  }
  session.syntax.dispose();
  await session.unload();
});
