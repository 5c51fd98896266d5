/** Edits of real files with a real model: by mouse and by keys. Nothing is written before Accept. */
import assert from 'node:assert/strict';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Edits } from './support/edits.mjs';
import { enginePid, msUntilIdle, smallest } from './support/processes.mjs';
import { scenario, testModels } from './support/scenario.mjs';

const step = scenario(() => ({
  models: testModels(),
  settings: {
    'paddock.model': 'qwen2.5-coder-0.5b-instruct',
    'paddock.temperature': 0,
  },
  // A real language service, for real diagnostics.
  builtins: ['json-language-features'],
}));

const read = (window, name) => readFile(join(window.workspace, name), 'utf8');

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

step('Rewrite shows the change in the file, Accept writes it, one undo takes it back', async (window) => {
  const edits = new Edits(window);
  const before = await read(window, 'src/text.py');
  await window.openFile('src/text.py');
  await window.select(5, 2);
  await edits.rewrite('Add a docstring');
  await edits.ready();
  await window.screenshot('rewrite-ready');
  assert.equal(await read(window, 'src/text.py'), before, 'nothing is written before Accept');
  assert.equal(await window.page.locator('.tab', { hasText: '(proposed)' }).count(), 0);
  assert.equal(await window.page.locator('.panel .comments-panel').count(), 0, 'the Comments view stays closed');
  await edits.bar('Accept').click();
  await edits.none();
  await window.page.locator('.view-line', { hasText: 'def slug' }).first().click();
  const after = await window.savedText('src/text.py');
  await window.screenshot('rewrite-accepted');
  assert.match(after, /def slug\(title\):\n {4}["']{3}/);
  const [head, tail] = [before.indexOf('def slug'), before.indexOf('\n\n\ndef common_words')];
  assert.ok(after.startsWith(before.slice(0, head)), 'what is above is untouched');
  assert.ok(after.endsWith(before.slice(tail)), 'what is below is untouched');
  await window.page.keyboard.press('Control+Z');
  assert.equal(await window.savedText('src/text.py'), before);
});

step('a screen reader hears what is proposed and where', async (window) => {
  const edits = new Edits(window);
  await window.openFile('src/text.py');
  await window.select(5, 2);
  await edits.rewrite('Add a docstring');
  await edits.ready();
  await edits.zones.first().getByRole('button', { name: 'Accept Change' }).waitFor();
  const tree = await edits.zones.first().ariaSnapshot();
  assert.match(tree, /text: New after line 5/);
  assert.match(tree, /treeitem "Add a docstring, .*Convert/);
  assert.match(tree, /button "Accept Change/);
  assert.match(tree, /button "Reject Change/);
  const thread = edits.zones.first().locator('.comments-container');
  assert.match(await thread.getAttribute('aria-label'), /^Comment thread .* on lines 5 through 5\. New after line 5/);
  const status = await edits.status.locator('a').getAttribute('aria-label');
  assert.equal(status, 'Add a docstring in src/text.py: ready to accept');
});

step('keys do nothing in every other view, and a click elsewhere loses nothing', async (window) => {
  const edits = new Edits(window);
  const before = await read(window, 'src/text.py');
  const views = ['View: Show Search', 'View: Show Explorer', 'Paddock: Open Chat', 'View: Toggle Output'];
  for (const view of views) {
    await window.command(view);
    await window.page.waitForTimeout(500);
    for (const key of ['Control+y', 'Control+n']) await edits.chord(key);
    await window.page.keyboard.press('Escape');
    assert.equal(await edits.status.count(), 1, `after keys in ${view}`);
    assert.equal(await read(window, 'src/text.py'), before, `after keys in ${view}`);
  }
  await window.command('View: Toggle Panel Visibility');
  await window.command('View: Show Explorer');
  // One click opens a preview, which replaces another preview.
  await window.page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'README.md' }).click();
  await window.page.locator('.tab', { hasText: 'README.md' }).waitFor();
  await window.command('Show Proposed Edit');
  await edits.ready();
});

step('by keys alone: the next change, reject it, show it again, accept it, undo', async (window) => {
  const edits = new Edits(window);
  const before = await read(window, 'src/text.py');
  await window.openFile('src/text.py');
  await window.select(20);
  await edits.chord('j');
  await window.page.waitForTimeout(500);
  await edits.chord('n');
  await edits.none();
  assert.equal(await window.savedText('src/text.py'), before);
  await window.command('Show Rejected Edit');
  await edits.ready();
  await window.editorFocused();
  await edits.chord('j');
  await window.page.waitForTimeout(500);
  await edits.chord('y');
  await edits.none();
  assert.match(await window.savedText('src/text.py'), /def slug\(title\):\n {4}["']{3}/);
  await window.page.keyboard.press('Control+Z');
  assert.equal(await window.savedText('src/text.py'), before);
});

step('an edit follows what is typed, pauses when its lines are changed, and survives a reload', async (window) => {
  const edits = new Edits(window);
  const before = await read(window, 'src/text.py');
  await window.openFile('src/text.py');
  await window.select(9, 3);
  await edits.rewrite('Add a docstring');
  await edits.ready();
  await window.select(1);
  await window.page.keyboard.type('# First line');
  await window.page.keyboard.press('Enter');
  await edits.ready();
  // Where the new lines are to stand.
  await window.select(11);
  await window.page.keyboard.type('x');
  await edits.is('paused, because these lines were changed');
  await edits.zones.first().waitFor({ state: 'detached' });
  await window.screenshot('edit-paused');
  await window.page.keyboard.press('Backspace');
  await edits.ready();
  await window.savedText('src/text.py');
  await window.load();
  await edits.status.waitFor();
  await edits.ready();
  await window.command('Show Proposed Edit');
  // A window that has just loaded still moves its lines.
  await window.page.waitForTimeout(1500);
  await window.screenshot('edit-reloaded');
  await edits.bar('Reject').click();
  await edits.none();
  await window.select(1);
  assert.equal(await window.savedText('src/text.py'), `# First line\n${before}`);
  await writeFile(join(window.workspace, 'src/text.py'), before);
});

step('a follow-up goes on from the proposed text', async (window) => {
  const edits = new Edits(window);
  await window.openFile('src/parse.ts');
  await window.select(2, 16);
  await edits.rewrite('Add documentation comments');
  await edits.ready();
  await edits.bar('Follow Up…').click();
  await window.page.locator('.quick-input-widget input[type=text]').fill('Write a comment above each statement');
  await window.page.keyboard.press('Enter');
  await edits.bars.filter({ hasText: 'Add documentation comments, Write' }).first().waitFor({ timeout: 60_000 });
  await edits.ready();
  await window.screenshot('edit-follow-up');
  await edits.bar('Reject').click();
  await edits.none();
});

step('side by side on request, with keys in its editor', async (window) => {
  const edits = new Edits(window);
  await window.command('Show Rejected Edit');
  await edits.ready();
  await edits.bar('Side by Side').click();
  const tab = window.page.locator('.tab', { hasText: '(proposed)' });
  await tab.waitFor();
  await window.page.locator('.editor.modified .view-line').first().click();
  await window.screenshot('edit-side-by-side');
  await edits.chord('Control+n');
  await tab.waitFor({ state: 'detached' });
  await edits.none();
});

step('Cancel stops the edit while it streams in, and the engine rests at once', async (window) => {
  const edits = new Edits(window);
  const before = await read(window, 'src/parse.ts');
  const ms = await smallest(200, async () => {
    await window.openFile('src/parse.ts');
    await window.select(2, 17);
    // Much new text: an edit that keeps the old code is over before anything can be seen on a fast machine.
    await edits.rewrite('Replace it by a Python class with ten methods, each with a long docstring');
    await edits.bars.filter({ hasText: 'writing' }).first().waitFor({ timeout: 120_000 });
    await edits.zones.first().waitFor();
    await window.screenshot('rewrite-streaming');
    const pid = await enginePid(window.server);
    await window.editorFocused();
    await window.page.keyboard.press('Control+k');
    const taken = await msUntilIdle(window, pid, () => window.page.keyboard.press('n'));
    await edits.none();
    return taken;
  });
  assert.ok(ms <= 200, `it computed for ${ms} ms`);
  assert.equal(await read(window, 'src/parse.ts'), before);
});

step('an edit goes before an answer, which goes on afterwards', async (window) => {
  const edits = new Edits(window);
  await window.command('Paddock: Open Chat');
  await window.chat.ask('Write a long story about a horse that learns to program.');
  await window.chat.partialAnswer(10);
  await window.openFile('src/text.py');
  await window.select(5, 2);
  await edits.rewrite('Add a docstring');
  await window.chat.frame.getByText('Waiting for the edit to finish…').waitFor();
  await edits.ready();
  await window.screenshot('edit-before-answer');
  const before = (await window.chat.partialAnswer(1)).length;
  await window.chat.partialAnswer(before + 20);
  await window.command('Paddock: Stop Answering');
  await edits.bar('Reject').click();
  await edits.none();
});

step('Fix is offered on an error, and repairs it', async (window) => {
  const edits = new Edits(window);
  const lines = ['{', '  "name": "cart",', '  "currency": "EUR"', '  "rounding": 2,', '  "items": []', '}', ''];
  await writeFile(join(window.workspace, 'cart.json'), lines.join('\n'));
  await window.openFile('cart.json');
  await window.page.locator('.squiggly-error').first().waitFor({ timeout: 60_000 });
  await window.select(1, 6);
  await window.codeAction('Fix with Paddock');
  await edits.ready();
  await window.screenshot('fix-ready');
  await edits.zones.first().getByRole('button', { name: 'Accept Change' }).click();
  await edits.none();
  await window.page.locator('.view-line', { hasText: 'rounding' }).first().click();
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
  const edits = new Edits(window);
  const unix = await read(window, 'src/text.py');
  await writeFile(join(window.workspace, 'src/windows.py'), unix.replaceAll('\n', '\r\n'));
  await window.openFile('src/windows.py');
  await window.select(5, 2);
  await edits.rewrite('Add a docstring');
  await edits.ready();
  await window.editorFocused();
  await edits.chord('Control+y');
  await edits.none();
  const after = await window.savedText('src/windows.py');
  assert.match(after, /def slug\(title\):\r\n {4}["']{3}/);
  assert.equal(after.replaceAll('\r\n', '').includes('\n'), false);
});

step('tests go to a file of their own, and comments alone change when code is documented', async (window) => {
  const edits = new Edits(window);
  await window.openFile('src/text.py');
  await window.select(5, 2);
  await window.codeAction('Write Tests with Paddock');
  await window.page.locator('.tab', { hasText: 'test_text.py' }).waitFor();
  await edits.ready();
  await window.screenshot('edit-tests');
  await edits.bar('Reject').click();
  await edits.none();
  await window.closeEditors();
  const before = await read(window, 'src/cart.ts');
  await window.openFile('src/cart.ts');
  await window.select(1, 12);
  await window.codeAction('Document with Paddock');
  await edits.status.waitFor();
  await edits.ready();
  await window.screenshot('edit-document');
  await edits.bar('Accept').click();
  await edits.none();
  await window.page.locator('.view-line').first().click();
  const bare = (text) =>
    text
      .replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, '')
      .replaceAll(/\s+/g, ' ')
      .trim();
  assert.equal(bare(await window.savedText('src/cart.ts')), bare(before));
});

step('an edit goes with its file, and says when that is gone', async (window) => {
  const edits = new Edits(window);
  await writeFile(join(window.workspace, 'src/circle.py'), await read(window, 'src/text.py'));
  await window.openFile('src/circle.py');
  await window.select(5, 2);
  await edits.rewrite('Add a docstring');
  await edits.ready();
  await window.command('File: Reveal Active File in Explorer View');
  await window.page.keyboard.press('F2');
  await window.page.locator('.explorer-folders-view input').fill('ring.py');
  await window.page.keyboard.press('Enter');
  await window.openFile('src/ring.py');
  await edits.ready();
  await rm(join(window.workspace, 'src/ring.py'));
  await window.closeEditors();
  await window.command('Show Proposed Edit');
  await window.notification('The file of this edit is gone.').waitFor();
});

step('a read-only file is refused in words', async (window) => {
  const edits = new Edits(window);
  const path = join(window.workspace, 'src/fixed.py');
  await writeFile(path, 'x = 1\n');
  await chmod(path, 0o444);
  await window.openFile('src/fixed.py');
  await window.select(1, 1);
  await window.command('Paddock: Rewrite');
  await window.notification(/read-only/).waitFor();
  assert.equal(await edits.zones.count(), 0);
  assert.equal(await read(window, 'src/fixed.py'), 'x = 1\n');
});
