/**
 * Loaded into VS Code's extension host and the engine's process (`--require`) by responsive.mjs: appends a line to the
 * file PADDOCK_PROBE for each time that the message loop was late, with the milliseconds and how many of them the main
 * thread computed. The rest is the other programs'.
 */
const { appendFileSync } = require('node:fs');
const { threadCpuUsage } = process;

const name = process.argv.some((argument) => argument.endsWith('server.js')) ? 'engine' : 'extension host';
const isOfInterest = name === 'engine' || process.argv.some((argument) => argument.includes('extensionHost'));
const everyMs = 4;
const leastMs = 8;

if (isOfInterest && process.env.PADDOCK_PROBE !== undefined && threadCpuUsage !== undefined) {
  let last = performance.now();
  let used = threadCpuUsage();
  setInterval(() => {
    const now = performance.now();
    const { user, system } = threadCpuUsage(used);
    const blockMs = now - last - everyMs;
    if (blockMs >= leastMs) {
      const record = { name, at: performance.timeOrigin + now, blockMs, cpuMs: (user + system) / 1000 };
      appendFileSync(process.env.PADDOCK_PROBE, `${JSON.stringify(record)}\n`);
    }
    last = performance.now();
    used = threadCpuUsage();
  }, everyMs).unref();
}
