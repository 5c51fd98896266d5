/**
 * The end-to-end suite: packs the extension, then drives it in a real VS Code with a real browser and real models.
 *   node test/e2e/run.mjs [FILE.test.mjs]...
 * Takes the models from PADDOCK_MODELS or the person's own folder; they must be there (npm test gets them).
 * Screenshots go to .cache/screenshots. Ends with `N passed, N failed`.
 */
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { conclude, runNodeTests } from '../workbench/node-tests.mjs';
import { packExtension } from '../workbench/package.mjs';
import { main, root } from '../workbench/process.mjs';
import { installVscode } from '../workbench/vscode.mjs';

await main(async () => {
  await installVscode();
  const models = await linkModels(process.env.PADDOCK_MODELS ?? personalModels());
  const env = {
    ...process.env,
    PADDOCK_VSIX: process.env.PADDOCK_VSIX ?? (await packExtension()),
    PADDOCK_E2E_MODELS: models,
  };
  const folder = join(root, 'test', 'e2e');
  const wanted = process.argv.slice(2);
  const names = wanted.length > 0 ? wanted : (await readdir(folder)).filter((name) => name.endsWith('.test.mjs'));
  const files = names.map((name) => join(folder, name));
  // One window at a time: two would fight for the CPU, and the times that are measured would mean nothing.
  try {
    conclude(await runNodeTests(files, { args: ['--test-concurrency=1'], env }));
  } finally {
    await rm(models, { recursive: true, force: true });
  }
});

/** A folder with the same models: what a test adds to the list must not stay in the person's own. */
async function linkModels(from) {
  const folder = await mkdtemp(join(tmpdir(), 'paddock-models-'));
  const names = (await readdir(from)).filter((name) => name.endsWith('.gguf'));
  await Promise.all(names.map((name) => symlink(join(from, name), join(folder, name))));
  return folder;
}

/** Where the product keeps models on this machine when nothing says otherwise. */
function personalModels() {
  const { XDG_DATA_HOME, LOCALAPPDATA } = process.env;
  if (process.platform === 'win32')
    return join(LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'Paddock', 'models');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Paddock', 'models');
  return join(XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'paddock', 'models');
}
