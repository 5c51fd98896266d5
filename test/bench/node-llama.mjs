/**
 * One measurement of node-llama-cpp, printed as JSON: `node node-llama.mjs FOLDER MODEL PROMPT GENERATE THREADS`.
 * Runs in a process of its own, so that neither engine's memory or threads disturb the other's.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { resourceUsage } from 'node:process';
import { pathToFileURL } from 'node:url';

const [folder, modelPath, prompt, generate, threads] = process.argv.slice(2);
const require = createRequire(join(folder, 'package.json'));
const { getLlama } = await import(pathToFileURL(require.resolve('node-llama-cpp')).href);

const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error' });
let start = performance.now();
const model = await llama.loadModel({ modelPath });
const loadMs = performance.now() - start;
const context = await model.createContext({
  contextSize: Number(prompt) + Number(generate) + 16,
  batchSize: 512,
  threads: { ideal: Number(threads), min: Number(threads) },
  flashAttention: true,
});
const sequence = context.getSequence();
const ids = Array.from({ length: Number(prompt) }, (_, i) => (i * 7919 + 13) % 40000);

start = performance.now();
await sequence.evaluateWithoutGeneratingNewTokens(ids.slice(0, -1));
const prefill = (ids.length - 1) / ((performance.now() - start) / 1000);

// Generation evaluates the last prompt token first: the clock starts after the token that this yields.
let count = -1;
for await (const token of sequence.evaluate(ids.slice(-1), { temperature: 0 })) {
  if (count === -1) start = performance.now();
  count += 1;
  if (count === Number(generate) || token === undefined) break;
}
const decode = count / ((performance.now() - start) / 1000);
console.log(JSON.stringify({ prefill, decode, loadMs, peakRssBytes: resourceUsage().maxRSS * 1024 }));
process.exit(0);
