/** Proposed edits in notebooks and unsaved files, in every theme, and what an accessibility checker says of them. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Edits } from './support/edits.mjs';
import { scenario, testModels } from './support/scenario.mjs';

const step = scenario({
  models: testModels(),
  settings: { 'paddock.model': 'qwen2.5-coder-0.5b-instruct' },
  builtins: ['ipynb'],
  prepare: async ({ workspace }) => {
    const source = ['def slug(title):\n', '    return title.lower()'];
    const cells = [{ cell_type: 'code', metadata: {}, execution_count: null, outputs: [], source }];
    const metadata = { language_info: { name: 'python' } };
    const notebook = { cells, metadata, nbformat: 4, nbformat_minor: 5 };
    await writeFile(join(workspace, 'notes.ipynb'), JSON.stringify(notebook));
  },
});

step('an edit of a file that is not saved yet', async (window) => {
  const edits = new Edits(window);
  const { page } = window;
  await window.command('File: New Untitled Text File');
  await window.editorFocused();
  await window.command('Change Language Mode');
  await window.pick('Python', 'Python');
  await window.editorFocused();
  await page.keyboard.type('def slug(title):\nreturn title.lower()');
  await page.keyboard.press('Control+a');
  await edits.chord('a');
  await window.pick('Add a docstring');
  await edits.status.waitFor();
  await edits.ready();
  await window.screenshot('edit-untitled');
  await edits.bar('Accept').click();
  await edits.none();
  await page.locator('.view-line', { hasText: '"""' }).first().waitFor();
  await page.locator('.view-line').first().click();
  await page.keyboard.press('Control+z');
  await page.locator('.view-line', { hasText: '"""' }).first().waitFor({ state: 'detached' });
});

step('an edit of a notebook’s cell is shown beside it, in the language of the cell', async (window) => {
  const edits = new Edits(window);
  const { page } = window;
  await window.closeEditors();
  await window.command('Go to File');
  await window.pick('notes.ipynb');
  await page.locator('.notebook-editor .view-line', { hasText: 'def slug' }).click();
  await page.keyboard.press('Control+a');
  await edits.chord('a');
  await window.pick('Add a docstring');
  const tab = page.locator('.tab', { hasText: '(proposed)' });
  await tab.waitFor({ timeout: 60_000 });
  await edits.is('ready to accept', 240_000);
  await page.locator('.editor.modified .view-line', { hasText: '"""' }).first().waitFor();
  await page.locator('.statusbar-item', { hasText: 'Python' }).waitFor();
  await window.screenshot('edit-notebook');
  await page.locator('.editor-actions [aria-label^="Accept Edit"]').first().click();
  await tab.waitFor({ state: 'detached' });
  await page.locator('.notebook-editor .view-line', { hasText: '"""' }).first().waitFor();
  await window.command('File: Save');
  await page.waitForTimeout(1500);
  assert.match(await readFile(join(window.workspace, 'notes.ipynb'), 'utf8'), /\\"\\"\\"/);
});

step('an edit in four themes, and nothing serious for an accessibility checker', async (window) => {
  const edits = new Edits(window);
  await window.openFile('src/text.py');
  await window.select(5, 2);
  await edits.rewrite('Add a docstring');
  await edits.ready();
  for (const theme of ['Dark Modern', 'Light Modern', 'Dark High Contrast', 'Light High Contrast']) {
    await window.command('Preferences: Color Theme');
    await window.pick(theme);
    await window.page.waitForTimeout(1500);
    await window.screenshot(`edit-${theme.toLowerCase().replaceAll(' ', '-')}`);
    assert.deepEqual(await seriousFaults(window.page), [], theme);
  }
  await edits.bar('Reject').click();
  await edits.none();
});

/**
 * Of the zones of proposed edits; VS Code answers for the rest of its window, and for how it marks up any comment: as
 * items of a tree that it does not name, whose label is the source of the text.
 */
const ofVscode = ['aria-required-parent', 'label-content-name-mismatch'];

async function seriousFaults(page) {
  const path = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
  await page.evaluate(await readFile(path, 'utf8'));
  const violations = await page.evaluate(async () => {
    const { violations: found } = await globalThis.axe.run('.zone-widget-container.review-widget');
    return found.map(({ id, impact, nodes }) => ({ id, impact, html: nodes.map((node) => node.html.slice(0, 200)) }));
  });
  const isSerious = ({ id, impact }) => (impact === 'serious' || impact === 'critical') && !ofVscode.includes(id);
  return violations.filter(isSerious);
}
