/** A new user: no model, a download that is cancelled and resumed, the first answer. Downloads a small model. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { scenario, testModels } from './support/scenario.mjs';

const small = 'smollm2-135m-instruct';
let models;
const step = scenario(async () => {
  models = await mkdtemp(join(tmpdir(), 'paddock-models-'));
  return { models, settings: { 'paddock.temperature': 0, 'paddock.maxTokens': 48 } };
});

step('without a model the catalogue is offered, with sizes and this memory', async (window) => {
  await window.chat.open();
  await window.chat.firstRun.waitFor({ timeout: 60_000 });
  assert.match(await window.chat.firstRun.innerText(), /\d GB of [\d.]+ GB memory are free/);
  assert.match(await window.chat.card(small).innerText(), /98\.4 MB to download[\s\S]*needs \d+ MB of memory/);
  await window.statusIs('no model');
  await window.screenshot('first-run');
});

step('a question is held back until there is a model', async (window) => {
  await window.chat.input.fill('Hello');
  await window.chat.input.press('Enter');
  await window.chat.frame.getByText('Choose a model first.').waitFor();
  assert.equal(await window.chat.input.inputValue(), 'Hello');
});

step('a download shows its progress and can be cancelled', async (window) => {
  const card = window.chat.card(small);
  await card.getByTestId('download').click();
  await card
    .getByTestId('download-progress')
    .filter({ hasText: /of 98\.4 MB/ })
    .waitFor({ timeout: 120_000 });
  await window.screenshot('downloading');
  await card.getByTestId('cancel-download').click();
  await card.getByTestId('download').waitFor({ timeout: 20_000 });
});

step('it goes on where it stopped, is checked, loaded and answers the question', async (window) => {
  await window.chat.card(small).getByTestId('download').click();
  await window.statusIs('ready', 300_000);
  assert.ok((await readdir(models, { recursive: true })).some((name) => name.endsWith('.gguf')));
  await window.chat.welcome.waitFor();
  assert.equal(await window.chat.input.inputValue(), 'Hello', 'the question is still there');
  await window.chat.input.press('Enter');
  assert.ok((await window.chat.answer()).length > 0);
  await window.screenshot('first-answer');
});

step('a GGUF file of the user is used where it is', async (window) => {
  const path = join(testModels(), 'qwen2.5-coder-0.5b-instruct-q4_k_m.gguf');
  await window.command('Paddock: Use a GGUF File');
  const input = window.page.locator('.quick-input-widget input[type=text]');
  await input.waitFor();
  // The dialog writes its own folder into the field whenever it has listed it, even over what was typed meanwhile.
  const file = window.page.locator('.quick-input-list .monaco-list-row', { hasText: basename(path) });
  for (let attempt = 1; await input.isVisible(); attempt += 1) {
    assert.ok(attempt <= 10, 'the dialog takes the file');
    await input.fill(path);
    if (!(await appears(file))) continue;
    await window.page.waitForTimeout(300);
    await window.page.keyboard.press('Enter');
    await input.waitFor({ state: 'hidden', timeout: 3000 }).catch(() => {});
  }
  await window.chat.frame.getByTestId('model').filter({ hasText: /qwen/i }).waitFor({ timeout: 120_000 });
  await window.command('Paddock: Choose Model');
  await window.page.locator('.quick-input-list .monaco-list-row', { hasText: 'in use' }).waitFor();
  await window.screenshot('model-picker');
  await window.page.keyboard.press('Escape');
});

function appears(locator) {
  return locator.waitFor({ timeout: 3000 }).then(
    () => true,
    () => false,
  );
}
