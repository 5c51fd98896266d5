/**
 * Runs in VS Code's extension host and in the engine's process while responsive.mjs measures: appends a line to the
 * file `output` each time the message loop was late, with the delay in milliseconds and how much of it the main thread
 * computed. The rest was spent by other programs.
 */
const { appendFileSync } = require('node:fs');
const { threadCpuUsage } = process;

const isEngine = (process.argv[1] ?? '').endsWith('server.js');
const name = isEngine ? 'engine' : 'extension host';
const everyMs = 4;
const leastMs = 8;

module.exports = function watch(output) {
  let last = performance.now();
  let used = threadCpuUsage();
  setInterval(() => {
    const now = performance.now();
    const { user, system } = threadCpuUsage(used);
    const blockMs = now - last - everyMs;
    if (blockMs >= leastMs) {
      const record = { name, at: performance.timeOrigin + now, blockMs, cpuMs: (user + system) / 1000 };
      appendFileSync(output, `${JSON.stringify(record)}\n`);
    }
    last = performance.now();
    used = threadCpuUsage();
  }, everyMs).unref();
};

// The extension host loads it by name, its child by this.
if (isEngine) module.exports(process.env.PADDOCK_PROBE);
else process.env.NODE_OPTIONS = `--require ${__filename}`;
