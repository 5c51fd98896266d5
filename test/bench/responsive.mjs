/**
 * How long large inputs hold up the message loops of VS Code's extension host and of the engine's process, in the real
 * editor with a real model: `node test/bench/responsive.mjs [--rounds 3]`. Prints, for each thing that a user does, the
 * longest stop of either loop in the quietest of the rounds. Steps that begin with “VS Code” are not ours: they say
 * what the editor itself does.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Edits } from '../e2e/support/edits.mjs';
import { openOwnWindow } from '../e2e/support/window.mjs';
import { main, root } from '../workbench/process.mjs';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } });
const probe = join(tmpdir(), `paddock-loops-${process.pid}.jsonl`);
const processes = ['extension host', 'engine'];
/** The longest stop of each step and process in the quietest round. */
const found = new Map();

/** A user's history, and files that are larger than anyone would want to send. */
async function prepare({ workspace, user }) {
  const name = createHash('sha256').update(pathToFileURL(workspace).href).digest('hex').slice(0, 24);
  const folder = join(user, 'data', 'User', 'globalStorage', 'paddock.paddock', 'chats', name);
  await mkdir(folder, { recursive: true });
  for (let index = 0; index < 500; index += 1) await writeFile(join(folder, `${index}.jsonl`), chatLog(index, 100));
  await addProbe(user);
  const write = (file, text) => writeFile(join(workspace, 'src', file), text);
  await write('large.ts', 'export const line = [1, 2, 3].map((one) => one + 1);\n'.repeat(950_000));
  await write('long-line.js', `const data = "${'lorem ipsum dolor '.repeat(57_000)}";\n`);
  await write('allowed.ts', 'export const line = [1, 2, 3].map((one) => one + 1);\n'.repeat(9000));
}

/** VS Code gives its extension host no options of Node, so the installed extension loads the probe itself. */
async function addProbe(user) {
  const extensions = join(user, 'extensions');
  const installed = (await readdir(extensions)).find((name) => name.startsWith('paddock.'));
  const path = join(extensions, installed, 'dist', 'client.cjs');
  const load = `require(${JSON.stringify(join(root, 'test', 'bench', 'loop-probe.cjs'))})(process.env.PADDOCK_PROBE);\n`;
  await writeFile(path, load + (await readFile(path, 'utf8')));
}

function chatLog(index, turns) {
  const finish = { finishReason: 'stop', timings: {}, contextUsed: 1, contextLength: 2, omitted: [] };
  const records = Array.from({ length: turns }, (_, turn) => [
    { type: 'user', at: turn, id: `u${turn}`, text: `Question ${turn} of chat ${index}`, attachments: [] },
    { type: 'answer', at: turn, id: `a${turn}` },
    ...Array.from({ length: 10 }, () => ({ type: 'text', id: `a${turn}`, text: 'some words of an answer ' })),
    { type: 'end', id: `a${turn}`, end: finish },
  ]).flat();
  const lines = [{ type: 'open', version: 1, id: `${index}`, at: 1 }, ...records];
  return lines.map((record) => `${JSON.stringify(record)}\n`).join('');
}

