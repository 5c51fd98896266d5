/** Edits that fail: each says why, leaves nothing behind, and the next edit works. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Edits } from './support/edits.mjs';
import { enginePid } from './support/processes.mjs';
import { scenario, testModels } from './support/scenario.mjs';

const step = scenario(() => ({
  models: testModels(),
  settings: { 'paddock.model': 'qwen2.5-coder-0.5b-instruct' },
  prepare: async ({ workspace }) => {
    const rows = Array.from({ length: 4000 }, (_, index) => `row_${index} = [${index}, ${index * 7}, ${index * 11}]\n`);
    await writeFile(join(workspace, 'src', 'table.py'), rows.join(''));
    const numbers = Array.from({ length: 20 }, (_, index) => `    ${index + 1},\n`);
    await writeFile(join(workspace, 'src', 'numbers.py'), `numbers = [\n${numbers.join('')}]\n`);
  },
}));

const read = (window, name) => readFile(join(window.workspace, name), 'utf8');

/** Waits until the user is told why, and looks for what may not be left. */
async function failed(window, reason, screenshot) {
  const edits = new Edits(window);
  await window.notification(reason).waitFor({ timeout: 240_000 });
  await edits.none();
  await edits.bars.first().waitFor({ state: 'detached' });
  await edits.removedLines.first().waitFor({ state: 'detached' });
  await window.screenshot(screenshot);
  await window.command('Notifications: Clear All Notifications');
}

/** An edit that is longer than any answer, once the first lines of it are shown. */
async function longEdit(window) {
  const edits = new Edits(window);
  await window.openFile('src/numbers.py');
  await window.select(1, 22);
  await edits.rewrite('Continue the list up to 1000, one number on each line');
  await edits.zones.first().waitFor({ timeout: 120_000 });
}

async function nextEditWorks(window) {
  const edits = new Edits(window);
  await window.openFile('src/text.py');
  await window.select(5, 2);
  await edits.rewrite('Add a docstring');
  await edits.ready();
  await edits.bar('Reject').click();
  await edits.none();
}

step('a selection that no context holds is refused in words', async (window) => {
  const before = await read(window, 'src/table.py');
  await window.openFile('src/table.py');
  await window.page.keyboard.press('Control+A');
  await new Edits(window).ask('Add a comment to each line');
  await failed(window, /The selection needs .* tokens with its rewrite/, 'edit-too-long');
  assert.equal(await window.savedText('src/table.py'), before);
  await nextEditWorks(window);
});

step('an answer that is cut off is taken away again', async (window) => {
  const before = await read(window, 'src/numbers.py');
  await longEdit(window);
  await failed(window, 'The new code is too long for one answer and was cut off.', 'edit-cut-off');
  assert.equal(await window.savedText('src/numbers.py'), before);
  await nextEditWorks(window);
});

step('an engine that dies takes the proposal with it, and the next one edits', async (window) => {
  const before = await read(window, 'src/numbers.py');
  await longEdit(window);
  process.kill(await enginePid(window.server), 'SIGKILL');
  await failed(window, 'The engine stopped unexpectedly.', 'edit-engine-died');
  assert.equal(await window.savedText('src/numbers.py'), before);
  await nextEditWorks(window);
});
