/** Apply in Editor: a block of a real answer becomes a proposed change of the file that it is about. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Edits } from './support/edits.mjs';
import { scenario, testModels } from './support/scenario.mjs';

const step = scenario(() => ({
  models: testModels(),
  settings: { 'paddock.model': 'qwen2.5-coder-0.5b-instruct', 'paddock.temperature': 0 },
}));

const read = (window) => readFile(join(window.workspace, 'src', 'text.py'), 'utf8');
const applyButton = (window) => window.chat.frame.locator('[data-action=apply]').last();

step(
  'a function of an answer takes the place of the old one',
  async (window) => {
    const edits = new Edits(window);
    const before = await read(window);
    await window.openFile('src/text.py');
    await window.select(5, 2);
    await window.command('Paddock: Add Selection to Chat');
    await window.chat.ask(
      'Write this function again with a docstring. Answer with the whole function in one code block.',
    );
    await window.chat.answer();
    await applyButton(window).click();
    await edits.ready();
    await window.screenshot('apply-proposed');
    assert.equal(await read(window), before, 'nothing is written before Accept');
    await edits.bar('Accept').click();
    await edits.none();
    await window.page.locator('.view-line', { hasText: 'def slug' }).first().click();
    const after = await window.savedText('src/text.py');
    await window.screenshot('apply-accepted');
    assert.match(after, /def slug\(title.*\n\s+("""|''')/u);
    assert.equal(after.match(/def slug/gu)?.length, 1);
    const [head, tail] = [before.indexOf('def slug'), before.indexOf('\n\n\ndef common_words')];
    assert.ok(after.startsWith(before.slice(0, head)), 'what is above is untouched');
    assert.ok(after.endsWith(before.slice(tail)), 'what is below is untouched');
  },
  { essential: true },
);

step('the same block again changes nothing, and says so', async (window) => {
  await applyButton(window).click();
  await window.notification('has this code already').waitFor();
  assert.equal(await new Edits(window).status.count(), 0);
});

step('code that fits no file asks where it goes', async (window) => {
  await window.closeEditors();
  await window.command('Paddock: New Chat');
  await window.chat.welcome.waitFor();
  await window.chat.ask('Write an SQL query that counts the rows of the table orders, in one code block.');
  await window.chat.answer();
  await applyButton(window).click();
  await window.page.locator('.quick-input-list .monaco-list-row', { hasText: 'New Untitled File' }).click();
  await window.page.locator('.view-line', { hasText: /count/iu }).first().waitFor();
  await window.screenshot('apply-untitled');
});

step('a file that the answer names and that is not there is opened unsaved', async (window) => {
  await window.closeEditors();
  await window.command('Paddock: New Chat');
  await window.chat.welcome.waitFor();
  await window.chat.ask(
    'Repeat this exactly, with the same first line:\n```js src/hello.js\nexport const hello = "hello";\n```',
  );
  await window.chat.answer();
  await applyButton(window).click();
  await window.page.locator('.tab.active', { hasText: 'hello.js' }).waitFor({ timeout: 10_000 });
  await window.page.locator('.view-line', { hasText: 'export' }).first().waitFor();
  await window.screenshot('apply-new-file');
  await assert.rejects(readFile(join(window.workspace, 'src', 'hello.js')), { code: 'ENOENT' });
});
