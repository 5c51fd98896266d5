/** Completions in the editor, as VS Code shows them. */
import assert from 'node:assert/strict';
import { scenario, testModels } from './support/scenario.mjs';

const step = scenario(() => ({
  models: testModels(),
  // This one answers, and cannot fill in code: a smaller one beside it completes.
  settings: {
    'paddock.model': 'smollm2-135m-instruct',
    'editor.inlineSuggest.enabled': true,
  },
}));

const ghost = (window) => window.page.locator('[class*="ghost-text"]').filter({ hasText: /\S/u });
const lines = async (window) =>
  (await window.page.locator('.editor-instance .view-lines').first().innerText()).replaceAll('\u00a0', ' ');

/** Types a function at the end of the file. The editor indents the lines by itself, and does not go back by itself. */
async function typeBelow(window, head, body) {
  await window.page.keyboard.press('Escape');
  await window.openFile('src/text.py');
  await window.page.keyboard.press('Control+End');
  await window.page.keyboard.type('\n\n\n', { delay: 20 });
  await window.page.keyboard.press('Shift+Home');
  await window.page.keyboard.press('Backspace');
  await window.page.keyboard.type(`${head}\n${body}`, { delay: 20 });
}

step(
  'asking for a completion loads the model for it and shows grey text, Tab accepts it',
  async (window) => {
    await typeBelow(window, 'def add(first, second):', 'return first');
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
  await typeBelow(window, 'def subtract(first, second):', 'return first');
  await ghost(window).first().waitFor({ timeout: 60_000 });
  await window.screenshot('completion-typed');
  await window.page.keyboard.type(' - ');
  await ghost(window).first().waitFor({ timeout: 60_000 });
  await window.page.keyboard.press('Control+ArrowRight');
  assert.match(await lines(window), /return first - \w/u);
});

step('where a block begins it has several lines', async (window) => {
  await typeBelow(window, 'def is_prime(number):', '');
  const before = (await lines(window)).trimEnd().split('\n').length;
  await window.command('Trigger Inline Suggestion');
  await ghost(window).first().waitFor({ timeout: 60_000 });
  await window.screenshot('completion-lines');
  await window.page.keyboard.press('Tab');
  await ghost(window).first().waitFor({ state: 'detached' });
  const after = (await lines(window)).trimEnd().split('\n').length;
  assert.ok(after >= before + 1, `${after - before} lines more`);
});

step('the status bar says which model completes', async (window) => {
  const label = (await window.status.locator('a').getAttribute('aria-label')) ?? '';
  assert.match(label, /Paddock: completing[^]*Completions: Qwen2\.5 Coder 0\.5B · [\d.]+ [MG]B of memory/u);
});

step('it comes while the chat answers, and the answer goes on', async (window) => {
  await window.chat.open();
  await window.chat.ask('Write a long story about a horse that lives on a farm.');
  await window.chat.partialAnswer(40);
  // Escape in the chat would stop the answer.
  await window.openFile('src/text.py');
  await typeBelow(window, 'def divide(first, second):', 'return first');
  await ghost(window).first().waitFor({ timeout: 60_000 });
  await window.screenshot('completion-while-chatting');
  await window.page.keyboard.press('Escape');
  assert.ok((await window.chat.answer()).length > 40);
});

step('grey text can be read in every theme', async (window) => {
  await typeBelow(window, 'def is_even(number):', 'return number');
  for (const theme of ['Dark Modern', 'Light Modern', 'Dark High Contrast', 'Light High Contrast']) {
    await window.command('Preferences: Color Theme');
    await window.pick(theme);
    await window.openFile('src/text.py');
    await window.command('Trigger Inline Suggestion');
    await ghost(window).first().waitFor({ timeout: 60_000 });
    await window.screenshot(`completion-${theme.toLowerCase().replaceAll(' ', '-')}`);
    await window.page.keyboard.press('Escape');
  }
});

step('snoozing shows none', async (window) => {
  await window.command('Paddock: Snooze Completions for Five Minutes');
  await typeBelow(window, 'def multiply(first, second):', 'return first');
  await window.page.waitForTimeout(3000);
  assert.equal(await ghost(window).count(), 0);
  await window.status.first().click();
  await window.pick('Resume Completions');
  await window.openFile('src/text.py');
  await window.command('Trigger Inline Suggestion');
  await ghost(window).first().waitFor({ timeout: 60_000 });
});
