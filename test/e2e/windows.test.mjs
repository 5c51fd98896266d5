/** Two windows of one user: one engine process, one model in memory, and neither stands in the way of the other. */
import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { enginePids } from './support/processes.mjs';
import { scenario, testModels } from './support/scenario.mjs';
import { Window } from './support/window.mjs';

const step = scenario(() => ({
  models: testModels(),
  settings: { 'paddock.model': 'qwen2.5-coder-0.5b-instruct', 'paddock.maxTokens': 2000, 'paddock.temperature': 0 },
}));
const count = 'Count from 1 to 500 in words, one per line.';

/** The window that came second. */
let second;

step(
  'the second window finds the engine of the first, with its model',
  async (window) => {
    await window.chat.open();
    await window.statusIs('ready', 120_000);
    const [pid] = await enginePids(window.server);
    const workspace = `${window.workspace}-two`;
    await cp(window.workspace, workspace, { recursive: true });
    second = new Window(await window.page.context().newPage(), window.server, workspace);
    await second.load();
    await second.chat.open();
    await second.statusIs('ready', 120_000);
    assert.deepEqual(await enginePids(window.server), [pid]);
  },
  { essential: true },
);

step('each says that the other is answered, and both are answered at once', async (window) => {
  await window.page.bringToFront();
  await window.chat.ask(count);
  await window.chat.partialAnswer(10);
  await second.statusIs('busy');
  await second.page.bringToFront();
  await second.chat.ask('Say hello.');
  assert.notEqual(await second.chat.answer(['stop', 'length']), '');
  await window.page.bringToFront();
  await window.chat.partialAnswer(20);
  await window.chat.input.press('Escape');
  await window.chat.answer(['cancelled']);
});

step('kill -9 of the engine: both notice, one starts a new one, and both go on', async (window) => {
  await window.page.bringToFront();
  await window.chat.ask(count);
  await window.chat.partialAnswer(10);
  const pids = await enginePids(window.server);
  assert.equal(pids.length, 1);
  process.kill(pids[0], 'SIGKILL');
  await window.chat.error.waitFor({ timeout: 10_000 });
  assert.match(await window.chat.error.innerText(), /The engine stopped unexpectedly/);
  assert.notEqual(await window.chat.answer(['failed']), '');
  await window.statusIs('ready', 60_000);
  await second.page.bringToFront();
  await second.statusIs('ready', 60_000);
  const next = await enginePids(window.server);
  assert.equal(next.length, 1);
  assert.notEqual(next[0], pids[0]);
});

step('a window that closes takes nothing from the other', async (window) => {
  const [pid] = await enginePids(window.server);
  await second.chat.ask(count);
  await second.chat.partialAnswer(10);
  await window.page.goto('about:blank');
  await window.page.waitForTimeout(6000);
  assert.deepEqual(await enginePids(window.server), [pid]);
  await second.chat.input.press('Escape');
  await second.chat.answer(['cancelled']);
  await second.chat.ask('Say hello.');
  assert.notEqual(await second.chat.answer(['stop', 'length']), '');
});
