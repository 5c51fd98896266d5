/**
 * How fast work stops: `node cancel.mjs ADDON MODEL THREADS TIMES`, in a process of its own, printed as JSON. Cancels a
 * prefill of 8,000 tokens and a decode at random moments; each sample is milliseconds until the job has settled and
 * until the process is idle.
 */
import { createRequire } from 'node:module';
import { setTimeout } from 'node:timers/promises';

const [addonPath, path, threads, times] = process.argv.slice(2);
const promptTokens = 8000;
const slice = 20; // ms
const idleShare = 0.05;

const addon = createRequire(import.meta.url)(addonPath);
const options = { threads: Number(threads), contextLength: 8192, prefixCacheBytes: 0, snapshotBytes: 0 };
const model = await addon.loadModel(path, options, () => {}).result;
const sampler = { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, seed: 0 };
let variant = 0;

const prefill = await samples(2000, () => {
  // A prompt that is asked again goes on where it was cancelled: so the samples go through all depths of one prompt.
  const prompt = ids(promptTokens, variant);
  return generate({ prompt, maxTokens: 1 }, 'prefill');
});
const decode = await samples(1000, () => generate({ prompt: ids(64, 0), maxTokens: 0 }, 'text'));
await model.unload();
console.log(JSON.stringify({ promptTokens, prefill, decode }));

/** Starts a job; `begun` resolves with the first event of the kind that shows that the phase has begun. */
function generate(request, kind) {
  let onBegun;
  const begun = new Promise((resolve) => (onBegun = resolve));
  const job = model.generate(
    { ...sampler, stop: [], stopTokens: [], ignoreEnd: true, speculate: false, ...request },
    ({ type }) => type === kind && onBegun(),
  );
  return { job, begun };
}

async function samples(longestWait, start) {
  const found = [];
  while (found.length < Number(times)) {
    const { job, begun } = start();
    await Promise.race([begun, job.result]);
    await setTimeout(Math.random() * longestWait);
    const cancelled = performance.now();
    const settled = job.result.then(({ finishReason, cachedTokens }) => ({
      finishReason,
      cachedTokens,
      settledMs: performance.now() - cancelled,
    }));
    job.cancel();
    const [{ finishReason, cachedTokens, settledMs }, idleMs] = await Promise.all([settled, untilIdle(cancelled)]);
    // One that was over before says nothing, and its prompt has been read.
    if (finishReason === 'cancelled') found.push({ cachedTokens, settledMs, idleMs });
    else variant += 1;
  }
  return found;
}

/** When the first slice began in which the process used next to nothing. */
async function untilIdle(cancelled) {
  for (;;) {
    const start = performance.now();
    const before = process.cpuUsage();
    await setTimeout(slice);
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1000 < idleShare * (performance.now() - start)) return start - cancelled;
  }
}

function ids(count, seed) {
  return Int32Array.from({ length: count }, (_, i) => ((i + 31 * seed) * 7919 + 13) % 40000);
}
