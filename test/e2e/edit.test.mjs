/** Explain, Refactor and Fix on real files with a real model. Nothing is written before Accept. */
import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { enginePid, msUntilIdle, smallest } from './support/processes.mjs';
import { scenario, testModels } from './support/scenario.mjs';

const step = scenario(() => ({
  models: testModels(),
  settings: {
    'paddock.model': 'qwen2.5-coder-0.5b-instruct',
    'paddock.temperature': 0,
    'diffEditor.renderSideBySide': true,
  },
  // A real language service, for real diagnostics.
  builtins: ['json-language-features'],
}));

const read = (window, name) => readFile(join(window.workspace, name), 'utf8');
const accept = (window) => window.page.locator('.editor-actions [aria-label^="Accept Edit"]').first();
const diffTab = (window) => window.page.locator('.tab', { hasText: '(proposed)' });

async function refactor(window, instruction) {
  await window.codeAction('Refactor with Paddock');
  await window.pick(instruction);
  await diffTab(window).waitFor({ timeout: 60_000 });
}

step('Explain answers in the chat, with the selection attached', async (window) => {
  await window.openFile('src/parse.ts');
  await window.select(2, 16);
  await window.codeAction('Explain with Paddock');
  await window.chat.questions.filter({ hasText: 'Explain this code.' }).waitFor({ timeout: 60_000 });
  assert.match(await window.chat.questions.last().innerText(), /parse\.ts:2-17/);
  await window.chat.partialAnswer(40);
  await window.screenshot('explain');
  await window.chat.input.press('Escape');
  await window.chat.answer(['cancelled', 'stop', 'length']);
});

step('Refactor shows a diff, Accept writes it, one undo takes it back', async (window) => {
  const before = await read(window, 'src/text.py');
  await window.openFile('src/text.py');
  await window.select(5, 2);
  await refactor(window, 'Add a docstring');
  await accept(window).waitFor({ timeout: 180_000 });
  await window.screenshot('refactor-diff');
  assert.equal(await read(window, 'src/text.py'), before, 'nothing is written before Accept');
  await window.page.keyboard.press('Control+Enter');
  await diffTab(window).waitFor({ state: 'detached' });
  await window.editorFocused();
  const after = await window.savedText('src/text.py');
  await window.screenshot('refactor-accepted');
  assert.match(after, /def slug\(title\):\n {4}["']{3}/);
  const [head, tail] = [before.indexOf('def slug'), before.indexOf('\n\n\ndef common_words')];
  assert.ok(after.startsWith(before.slice(0, head)), 'what is above is untouched');
  assert.ok(after.endsWith(before.slice(tail)), 'what is below is untouched');
  await window.page.keyboard.press('Control+Z');
  assert.equal(await window.savedText('src/text.py'), before);
});

step('keys act with the cursor in the proposal only, and a click elsewhere loses nothing', async (window) => {
  const before = await read(window, 'src/text.py');
  await window.openFile('src/text.py');
  await window.select(9, 3);
  await refactor(window, 'Add documentation comments');
  await accept(window).waitFor({ timeout: 180_000 });
  const elsewhere = ['View: Show Search', 'View: Show Explorer', 'Paddock: Open Chat'];
  for (const view of elsewhere) {
    await window.command(view);
    await window.page.waitForTimeout(500);
    await window.page.keyboard.press('Control+Enter');
    await window.page.keyboard.press('Escape');
    assert.equal(await diffTab(window).count(), 1, `after keys in ${view}`);
    assert.equal(await read(window, 'src/text.py'), before, `after keys in ${view}`);
  }
  // One click opens a preview, which replaces another preview.
  await window.command('View: Show Explorer');
  await window.page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'README.md' }).click();
  await window.page.locator('.tab', { hasText: 'README.md' }).waitFor();
  assert.equal(await diffTab(window).count(), 1);
  await diffTab(window).click();
  await accept(window).waitFor();
  // Escape leaves a selection first, then the proposal.
  await window.page.locator('.editor.modified .view-line').first().click();
  await window.page.keyboard.press('Shift+ArrowRight');
  await window.page.keyboard.press('Escape');
  await window.page.waitForTimeout(500);
  assert.equal(await diffTab(window).count(), 1, 'Escape only dropped the selection');
  await window.page.keyboard.press('Escape');
  await diffTab(window).waitFor({ state: 'detached' });
  await window.command('Paddock: Show Rejected Edit');
  await diffTab(window).waitFor();
  await accept(window).waitFor();
  await window.screenshot('edit-restored');
  await window.page.locator('.editor.modified .view-line').first().click();
  await window.page.keyboard.press('Escape');
  await diffTab(window).waitFor({ state: 'detached' });
  assert.equal(await window.savedText('src/text.py'), before);
});

