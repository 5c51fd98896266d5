/**
 * A real VS Code window with the extension installed, driven as a person drives it: keys, mouse, what is on the
 * screen. One server and one browser for each window; everything it writes is in a folder of its own.
 */
import { chromium } from 'playwright-core';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { browserArguments, findBrowser } from '../../workbench/browser.mjs';
import { cache, root } from '../../workbench/process.mjs';
import { packExtension } from '../../workbench/package.mjs';
import { fewBuiltins, installVscode, startVscode, testSettings } from '../../workbench/vscode.mjs';
import { ChatView } from './chat-view.mjs';
import { enginePids } from './processes.mjs';

const screenshots = join(cache, 'screenshots');

/**
 * @param {object} options
 * @param {string} options.models Folder of the models.
 * @param {Record<string, unknown>} [options.settings] On top of the test settings.
 * @param {readonly string[]} [options.builtins] Built-in extensions besides the usual few.
 * @param {Record<string, string>} [options.env] More environment of the server.
 * @param {(folders: { workspace: string, user: string }) => Promise<void>} [options.prepare] Runs before the window
 * opens, with the extension installed below `user`.
 */
export async function openWindow({ models, settings = {}, builtins = [], env = {}, prepare }) {
  const vsix = process.env.PADDOCK_VSIX;
  if (vsix === undefined) throw new Error('PADDOCK_VSIX names no package. Start these tests with: npm run test:e2e');
  const folder = await mkdtemp(join(tmpdir(), 'paddock-e2e-'));
  const workspace = join(folder, 'workspace');
  await cp(join(root, 'test', 'fixtures', 'sample-workspace'), workspace, { recursive: true });
  const start = (port = 0) =>
    startVscode({
      vsix,
      // Every run reads its prompts for the first time: what takes how long must not depend on the run before.
      settings: { ...testSettings, 'paddock.cache.disk': 0, ...settings },
      env: { PADDOCK_MODELS: models, ...env },
      builtins: [...fewBuiltins, ...builtins],
      userFolder: join(folder, 'user'),
      port,
    });
  // The browser starts beside the server: each waits more than it computes.
  const launching = findBrowser().then((executablePath) => chromium.launch({ executablePath, args: browserArguments }));
  let server;
  try {
    server = await start();
    await prepare?.({ workspace, user: join(folder, 'user') });
  } catch (error) {
    await server?.stop();
    await (await launching).close();
    throw error;
  }
  const browser = await launching;
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  // In the page and in every frame of it.
  await context.addInitScript(() => {
    addEventListener('keydown', () => (globalThis.lastKeyAt = Date.now()), true);
  });
  const window = new Window(await context.newPage(), server, workspace, start);
  window.onClose(async () => {
    await Promise.all([browser.close(), window.server.stop()]);
    // It would wait for other windows.
    for (const pid of await enginePids(window.server)) process.kill(pid, 'SIGKILL');
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });
  try {
    await window.load();
  } catch (error) {
    await window.screenshot('failed-to-open');
    await window.close();
    throw error;
  }
  return window;
}

/** For programs of their own: packs the extension unless that was done, and takes the models that this user has. */
export async function openOwnWindow(options) {
  await installVscode();
  process.env.PADDOCK_VSIX ??= await packExtension();
  const models = process.env.PADDOCK_MODELS ?? join(homedir(), '.local', 'share', 'paddock', 'models');
  return { models, window: await openWindow({ models, ...options }) };
}

export class Window {
  #close = async () => {};

  #start;

  constructor(page, server, workspace, start) {
    this.page = page;
    this.server = server;
    this.#start = start;
    this.workspace = workspace;
    this.chat = new ChatView(this);
    this.status = page.locator(
      '.statusbar-item[id="paddock.paddock.paddock.status"], .statusbar-item[id*="paddock.status"]',
    );
  }

  onClose(close) {
    this.#close = close;
  }

  close() {
    return this.#close();
  }

  /** Opens the window, or reloads it. Ready when our status bar item is there: the extension has started. */
  async load() {
    await this.page.goto(this.server.url(this.workspace), { waitUntil: 'commit' });
    await this.status.first().waitFor({ timeout: 90_000 });
  }

  /** Starts a server at the same address after the one before is gone. */
  async startServer() {
    await this.server.stop();
    this.server = await this.#start(this.server.port);
  }

  /** When the last key press arrived in this window, in milliseconds since 1970. */
  async lastKeyAt() {
    const times = this.page.frames().map((frame) => frame.evaluate(() => globalThis.lastKeyAt ?? 0).catch(() => 0));
    return Math.max(...(await Promise.all(times)));
  }

  async screenshot(name) {
    await mkdir(screenshots, { recursive: true });
    await this.page.screenshot({ path: join(screenshots, `e2e-${name}.png`) });
  }