const steps = {
  'nothing, for two seconds': (window) => window.page.waitForTimeout(2000),
  'the list of 500 chats with 200 messages': async (window) => {
    await window.chat.open();
    await window.command('Paddock: Show Chats');
    await window.page.locator('.quick-input-list .monaco-list-row', { hasText: 'of chat' }).first().waitFor();
  },
  'one of these chats': async (window) => {
    await window.page.locator('.quick-input-list .monaco-list-row', { hasText: 'of chat' }).nth(1).click();
    await window.chat.questions.filter({ hasText: 'Question 99' }).waitFor({ timeout: 60_000 });
    await window.command('Paddock: New Chat');
  },
  'VS Code opens a file of 50 MB': (window) => window.openFile('src/large.ts'),
  'VS Code selects all of it': selectAll,
  'adding it to the chat': (window) => window.command('Paddock: Add Selection to Chat'),
  'explaining it': (window) => window.command('Paddock: Explain'),
  'rewriting it': rewrite,
  'VS Code opens a line of 1 MB': async (window) => {
    await window.closeEditors();
    await window.openFile('src/long-line.js');
    await selectAll(window);
  },
  'adding the line to the chat': (window) => window.command('Paddock: Add Selection to Chat'),
  'explaining the line': (window) => window.command('Paddock: Explain'),
  'rewriting the line': rewrite,
  'rewriting a few characters of the line': async (window) => {
    await window.select(1);
    for (let count = 0; count < 20; count += 1) await window.page.keyboard.press('Shift+ArrowRight');
    await rewrite(window);
    await dropEdits(window);
  },
  'rewriting a function in 477 kB': async (window) => {
    await window.openFile('src/allowed.ts');
    await window.select(4000, 3);
    await rewrite(window);
    const edits = new Edits(window);
    await edits.status.waitFor();
    await edits.is('ready to accept', 120_000);
  },
  'typing above that edit': async (window) => {
    await window.select(1);
    await window.page.keyboard.type('// a comment that is typed');
    await window.page.keyboard.press('Enter');
  },
  'accepting that edit': async (window) => {
    await window.command('Show Proposed Edit');
    await window.command('Paddock: Accept Edit');
    await new Edits(window).none();
  },
  'a question about 477 kB': async (window) => {
    await window.openFile('src/allowed.ts');
    await selectAll(window);
    await window.command('Paddock: Add Selection to Chat');
    await window.chat.open();
    await window.chat.ask('What is this?');
    await window.chat.answer(['stop', 'length', 'cancelled']);
    await window.closeEditors();
  },
  'a question of 1 MB': async (window) => {
    await window.chat.open();
    await window.chat.input.fill('Why? '.repeat(200_000));
    await window.chat.input.press('Enter');
    await window.page.waitForTimeout(2000);
    await window.chat.input.fill('');
  },
};

async function selectAll(window) {
  await window.page.keyboard.press('Control+A');
  await window.page.waitForTimeout(1000);
}

async function rewrite(window) {
  await window.command('Paddock: Rewrite');
  await window.page.waitForTimeout(500);
  const input = window.page.locator('.quick-input-widget input[type=text]');
  if (await input.isVisible()) await window.pick('Add a docstring');
}

async function dropEdits(window) {
  const edits = new Edits(window);
  if ((await edits.status.count()) === 0) return;
  await window.command('Show Proposed Edit');
  await edits.chord('Control+n');
}

async function measure(window, name, act) {
  const start = Date.now();
  await act(window);
  await window.page.waitForTimeout(1500);
  const end = Date.now();
  const lines = (await readFile(probe, 'utf8').catch(() => '')).split('\n').slice(0, -1);
  const stops = lines.map((line) => JSON.parse(line)).filter(({ at }) => at >= start && at <= end);
  for (const process of processes) {
    const longest = stops.filter((stop) => stop.name === process).sort((a, b) => b.cpuMs - a.cpuMs)[0];
    const now = longest ?? { blockMs: 0, cpuMs: 0 };
    const key = `${name}\n${process}`;
    if (now.cpuMs < (found.get(key)?.cpuMs ?? Infinity)) found.set(key, now);
  }
}

function print() {
  console.log('Longest stop in ms, how much of it the main thread computed in brackets; under 8 is not measured\n');
  console.log(`| while | ${processes.join(' | ')} |\n|---|--:|--:|`);
  for (const name of Object.keys(steps)) {
    const cells = processes.map((process) => {
      const { blockMs, cpuMs } = found.get(`${name}\n${process}`);
      return blockMs === 0 ? '< 8' : `${blockMs.toFixed(0)} (${cpuMs.toFixed(0)})`;
    });
    console.log(`| ${name} | ${cells.join(' | ')} |`);
  }
}

await main(async () => {
  const { window } = await openOwnWindow({
    settings: {
      'paddock.model': 'smollm2-135m-instruct',
      'paddock.maxTokens': 16,
      'workbench.editorLargeFileConfirmation': 100,
    },
    env: { PADDOCK_PROBE: probe },
    prepare,
  });
  try {
    for (let round = 0; round < Number(values.rounds); round += 1) {
      for (const [name, act] of Object.entries(steps)) await measure(window, name, act);
    }
    print();
  } finally {
    await window.screenshot('responsive');
    await window.close();
  }
});