step('Reject drops the edit', async (window) => {
  const before = await read(window, 'src/text.py');
  await window.openFile('src/text.py');
  await window.select(9, 3);
  await refactor(window, 'Add documentation comments');
  await accept(window).waitFor({ timeout: 180_000 });
  await window.page.keyboard.press('Escape');
  await diffTab(window).waitFor({ state: 'detached' });
  assert.equal(await window.savedText('src/text.py'), before);
});

step('Escape cancels while the edit streams in, and the engine rests at once', async (window) => {
  const before = await read(window, 'src/parse.ts');
  const ms = await smallest(200, async () => {
    await window.openFile('src/parse.ts');
    await window.select(2, 17);
    // Much new text: an edit that keeps the old code is over before anything can be seen on a fast machine.
    await refactor(window, 'Replace it by a Python class with ten methods, each with a long docstring');
    const note = window.notification('Writing…');
    await note.waitFor({ timeout: 120_000 });
    await window.screenshot('refactor-streaming');
    const pid = await enginePid(window.server.pid);
    const taken = await msUntilIdle(pid, () => window.page.keyboard.press('Escape'));
    await diffTab(window).waitFor({ state: 'detached' });
    return taken;
  });
  assert.ok(ms <= 200, `it computed for ${ms} ms`);
  assert.equal(await read(window, 'src/parse.ts'), before);
});

step('Fix is offered on an error, and repairs it', async (window) => {
  const lines = ['{', '  "name": "cart",', '  "currency": "EUR"', '  "rounding": 2,', '  "items": []', '}', ''];
  await writeFile(join(window.workspace, 'cart.json'), lines.join('\n'));
  await window.openFile('cart.json');
  await window.page.locator('.squiggly-error').first().waitFor({ timeout: 60_000 });
  await window.select(1, 6);
  await window.codeAction('Fix with Paddock');
  await diffTab(window).waitFor({ timeout: 60_000 });
  await accept(window).waitFor({ timeout: 180_000 });
  await window.screenshot('fix-diff');
  await accept(window).click();
  await diffTab(window).waitFor({ state: 'detached' });
  const after = await window.savedText('cart.json');
  await window.screenshot('fix-accepted');
  assert.deepEqual(JSON.parse(after), { name: 'cart', currency: 'EUR', rounding: 2, items: [] });
});

step('Fix is not offered where nothing is wrong', async (window) => {
  await window.openFile('src/ring.cc');
  await window.select(3, 2);
  await window.page.keyboard.press('Control+.');
  await window.page.waitForTimeout(1500);
  assert.equal(
    await window.page.locator('.action-widget .monaco-list-row', { hasText: 'Fix with Paddock' }).count(),
    0,
  );
  await window.page.keyboard.press('Escape');
});

step('line ends of Windows stay as they are', async (window) => {
  const unix = await read(window, 'src/text.py');
  const before = unix.replaceAll('\n', '\r\n');
  await writeFile(join(window.workspace, 'src/windows.py'), before);
  await window.openFile('src/windows.py');
  await window.select(5, 2);
  await refactor(window, 'Add a docstring');
  await accept(window).waitFor({ timeout: 180_000 });
  await window.page.keyboard.press('Control+Enter');
  await diffTab(window).waitFor({ state: 'detached' });
  const after = await window.savedText('src/windows.py');
  assert.match(after, /def slug\(title\):\r\n {4}["']{3}/);
  assert.equal(after.replaceAll('\r\n', '').includes('\n'), false);
});

step('a read-only file is refused in words', async (window) => {
  const path = join(window.workspace, 'src/fixed.py');
  await writeFile(path, 'x = 1\n');
  await chmod(path, 0o444);
  await window.openFile('src/fixed.py');
  await window.select(1, 1);
  await window.command('Paddock: Refactor');
  await window.notification(/read-only/).waitFor();
  assert.equal(await diffTab(window).count(), 0);
  assert.equal(await read(window, 'src/fixed.py'), 'x = 1\n');
});
