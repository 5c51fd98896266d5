/**
 * Compares the built addon with what llama.cpp answered (recorded by record.py) on every model that was recorded:
 * token ids, negative log-likelihoods, greedy continuations. Ends with `N passed, N failed`.
 */
import { main, run } from '../workbench/process.mjs';

await main(async () => {
  let output = '';
  const code = await run(process.execPath, ['--test', '--test-reporter=spec', 'test/oracle/oracle.test.mjs'], {
    onOutput: (text) => (output += text),
  });
  const count = (name) => Number(new RegExp(`^\\u2139 ${name} (\\d+)$`, 'm').exec(output)?.[1] ?? 0);
  const failed = count('fail') + count('cancelled') + count('skipped') + count('todo');
  console.log(`${count('pass')} passed, ${failed === 0 && code !== 0 ? 1 : failed} failed`);
  process.exitCode = failed > 0 || code !== 0 ? 1 : 0;
});
