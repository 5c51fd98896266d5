/** Two repositories in one folder: a message goes to the one that it was asked for, and says what is staged there. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commitAll, git } from './support/git.mjs';
import { scenario, testModels } from './support/scenario.mjs';

const step = scenario(() => ({
  models: testModels(),
  settings: {
    'paddock.model': 'qwen2.5-coder-0.5b-instruct',
    'git.enabled': true,
    'git.autofetch': false,
    'git.openRepositoryInParentFolders': 'never',
  },
  builtins: ['git', 'git-base'],
  prepare: async ({ workspace }) => {
    await makeRepository(join(workspace, 'shop'), 'coupon');
    await makeRepository(join(workspace, 'bakery'), 'bread');
  },
}));

/** One new file is staged, another is not. */
async function makeRepository(folder, word) {
  await mkdir(folder);
  await writeFile(join(folder, 'README.md'), 'A sample.\n');
  git(folder, 'init', '--quiet', '--initial-branch=main');
  commitAll(folder, 'Start');
  await writeFile(join(folder, `${word}.py`), `def ${word}(name):\n    return name.strip().upper()\n`);
  git(folder, 'add', '.');
  await writeFile(join(folder, 'invoice.py'), 'def invoice(lines):\n    return sum(lines)\n');
}

/** A repository in the Source Control view. */
class Repository {
  constructor(window, name) {
    this.window = window;
    const row = window.page.locator(`.scm-view .monaco-list-row[aria-label^="${name} "]`);
    this.generate = row.locator('.action-label[aria-label^="Generate Commit Message"]');
    this.stop = row.locator('.action-label[aria-label^="Stop Generating"]');
    this.lines = window.page.locator(`.scm-editor .monaco-editor[data-uri$="${name}"] .view-line`);
  }

  async text() {
    return (await this.lines.allInnerTexts()).join('\n').replaceAll('\u00a0', ' ');
  }

  async type(text) {
    // Off the buttons, whose hovers lie over the input boxes.
    await this.window.page.mouse.move(800, 600);
    await this.lines.first().click();
    await this.window.page.keyboard.press('Control+A');
    await this.window.page.keyboard.press('Delete');
    await this.window.page.keyboard.type(text);
    for (let waited = 0; (await this.text()) !== text; waited += 50) {
      assert.ok(waited < 5000, `“${text}” was typed`);
      await this.window.page.waitForTimeout(50);
    }
  }

  /** Waits until a message was written and gives it. */
  async written() {
    await this.stop.waitFor({ timeout: 10_000 });
    await this.generate.waitFor({ timeout: 180_000 });
    const text = await this.text();
    console.log(`# ${text}`);
    return text;
  }
}

step(
  'the sparkle of a repository writes into its box and leaves the other alone',
  async (window) => {
    const [shop, bakery] = [new Repository(window, 'shop'), new Repository(window, 'bakery')];
    await window.page.keyboard.press('Control+Shift+G');
    await bakery.generate.waitFor({ timeout: 60_000 });
    await shop.generate.waitFor();
    await shop.type('words for the shop');
    await bakery.generate.click();
    const message = await bakery.written();
    await window.screenshot('scm-two-repositories');
    assert.match(message, /bread/iu);
    assert.doesNotMatch(message, /coupon|shop|invoice/iu);
    assert.equal(await shop.text(), 'words for the shop');
  },
  { essential: true },
);

step('the other repository gets a message about its own changes', async (window) => {
  const [shop, bakery] = [new Repository(window, 'shop'), new Repository(window, 'bakery')];
  const before = await bakery.text();
  await shop.type('');
  await shop.generate.click();
  const message = await shop.written();
  assert.match(message, /coupon/iu);
  assert.doesNotMatch(message, /bread|bakery|invoice/iu);
  assert.equal(await bakery.text(), before);
});

step('the palette asks for the repository when no file is open', async (window) => {
  const [shop, bakery] = [new Repository(window, 'shop'), new Repository(window, 'bakery')];
  await shop.type('words for the shop');
  await bakery.type('');
  await window.command('Paddock: Generate Commit Message');
  const input = window.page.locator('.quick-input-widget input[placeholder="Choose a repository"]');
  await input.waitFor();
  await window.screenshot('scm-choose-repository');
  await window.page.keyboard.press('Escape');
  await input.waitFor({ state: 'hidden' });
  assert.equal(await bakery.text(), '', 'leaving writes nothing');
  await window.command('Paddock: Generate Commit Message');
  await input.waitFor();
  await window.pick('bakery');
  assert.match(await bakery.written(), /bread/iu);
  assert.equal(await shop.text(), 'words for the shop');
});

step('with a file open, the palette takes the repository of the file', async (window) => {
  const [shop, bakery] = [new Repository(window, 'shop'), new Repository(window, 'bakery')];
  await shop.type('');
  await bakery.type('words for the bakery');
  await window.openFile('shop/coupon.py');
  await window.command('Paddock: Generate Commit Message');
  assert.match(await shop.written(), /coupon/iu);
  assert.equal(await bakery.text(), 'words for the bakery');
});
