/**
 * `npm start`: from a fresh clone to VS Code with the chat open on a sample workspace. `-- --terminal` opens the
 * chat in the terminal instead.
 *   --no-open      do not open a browser or desktop VS Code, only print the address
 *   --port N       of the VS Code server; a free one when not given
 *   --model NAME   another model of the catalogue
 *   --fresh        forget the window's settings and chats of earlier starts
 */
import { cp, mkdir, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { installPackages } from './install.mjs';
import { defaultModel, getModels } from './models.mjs';
import { buildAddon } from './native.mjs';
import { cache, find, main, mustRun, root, run } from './process.mjs';

const { values: flags } = parseArgs({
  options: {
    terminal: { type: 'boolean' },
    'no-open': { type: 'boolean' },
    fresh: { type: 'boolean' },
    port: { type: 'string', default: '0' },
    model: { type: 'string', default: defaultModel },
  },
});
const home = join(cache, 'start');
const workspace = join(home, 'sample-workspace');

await main(async () => {
  await installPackages();
  await buildAddon();
  await mustRun('Building the bundles', process.execPath, ['esbuild.mjs', '--production']);
  await getModels([flags.model]);
  if (flags.terminal === true) {
    process.exitCode = await run(process.execPath, [join(root, 'dist', 'cli.js'), 'chat', '--model', flags.model]);
    return;
  }
  const { packExtension } = await import('./package.mjs');
  const vsix = await packExtension({ built: true });
  if (flags.fresh === true) {
    await rm(home, { recursive: true, force: true });
  }
  await makeWorkspace();
  const code = flags['no-open'] === true ? undefined : find('code');
  await (code === undefined ? openInServer(vsix) : openOnDesktop(code, vsix));
});

/** A copy: what the person tries there must not change the repository. */
async function makeWorkspace() {
  if (!existsSync(workspace)) {
    await mkdir(home, { recursive: true });
    await cp(join(root, 'test', 'fixtures', 'sample-workspace'), workspace, { recursive: true });
  }
}

async function openOnDesktop(code, vsix) {
  await mustRun('Installing the extension', code, ['--install-extension', vsix, '--force']);
  await mustRun('Opening VS Code', code, [workspace, join(workspace, 'README.md')], {
    env: { ...process.env, PADDOCK_OPEN_CHAT: '1' },
  });
  console.log('\nVS Code opens on the sample workspace. Paddock is in the side bar.');
}

async function openInServer(vsix) {
  const { quietSettings, startVscode } = await import('./vscode.mjs');
  const models = process.env.PADDOCK_MODELS;
  const server = await startVscode({
    vsix,
    settings: { ...quietSettings, 'paddock.model': flags.model },
    userFolder: join(home, 'vscode'),
    // The window's home is its own; the models are the person's.
    env: { PADDOCK_OPEN_CHAT: '1', ...(models === undefined ? personalFolders() : { PADDOCK_MODELS: models }) },
    port: Number(flags.port),
  });
  const address = server.url(workspace, join(workspace, 'README.md'));
  console.log(`\nPaddock is ready. Open this address:\n\n  ${address}\n\nCtrl+C ends it.`);
  const opener = { darwin: 'open', linux: 'xdg-open', win32: 'explorer' }[process.platform];
  if (flags['no-open'] !== true && opener !== undefined && find(opener) !== undefined) {
    await run(opener, [address]).catch(() => {});
  }
  await new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await server.stop();
}

/** Where the platform keeps application data, for a program whose HOME is another. */
function personalFolders() {
  const { HOME, XDG_DATA_HOME, LOCALAPPDATA } = process.env;
  const data = XDG_DATA_HOME ?? (HOME === undefined ? undefined : join(HOME, '.local', 'share'));
  return Object.fromEntries(
    Object.entries({ XDG_DATA_HOME: data, LOCALAPPDATA }).filter(([, value]) => value !== undefined),
  );
}
