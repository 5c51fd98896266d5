/**
 * The end-to-end suite: packs the extension, then drives it in a real VS Code with a real browser and real models.
 *   node test/e2e/run.mjs [FILE.test.mjs]...
 * Takes the models from PADDOCK_MODELS or the person's own folder; they must be there (npm test gets them).
 * Screenshots go to .cache/screenshots. Ends with `N passed, N failed`.
 */
import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { packExtension } from '../workbench/package.mjs';
import { main, root, run } from '../workbench/process.mjs';
import { installVscode } from '../workbench/vscode.mjs';

await main(async () => {
  await installVscode();
  const env = {
    ...process.env,
    PADDOCK_VSIX: process.env.PADDOCK_VSIX ?? (await packExtension()),
    PADDOCK_E2E_MODELS: process.env.PADDOCK_E2E_MODELS ?? process.env.PADDOCK_MODELS ?? personalModels(),
  };
  const folder = join(root, 'test', 'e2e');
  const wanted = process.argv.slice(2);
  const names = wanted.length > 0 ? wanted : (await readdir(folder)).filter((name) => name.endsWith('.test.mjs'));
  const files = names.map((name) => join(folder, name));
  let output = '';
  // One window at a time: two would fight for the CPU, and the times that are measured would mean nothing.
  const args = ['--test', '--test-concurrency=1', '--test-reporter=spec', ...files];
  const code = await run(process.execPath, args, { env, onOutput: (text) => (output += text) });
  const count = (name) => Number(new RegExp(`^\\u2139 ${name} (\\d+)$`, 'm').exec(output)?.[1] ?? 0);
  const failed = count('fail') + count('cancelled') + count('skipped') + count('todo');
  const missed = failed === 0 && (code !== 0 || count('pass') === 0) ? 1 : failed;
  console.log(`${count('pass')} passed, ${missed} failed`);
  process.exitCode = missed > 0 ? 1 : 0;
});

/** Where the product keeps models on this machine when nothing says otherwise. */
function personalModels() {
  const { XDG_DATA_HOME, LOCALAPPDATA } = process.env;
  if (process.platform === 'win32')
    return join(LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'Paddock', 'models');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Paddock', 'models');
  return join(XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'paddock', 'models');
}