  /**
   * Runs a command by its title, from the palette. A single F1 can be lost while an editor grabs the focus, and what
   * an earlier pick still does can close the palette again.
   */
  async command(title) {
    const row = this.page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first();
    for (let attempt = 0; attempt < 5; attempt++) {
      await this.quickInput(() => this.page.keyboard.press('F1'));
      try {
        await this.page.locator('.quick-input-widget input[type=text]').fill(`>${title}`, { timeout: 2000 });
        await row.click({ timeout: 5000 });
        return;
      } catch {
        await this.page.keyboard.press('Escape');
      }
    }
    throw new Error(`The command “${title}” cannot be run from the palette.`);
  }

  async quickInput(open) {
    const input = this.page.locator('.quick-input-widget input[type=text]');
    for (let attempt = 0; attempt < 10; attempt++) {
      await open();
      if (
        await input.waitFor({ timeout: 1500 }).then(
          () => true,
          () => false,
        )
      )
        return;
      await this.page.keyboard.press('Escape');
    }
    throw new Error('The quick input does not open.');
  }

  /** Types into the open quick input and takes the row with this text. */
  async pick(text, row = text) {
    await this.page.locator('.quick-input-widget input[type=text]').fill(text);
    await this.page.locator('.quick-input-list .monaco-list-row', { hasText: row }).first().click();
  }

  async openFile(name) {
    const base = name.split('/').at(-1);
    const row = this.page.locator('.quick-input-list .monaco-list-row', { hasText: base }).first();
    const widget = this.page.locator('.quick-input-widget');
    // A file that was made a moment ago may not be among the results of the first search, and a click hits nothing
    // while the results are put into another order.
    for (let attempt = 0; attempt < 5; attempt++) {
      await this.quickInput(() => this.page.keyboard.press('Control+P'));
      try {
        await widget.locator('input[type=text]').fill(name, { timeout: 2000 });
        await row.click({ timeout: 3000 });
        await widget.waitFor({ state: 'hidden', timeout: 3000 });
        break;
      } catch {
        await this.page.keyboard.press('Escape');
      }
    }
    await this.page.locator('.tab.active', { hasText: base }).waitFor();
    await this.editorFocused();
  }

  /** Closes every editor; what was not saved is dropped. */
  async closeEditors() {
    await this.command('View: Revert and Close Editor');
    await this.command('View: Close All Editors');
    const dropped = this.page.locator('.monaco-dialog-box').getByRole('button', { name: "Don't Save" });
    if (
      await dropped.waitFor({ timeout: 1500 }).then(
        () => true,
        () => false,
      )
    )
      await dropped.click();
  }

  async editorFocused() {
    await this.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
    await this.page.locator('.editor-group-container.active .monaco-editor.focused .view-line').first().waitFor();
  }

  /** Puts the cursor into a line, and with `lines` selects that many whole lines. */
  async select(line, lines = 0) {
    await this.quickInput(() => this.page.keyboard.press('Control+G'));
    await this.page.locator('.quick-input-widget input[type=text]').fill(`:${line}`);
    await this.page.keyboard.press('Enter');
    await this.editorFocused();
    await this.page.keyboard.press('Home');
    await this.page.keyboard.press('Home');
    for (let index = 1; index < lines; index++) await this.page.keyboard.press('Shift+ArrowDown');
    if (lines > 0) await this.page.keyboard.press('Shift+End');
  }

  /** An action of the light bulb menu. The editor's own delayed request may discard the first press. */
  async codeAction(title) {
    const row = this.page.locator('.action-widget .monaco-list-row', { hasText: title });
    for (let attempt = 0; attempt < 6; attempt++) {
      await this.page.keyboard.press('Control+.');
      if (
        await row
          .first()
          .waitFor({ timeout: 1500 })
          .then(
            () => true,
            () => false,
          )
      )
        return row.first().click();
    }
    throw new Error(`The light bulb menu does not offer “${title}”.`);
  }

  /** The text of a file once it is saved: what is on the screen is only what fits on it. */
  async savedText(name) {
    await this.editorFocused();
    await this.page.keyboard.press('Control+S');
    const path = join(this.workspace, name);
    let text = await readFile(path, 'utf8');
    // The tab shows late that it is dirty, so what counts is that the file has come to rest.
    for (let quiet = 0; quiet < 8; quiet++) {
      await this.page.waitForTimeout(200);
      const now = await readFile(path, 'utf8');
      if (now !== text || (await this.page.locator('.tab.active.dirty').count()) > 0) quiet = 0;
      text = now;
    }
    return text;
  }

  notification(text) {
    return this.page.locator('.notifications-toasts .notification-list-item', { hasText: text }).first();
  }

  /** Waits until the status bar says it. */
  async statusIs(text, timeout = 60_000) {
    await this.status.filter({ hasText: text }).first().waitFor({ timeout });
  }
}
