/** Proposed edits, as they are seen in the window. */
export class Edits {
  #window;

  constructor(window) {
    this.#window = window;
    const { page } = window;
    /** The bars above the proposals of the editor in front. */
    this.bars = page.locator('.codelens-decoration');
    /** The zones with new lines. */
    this.zones = page.locator('.zone-widget-container.review-widget');
    this.removedLines = page.locator('.editor-group-container.active .view-overlays [class*="ced-"]');
    this.status = page.locator('.statusbar-item[id$="paddock.edits"]');
  }

  /** A button of the bar. After a reload VS Code shows the bars of before, as words that do nothing, for a moment. */
  bar(text) {
    return this.bars.locator('a').filter({ hasText: text }).first();
  }

  async rewrite(instruction) {
    await this.ask(instruction);
    await this.status.waitFor({ timeout: 60_000 });
  }

  /** Asks for a rewrite that may be refused before a proposal can be seen. */
  async ask(instruction) {
    await this.#window.codeAction('Rewrite with Paddock');
    await this.#window.pick(instruction);
  }

  /** Waits until every proposal is complete. */
  async ready() {
    await this.is('ready to accept', 240_000);
    await this.zones.first().waitFor();
  }

  /** Waits until the status bar item tells a screen reader this. A screen shows only what fits on it. */
  async is(text, most = 30_000) {
    const label = this.status.locator('a');
    for (let waited = 0; ; waited += 500) {
      const said = (await label.count()) === 0 ? 'nothing' : await label.getAttribute('aria-label');
      if (said.endsWith(text)) return;
      if (waited > most || (waited > 15_000 && said === 'nothing')) throw new Error(`It says “${said}”.`);
      await this.#window.page.waitForTimeout(500);
    }
  }

  /** No document has a proposal. */
  async none() {
    await this.status.waitFor({ state: 'detached' });
    await this.zones.first().waitFor({ state: 'detached' });
  }

  /** Presses the two keys of a chord. */
  async chord(second) {
    await this.#window.page.keyboard.press('Control+k');
    await this.#window.page.keyboard.press(second);
  }
}
