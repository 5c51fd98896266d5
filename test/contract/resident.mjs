/**
 * `node --expose-gc resident.mjs ADDON MODEL OPTIONS`: loads a model, makes it use all that it may use, and prints as
 * JSON what it said that it needs and what this process really grew by. Linux only.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [addonPath, modelPath, options] = process.argv.slice(2);
const addon = createRequire(import.meta.url)(addonPath);

function resident() {
  globalThis.gc();
  const status = readFileSync('/proc/self/status', 'utf8');
  const bytes = (key) => Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(status)[1]) * 1024;
  return { now: bytes('VmRSS'), most: bytes('VmHWM') };
}

// The first call makes what is there once per process, whatever is loaded.
addon.inspect(modelPath);
const before = resident();
const model = await addon.loadModel(modelPath, JSON.parse(options), () => {}).result;
const loaded = resident();

const { contextLength, vocabularySize, memory } = model.info;
const some = (seed, length) => Int32Array.from({ length }, (_, i) => (i * 31 + seed * 7919) % vocabularySize);
const sampler = { temperature: 0.8, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, seed: 1 };
const more = { stop: [], stopTokens: [], ignoreEnd: true };
// Other prompts until the cache of prefixes is full, then every row of logits, and a few tokens at once at full depth.
for (let seed = 0; seed < 3; seed += 1) {
  const prompt = some(seed, contextLength - 64);
  // oxlint-disable-next-line no-await-in-loop -- one request at a time
  await model.generate({ prompt, maxTokens: 60, prediction: prompt, ...sampler, ...more }, () => {}).result;
}
await model.score(some(9, contextLength)).result;
const used = resident();
console.log(JSON.stringify({ need: memory.total, grown: used.now - before.now, mostAtLoad: loaded.most - before.now }));
await model.unload();
