/** A workspace that is not trusted: what reads works, what writes says why it does not, and trust mends it. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabTab, writeProject } from './support/lab-tab.mjs';
import { scenario, testModels } from './support/scenario.mjs';

const step = scenario({
  models: testModels(),
  settings: {
    'editor.inlineSuggest.enabled': true,
    'security.workspace.trust.enabled': true,
    'security.workspace.trust.startupPrompt': 'never',
  },
});

step(
  'the chat answers',
  async (window) => {
    await window.page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor();
    await window.chat.open();
    await window.chat.ask('Write a JavaScript function that adds two numbers, in one code block.');
    const apply = window.chat.frame.getByRole('button', { name: 'Apply in Editor (not in Restricted Mode)' }).first();
    await apply.waitFor({ timeout: 120_000 });
    assert.equal(await apply.getAttribute('aria-disabled'), 'true');
    await window.chat.answer();
    await window.screenshot('restricted-chat');
  },
  { essential: true },
);

step('no action changes a file', async (window) => {
  const before = await readFile(join(window.workspace, 'src', 'cart.ts'), 'utf8');
  await window.openFile('src/cart.ts');
  await window.select(1, 5);
  await window.command('Paddock: Rewrite');
  await window.notification('Paddock changes no files in Restricted Mode').waitFor();
  assert.equal(await readFile(join(window.workspace, 'src', 'cart.ts'), 'utf8'), before);
});

step('completions come', async (window) => {
  await window.openFile('src/cart.ts');
  await window.page.keyboard.press('Control+End');
  await window.page.keyboard.type('\nexport function double(value: number): number { return value', { delay: 20 });
  await window.command('Trigger Inline Suggestion');
  await window.page.locator('[class*="ghost-text"]').filter({ hasText: /\S/u }).first().waitFor({ timeout: 120_000 });
  await window.screenshot('restricted-completion');
  await window.page.keyboard.press('Escape');
  await window.command('View: Revert and Close Editor');
});

step('the lab does not run, until the workspace is trusted', async (window) => {
  await writeProject(join(window.workspace, 'pantry-lab'));
  await window.command('Paddock: Open Lab');
  const warning = window.notification('The lab does not run in Restricted Mode');
  await warning.waitFor();
  await window.screenshot('restricted-lab');
  await warning.getByRole('button', { name: 'Manage Workspace Trust' }).click();
  await window.page.getByRole('button', { name: 'Trust', exact: true }).click();
  await window.page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor({ state: 'detached' });
  await window.chat.frame.getByRole('button', { name: 'Apply in Editor', exact: true }).first().waitFor();
  await window.command('Paddock: Open Lab');
  await window.pick('pantry-lab');
  await new LabTab(window).next('Start');
  await window.screenshot('restricted-trusted');
});
