/** The Source Control view and the terminal: a commit message, a review and an error, with a real repository. */
import assert from 'node:assert/strict';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commitAll, git } from './support/git.mjs';
import { scenario, testModels } from './support/scenario.mjs';

const step = scenario(() => ({
  models: testModels(),
  settings: {
    'paddock.model': 'qwen2.5-coder-0.5b-instruct',
    'paddock.temperature': 0,
    'git.enabled': true,
    'git.autofetch': false,
    'git.openRepositoryInParentFolders': 'never',
  },
  builtins: ['git', 'git-base'],
  prepare: async ({ workspace }) => {
    git(workspace, 'init', '--quiet', '--initial-branch=main');
    commitAll(workspace, 'feat: add the shop');
    await change(workspace);
    git(workspace, 'add', '.');
  },
}));

async function change(workspace) {
  const file = join(workspace, 'src', 'cart.ts');
  await appendFile(
    file,
    '\nexport function isEmpty(items: readonly unknown[]): boolean {\n  return items.length === 0;\n}\n',
  );
}

const generate = (window) => window.page.locator('.action-label[aria-label^="Generate Commit Message"]').first();
const stop = (window) => window.page.locator('.action-label[aria-label^="Stop Generating"]').first();
const inputLines = (window) => window.page.locator('.scm-editor .view-line');
const inputText = async (window) => (await inputLines(window).allInnerTexts()).join('\n').replaceAll('\u00a0', ' ');

step(
  'the sparkle writes a commit message in the style of the repository',
  async (window) => {
    await window.page.keyboard.press('Control+Shift+G');
    await generate(window).waitFor({ timeout: 60_000 });
    await window.screenshot('scm');
    await generate(window).click();
    await stop(window).waitFor({ timeout: 10_000 });
    await window.screenshot('scm-writing');
    await generate(window).waitFor({ timeout: 180_000 });
    const text = await inputText(window);
    console.log(`# ${text}`);
    await window.screenshot('scm-message');
    const [subject = ''] = text.split('\n');
    assert.match(subject, /^\S.{4,71}$/u);
    assert.doesNotMatch(text, /```|"$/u);
  },
  { essential: true },
);

step('what was typed comes back when the message is stopped', async (window) => {
  // Off the button, whose hover lies over the input box.
  await window.page.mouse.move(800, 600);
  await inputLines(window).first().click();
  await window.page.keyboard.press('Control+A');
  await window.page.keyboard.type('my own words');
  await generate(window).click();
  await stop(window).click({ timeout: 10_000 });
  await generate(window).waitFor({ timeout: 30_000 });
  await window.page.waitForTimeout(500);
  assert.equal(await inputText(window), 'my own words');
});

step('a message can be undone to what was typed', async (window) => {
  await generate(window).click();
  await stop(window).waitFor({ timeout: 10_000 });
  await generate(window).waitFor({ timeout: 180_000 });
  await window.page.mouse.move(800, 600);
  assert.notEqual(await inputText(window), 'my own words');
  await inputLines(window).first().click();
  for (let press = 0; press < 40 && (await inputText(window)) !== 'my own words'; press++) {
    await window.page.keyboard.press('Control+Z');
    await window.page.waitForTimeout(50);
  }
  assert.equal(await inputText(window), 'my own words');
});

step('with nothing staged, everything in the working tree counts', async (window) => {
  git(window.workspace, 'commit', '--quiet', '--message=feat: know empty carts');
  await writeFile(join(window.workspace, 'src', 'coupon.py'), 'def coupon(code):\n    return code.strip().upper()\n');
  await window.page.locator('.scm-view .monaco-list-row', { hasText: 'coupon.py' }).first().waitFor();
  await generate(window).click();
  await stop(window).waitFor({ timeout: 10_000 });
  await generate(window).waitFor({ timeout: 180_000 });
  console.log(`# ${await inputText(window)}`);
  assert.match(await inputText(window), /coupon/iu);
});

step('Review Changes sends the diff to the chat', async (window) => {
  await window.command('Paddock: Review Changes');
  await window.chat.questions.filter({ hasText: 'Review these changes' }).waitFor({ timeout: 60_000 });
  assert.match(await window.chat.questions.last().innerText(), /Changes/u);
  await window.chat.partialAnswer(20);
  await window.screenshot('scm-review');
  await window.chat.input.press('Escape');
  await window.chat.answer(['cancelled', 'stop', 'length']);
  await window.chat.frame.getByTestId('question').last().getByRole('button', { name: 'Changes' }).click();
  await window.page.locator('.view-line', { hasText: 'coupon' }).first().waitFor();
  await window.closeEditors();
});

step('an error in the terminal is explained, and the clipboard keeps its text', async (window) => {
  await window.page.evaluate(() => navigator.clipboard.writeText('kept'));
  await window.command('Terminal: Create New Terminal');
  const terminal = window.page.locator('.terminal-wrapper.active').last();
  await terminal.waitFor({ timeout: 30_000 });
  await window.page.waitForTimeout(2000);
  await window.page.keyboard.type('node -e "undefinedName()"\n');
  await window.page.waitForTimeout(3000);
  await window.command('Terminal: Select All');
  await terminal.click({ button: 'right' });
  const item = window.page.locator('.monaco-menu .action-label', { hasText: 'Explain Selection with Paddock' });
  await item.waitFor();
  // A menu takes no click in its first moment.
  await window.page.waitForTimeout(300);
  await item.click();
  await window.chat.questions.filter({ hasText: 'Explain this terminal output' }).waitFor({ timeout: 60_000 });
  await window.chat.partialAnswer(20);
  await window.screenshot('terminal');
  await window.chat.input.press('Escape');
  await window.chat.answer(['cancelled', 'stop', 'length']);
  assert.equal(await window.page.evaluate(() => navigator.clipboard.readText()), 'kept');
  await window.chat.frame.getByTestId('question').last().getByRole('button', { name: 'Terminal' }).click();
  await window.page.locator('.view-line', { hasText: 'ReferenceError' }).first().waitFor();
});

step('the last command is explained without a selection', async (window) => {
  await window.command('Paddock: New Chat');
  await window.chat.welcome.waitFor();
  await window.command('Terminal: Clear Selection');
  await window.command('Explain Last Command with Paddock');
  await window.chat.questions.filter({ hasText: 'Explain this terminal output' }).waitFor({ timeout: 60_000 });
  await window.chat.partialAnswer(20);
  await window.chat.input.press('Escape');
  await window.chat.answer(['cancelled', 'stop', 'length']);
  assert.equal(await window.page.evaluate(() => navigator.clipboard.readText()), 'kept');
});
