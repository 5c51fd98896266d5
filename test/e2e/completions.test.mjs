/** Completions in the editor, as VS Code shows them. */
import assert from 'node:assert/strict';
import { scenario, testModels } from './support/scenario.mjs';

const step = scenario(() => ({
  models: testModels(),
  settings: { 'paddock.model': 'qwen2.5-coder-0.5b-instruct', 'editor.inlineSuggest.enabled': true },
}));

const ghost = (window) => window.page.locator('[class*="ghost-text"]').filter({ hasText: /\S/u });
const lines = async (window) =>
  (await window.page.locator('.editor-instance .view-lines').first().innerText()).replaceAll('\u00a0', ' ');

async function typeBelow(window, text) {
  await window.openFile('src/text.py');
  await window.page.keyboard.press('Control+End');
  await window.page.keyboard.type(text, { delay: 20 });
}

step(
  'asking for a completion loads the model and shows grey text, Tab accepts it',
  async (window) => {
    await typeBelow(window, '\n\ndef add(first, second):\n    return first');
    await window.command('Trigger Inline Suggestion');
    await ghost(window).first().waitFor({ timeout: 120_000 });
    await window.screenshot('completion');
    const text = (await ghost(window).allInnerTexts()).join('').replaceAll(/\s/gu, '');
    console.log(`# ${text}`);
    await window.page.keyboard.press('Tab');
    await ghost(window).first().waitFor({ state: 'detached' });
    const accepted = (await lines(window)).split('\n').find((line) => line.includes('return first')) ?? '';
    assert.equal(accepted.replaceAll(/\s/gu, ''), `returnfirst${text}`);
  },
  { essential: true },
);

step('it comes by itself while typing, and typing on needs no other', async (window) => {
  await window.page.keyboard.press('Escape');
  await window.page.keyboard.type('\n\n\ndef subtract(first, second):\n    return first', { delay: 20 });
  await ghost(window).first().waitFor({ timeout: 60_000 });
  await window.screenshot('completion-typed');
  await window.page.keyboard.type(' - ');
  await ghost(window).first().waitFor({ timeout: 60_000 });
  await window.page.keyboard.press('Control+ArrowRight');
  assert.match(await lines(window), /return first - \w/u);
});

step('snoozing shows none', async (window) => {
  await window.command('Paddock: Snooze Completions for Five Minutes');
  await window.page.keyboard.press('Escape');
  await window.page.keyboard.type('\n\n\ndef multiply(first, second):\n    return first', { delay: 20 });
  await window.page.waitForTimeout(3000);
  assert.equal(await ghost(window).count(), 0);
});
