/** Training speed of ours, one JSON line like train_peft.py's: MODEL.gguf TOKENS RANK TARGETS SECONDS THREADS */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [path, tokens, rank, targets, seconds, threads] = process.argv.slice(2);
const addon = createRequire(import.meta.url)(
  new URL(`../../dist/native/${process.platform}-${process.arch}/paddock.node`, import.meta.url).pathname,
);
const model = await addon.loadModel(
  path,
  { contextLength: 256, prefixCacheBytes: 0, threads: Number(threads) },
  () => {},
).result;
const trainer = await model.train({
  rank: Number(rank),
  alpha: 32,
  dropout: 0,
  targets: targets === 'qv' ? ['q', 'v'] : ['q', 'k', 'v', 'o', 'gate', 'up', 'down'],
  seed: 1,
  maxTokens: Number(tokens),
}).result;
const counted = new Uint8Array(Number(tokens)).fill(1);
const lengths = Int32Array.of(Number(tokens));
const step = () => {
  const ids = Int32Array.from(counted, () => Math.floor(Math.random() * model.info.vocabularySize));
  return trainer.step(ids, lengths, counted, 5e-5).result;
};
// The peak of loading is another figure.
writeFileSync('/proc/self/clear_refs', '5');
await step();
const speeds = [];
const begin = performance.now();
while (speeds.length === 0 || performance.now() - begin < Number(seconds) * 1000) {
  const start = performance.now();
  await step();
  speeds.push((Number(tokens) * 1000) / (performance.now() - start));
}
const peak = /VmHWM:\s*(\d+)/u.exec(readFileSync('/proc/self/status', 'utf8'));
console.log(
  JSON.stringify({ tokensPerSecond: speeds, peakBytes: Number(peak[1]) * 1024, precision: trainer.precision }),
);
await model.unload();
