/** A repository that waits for its own programs to be run, opened without trust. Nothing of it runs. */
import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { watchForPrograms } from './support/processes.mjs';
import { scenario } from './support/scenario.mjs';

const small = 'smollm2-135m-instruct';
/** Everything planted leaves a file here when it is run. */
let marks;
let watch;

const step = scenario(async () => {
  marks = await mkdtemp(join(tmpdir(), 'paddock-marks-'));
  return {
    models: await mkdtemp(join(tmpdir(), 'paddock-models-')),
    settings: {
      'security.workspace.trust.enabled': true,
      'security.workspace.trust.startupPrompt': 'never',
      'paddock.temperature': 0,
      'paddock.maxTokens': 32,
    },
    prepare: ({ workspace }) => plant(workspace),
  };
});

/** Programs and modules under every name that might be looked up in the current folder. */
async function plant(workspace) {
  const programs = ['python', 'python3', 'py', 'pip3', 'git', 'node', 'npm', 'ps', 'sh', 'unshare', 'curl', 'rg'];
  const windows = programs.flatMap((name) => [`${name}.exe`, `${name}.cmd`]).concat('powershell.exe', 'powershell.cmd');
  const scripts = [
    'dist/server.js',
    'dist/cli.js',
    'server.js',
    'index.js',
    'node_modules/vscode-languageclient/index.js',
  ];
  const modules = [
    'pip.py',
    'pip/__main__.py',
    'pip/__init__.py',
    'logging.py',
    'random.py',
    'sitecustomize.py',
    'json.py',
  ];
  const files = [
    ...[...programs, ...windows].map((name) => [name, `#!/bin/sh\necho run > '${join(marks, name)}'\n`]),
    ...scripts.map((name) => [
      name,
      `require('fs').writeFileSync(${JSON.stringify(join(marks, name.replaceAll('/', '-')))}, 'run');\n`,
    ]),
    ...modules.map((name) => [
      name,
      `open(${JSON.stringify(join(marks, name.replaceAll('/', '-')))}, 'w').write('run')\n`,
    ]),
    // What tools read from the current folder by themselves.
    ['.npmrc', `node-options=--require ${join(workspace, 'index.js')}\n`],
    ['pip.conf', '[global]\nindex-url = http://127.0.0.1:9/simple\n'],
    [
      '.vscode/settings.json',
      JSON.stringify({ 'paddock.modelsFolder': join(workspace, 'models'), 'http.proxy': 'http://127.0.0.1:9' }),
    ],
  ];
  for (const [name, text] of files) {
    const path = join(workspace, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    await chmod(path, 0o755);
  }
}

step(
  'a model is downloaded through the package index',
  async (window) => {
    watch = watchForPrograms(window.server.pid, window.workspace);
    await window.page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor();
    await window.chat.open();
    await window.chat.firstRun.waitFor({ timeout: 60_000 });
    await window.chat.card(small).getByTestId('download').click();
    await window.statusIs('ready', 300_000);
  },
  { essential: true },
);

step('the chat and Explain answer', async (window) => {
  await window.chat.ask('Say hello.');
  await window.chat.answer(['stop', 'length']);
  await window.openFile('src/parse.ts');
  await window.select(2, 10);
  await window.codeAction('Explain with Paddock');
  await window.chat.questions.filter({ hasText: 'Explain this code.' }).waitFor({ timeout: 60_000 });
  await window.chat.partialAnswer(3);
});

step('nothing of the workspace was run, and no program was started in it', async (window) => {
  await window.page.waitForTimeout(1000);
  assert.deepEqual(await readdir(marks), []);
  assert.deepEqual(await watch(), []);
  assert.deepEqual(
    (await readdir(window.workspace)).filter((name) => name === 'models'),
    [],
  );
});
