/** Runs files of node:test and counts what they did. */
import { run } from './process.mjs';

/**
 * @param {string[]} files
 * @param {{ args?: string[], env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<[passed: number, failed: number]>} skipped tests, and a run that tested nothing, count as failed
 */
export async function runNodeTests(files, { args = [], ...options } = {}) {
  let output = '';
  const code = await run(process.execPath, ['--test', '--test-reporter=spec', ...args, ...files], {
    ...options,
    onOutput: (text) => (output += text),
  });
  const count = (name) => Number(new RegExp(`^\\u2139 ${name} (\\d+)$`, 'm').exec(output)?.[1] ?? 0);
  const failed = count('fail') + count('cancelled') + count('skipped') + count('todo');
  return counted([count('pass'), failed], code);
}

/** A suite that failed without a failed test, or that tested nothing, has failed. */
export function counted([passed, failed], code) {
  return failed === 0 && (code !== 0 || passed === 0) ? [passed, 1] : [passed, failed];
}

/** The last line of a suite that is a program of its own, and its exit code. */
export function conclude([passed, failed]) {
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}
