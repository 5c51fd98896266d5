/** A computer without a model: every command that needs one says so, offers the choice, and loses nothing. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Edits } from './support/edits.mjs';
import { commitAll, git } from './support/git.mjs';
import { scenario } from './support/scenario.mjs';

const json = '{\n  "name": "cart"\n  "items": []\n}\n';

const step = scenario(async () => ({
  models: await mkdtemp(join(tmpdir(), 'paddock-models-')),
  settings: { 'git.enabled': true, 'git.autofetch': false, 'git.openRepositoryInParentFolders': 'never' },
  // A real language service, for real diagnostics.
  builtins: ['json-language-features', 'git', 'git-base'],
  prepare: async ({ workspace }) => {
    git(workspace, 'init', '--quiet', '--initial-branch=main');
    commitAll(workspace, 'Start');
    await writeFile(join(workspace, 'cart.json'), json);
    git(workspace, 'add', '.');
  },
}));

const noModel = 'There is no model on this computer yet.';
const read = (window, name) => readFile(join(window.workspace, name), 'utf8');

/** The user is told, and nothing is left of the edit. */
async function refused(window) {
  const edits = new Edits(window);
  const told = window.notification(noModel);
  await told.waitFor({ timeout: 60_000 });
  assert.equal(await edits.status.count(), 0);
  assert.equal(await edits.zones.count(), 0);
  return told.getByRole('button', { name: 'Choose Model…' });
}

/** The next command must not be taken for answered by the notification of the one before. */
async function clear(window) {
  await window.command('Notifications: Clear All Notifications');
  await window.notification(noModel).waitFor({ state: 'detached' });
}

step('Rewrite keeps the instruction and opens the list of models', async (window) => {
  const before = await read(window, 'src/text.py');
  await window.openFile('src/text.py');
  await window.select(5, 2);
  await new Edits(window).ask('Add a docstring');
  const choose = await refused(window);
  await window.screenshot('no-model-rewrite');
  await choose.click();
  await window.page.locator('.quick-input-list .monaco-list-row', { hasText: 'Use a GGUF File' }).waitFor();
  await window.screenshot('no-model-choose');
  await window.page.keyboard.press('Escape');
  await window.editorFocused();
  assert.equal(await window.savedText('src/text.py'), before);
  await window.codeAction('Rewrite with Paddock');
  await window.page.locator('.quick-input-list .monaco-list-row', { hasText: 'Add a docstring' }).waitFor();
  await window.page.keyboard.press('Escape');
});

step('Document and Translate Comments', async (window) => {
  const before = await read(window, 'src/text.py');
  await window.openFile('src/text.py');
  await window.select(5, 2);
  await window.command('Paddock: Document');
  await refused(window);
  await clear(window);
  await window.command('Paddock: Translate Comments');
  await window.page.locator('.quick-input-widget', { hasText: 'Into which language?' }).waitFor();
  await window.page.keyboard.press('Enter');
  await refused(window);
  await clear(window);
  await window.page.locator('.view-line').first().click();
  assert.equal(await window.savedText('src/text.py'), before);
});

step('Write Tests opens no empty file', async (window) => {
  await window.openFile('src/text.py');
  await window.select(5, 2);
  await window.command('Paddock: Write Tests');
  await refused(window);
  await window.screenshot('no-model-tests');
  assert.equal(await window.page.locator('.tab').count(), 1);
  await clear(window);
});

step('Fix', async (window) => {
  await window.openFile('cart.json');
  await window.page.locator('.squiggly-error').first().waitFor({ timeout: 60_000 });
  await window.select(1, 4);
  await window.command('Paddock: Fix');
  await refused(window);
  await clear(window);
  await window.page.locator('.view-line').first().click();
  assert.equal(await window.savedText('cart.json'), json);
});

step('Generate Commit Message keeps what was typed and can be asked again at once', async (window) => {
  const { page } = window;
  const generate = page.locator('.action-label[aria-label^="Generate Commit Message"]').first();
  const lines = page.locator('.scm-editor .view-line');
  await window.page.keyboard.press('Control+Shift+G');
  await generate.waitFor({ timeout: 60_000 });
  await lines.first().click();
  await page.keyboard.type('my own words');
  await generate.click();
  await refused(window);
  // The notification is still there: nobody has to answer it first.
  await generate.waitFor();
  await window.screenshot('no-model-commit-message');
  assert.equal((await lines.allInnerTexts()).join('\n').replaceAll('\u00a0', ' '), 'my own words');
  await clear(window);
  await generate.click();
  await refused(window);
  await clear(window);
});

step('Explain and Review Changes keep the question in the chat', async (window) => {
  const commands = { Explain: 'Explain this code.', 'Review Changes': 'Review these changes.' };
  await window.openFile('src/text.py');
  await window.select(5, 2);
  for (const [command, question] of Object.entries(commands)) {
    await window.command(`Paddock: ${command}`);
    await window.chat.questions.filter({ hasText: question }).waitFor({ timeout: 60_000 });
    await window.chat.error.filter({ hasText: noModel }).last().getByRole('button', { name: 'Choose Model' }).waitFor();
    await window.screenshot(`no-model-${command.toLowerCase().replaceAll(' ', '-')}`);
    await window.command('Paddock: New Chat');
    await window.chat.questions.first().waitFor({ state: 'detached' });
  }
});
