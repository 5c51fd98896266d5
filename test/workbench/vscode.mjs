/**
 * A real VS Code from npm: the one inside code-server, run by the Node that it needs, without the code-server
 * wrapper. Installed once into .cache/vscode; no script of any package is run.
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { StepError, cache, mustRun } from './process.mjs';

const versions = { 'code-server': '4.139.1', [`node-${nodePackagePlatform()}`]: '24.21.0' };
const home = join(cache, 'vscode', Object.values(versions).join('-'));
const vscode = join(home, 'node_modules', 'code-server', 'lib', 'vscode');
const done = join(home, 'installed');

/** Node 24, which this VS Code needs. */
export const node24 = join(
  home,
  'node_modules',
  `node-${nodePackagePlatform()}`,
  'bin',
  process.platform === 'win32' ? 'node.exe' : 'node',
);

/** Installs VS Code when it is not there yet: about half a minute and 600 MB. */
export async function installVscode() {
  if (existsSync(done)) {
    return;
  }
  await rm(home, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  const manifest = { name: 'paddock-vscode', version: '1.0.0', private: true, dependencies: versions };
  await writeFile(join(home, 'package.json'), JSON.stringify(manifest, undefined, 2));
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await mustRun('Installing VS Code', 'npm', ['install', ...quiet], { cwd: home });
  // Its own dependencies come pinned by the npm-shrinkwrap.json that it ships.
  await mustRun('Installing the dependencies of VS Code', 'npm', ['install', '--omit=dev', ...quiet], { cwd: vscode });
  await writeFile(done, '');
}

/** Settings of a quiet window: no news, no updates, no other assistant. */
export const quietSettings = {
  'security.workspace.trust.enabled': false,
  'workbench.startupEditor': 'none',
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'git.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'window.dialogStyle': 'custom',
  'chat.disableAIFeatures': true,
};

/** More of them for tests: nothing moves, nothing blinks. */
export const testSettings = {
  ...quietSettings,
  'workbench.reduceMotion': 'on',
  'editor.cursorBlinking': 'solid',
  'editor.accessibilitySupport': 'off',
  'workbench.editor.useModal': 'off',
};

/**
 * @typedef {object} VscodeOptions
 * @property {string} vsix The package of the extension.
 * @property {Record<string, unknown>} [settings] User settings.
 * @property {string} [userFolder] Kept between runs; a new one that is removed at the end when not given.
 * @property {Record<string, string>} [env] Environment besides PATH, HOME, TMPDIR and LANG.
 * @property {readonly string[]} [builtins] Names of the built-in extensions to keep; all when not given.
 * @property {readonly string[]} [args] More arguments of the server.
 * @property {number} [port] 0 takes a free one.
 */

/**
 * Starts a VS Code server with the extension installed.
 * @param {VscodeOptions} options
 * @returns {Promise<{ url: (folder: string, file?: string) => string, port: number, pid: number, userFolder: string,
 * log: () => string, stop: () => Promise<void> }>}
 */
export async function startVscode({
  vsix,
  settings = testSettings,
  userFolder,
  env = {},
  builtins,
  args = [],
  port = 0,
}) {
  await installVscode();
  const folder = userFolder ?? (await mkdtemp(join(tmpdir(), 'paddock-vscode-')));
  const folders = {
    data: join(folder, 'data'),
    extensions: join(folder, 'extensions'),
    server: join(folder, 'server'),
    home: join(folder, 'home'),
    tmp: join(folder, 'tmp'),
  };
  await Promise.all(Object.values(folders).map((path) => mkdir(path, { recursive: true })));
  // For a window the server is another machine, and settings that belong to a machine are read from its own file.
  for (const owner of ['User', 'Machine']) {
    await mkdir(join(folders.data, owner), { recursive: true });
    await writeSettings(join(folders.data, owner, 'settings.json'), settings);
  }
  const common = [
    '--accept-server-license-terms',
    '--user-data-dir',
    folders.data,
    '--extensions-dir',
    folders.extensions,
    '--server-data-dir',
    folders.server,
    '--telemetry-level',
    'off',
    '--force-disable-user-env',
    ...(builtins === undefined ? [] : ['--builtin-extensions-dir', await chooseBuiltins(folder, builtins)]),
  ];
  const cleanEnv = { PATH: process.env.PATH ?? '', HOME: folders.home, TMPDIR: folders.tmp, LANG: 'C.UTF-8', ...env };
  const main = join(vscode, 'out', 'server-main.js');
  await installExtension(main, vsix, common, cleanEnv);

  const child = spawn(
    node24,
    [main, '--host', '127.0.0.1', '--port', String(port), '--without-connection-token', ...args, ...common],
    {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: cleanEnv,
    },
  );
  let log = '';
  const stop = stopper(child, userFolder === undefined ? folder : undefined);
  const found = await new Promise((resolve, reject) => {
    const read = (data) => {
      log += data;
      const match = /Extension host agent listening on (\d+)/.exec(log);
      if (match !== null) {
        resolve(Number(match[1]));
      }
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('error', reject);
    child.on('exit', (code) =>
      reject(new StepError(`VS Code ended with ${code} instead of starting:\n${log.slice(-2000)}`)),
    );
  }).catch(async (error) => {
    await stop();
    throw error;
  });
  return { url: addresses(found), port: found, pid: child.pid, userFolder: folder, log: () => log, stop };
}

/** Makes the address of a window with a folder, and a file open in it. */
function addresses(port) {
  return (workspace, file) => {
    const address = new URL(`http://127.0.0.1:${port}/`);
    address.searchParams.set('folder', workspace);
    if (file !== undefined) {
      // The form that VS Code for the Web takes what it shall open in.
      const uri = `vscode-remote://${address.host}${pathToFileURL(file).pathname}`;
      address.searchParams.set('payload', JSON.stringify([['openFile', uri]]));
    }
    return address.href;
  };
}

/** The few built-in extensions that a fast test window needs. */
export const fewBuiltins = [
  'theme-defaults',
  'theme-modern-icons',
  'theme-seti',
  'javascript',
  'typescript-basics',
  'json',
  'python',
  'cpp',
  'markdown-basics',
  'configuration-editing',
];

/** Asynchronous, so that a caller can start a browser meanwhile. */
async function installExtension(main, vsix, common, env) {
  const program = promisify(execFile)(node24, [main, '--install-extension', vsix, ...common], { env });
  const { code, stdout, stderr } = await program.catch((error) => error);
  if (code !== undefined || !/successfully installed/.test(stdout)) {
    throw new StepError(`VS Code could not install ${vsix}:\n${stdout}${stderr}`);
  }
}

/** Ours over those that the user of a kept folder chose. */
async function writeSettings(path, settings) {
  const kept = existsSync(path) ? JSON.parse(await readFile(path, 'utf8')) : {};
  await writeFile(path, JSON.stringify({ ...settings, ...kept }, undefined, 2));
}

async function chooseBuiltins(folder, names) {
  const chosen = join(folder, 'builtins');
  await mkdir(chosen, { recursive: true });
  const present = new Set(await readdir(join(vscode, 'extensions')));
  for (const name of names) {
    if (!present.has(name)) {
      throw new StepError(`This VS Code has no built-in extension ${name}.`);
    }
    if (!existsSync(join(chosen, name))) {
      await symlink(join(vscode, 'extensions', name), join(chosen, name));
    }
  }
  return chosen;
}

/** Ends the server with everything it started, also when this process ends first. */
function stopper(child, folder) {
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const signal = (name) => {
    try {
      process.kill(-child.pid, name);
    } catch {
      // It is gone already.
    }
  };
  const onExit = () => signal('SIGTERM');
  process.once('exit', onExit);
  return async () => {
    process.off('exit', onExit);
    signal('SIGTERM');
    const timer = setTimeout(() => signal('SIGKILL'), 5000);
    if (child.exitCode === null && child.signalCode === null) {
      await exited;
    }
    clearTimeout(timer);
    signal('SIGKILL');
    if (folder !== undefined) {
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    }
  };
}

function nodePackagePlatform() {
  const platform = { win32: 'win', darwin: 'darwin', linux: 'linux' }[process.platform] ?? process.platform;
  return `${platform}-${process.arch}`;
}
