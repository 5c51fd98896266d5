/** Proposed edits, as they are seen in the window. */
export class Edits {
  #window;

  constructor(window) {
    this.#window = window;
    const { page } = window;
    /** The bars above the proposals of the editor in front. */
    this.bars = page.locator('.codelens-decoration');
    /** The zones with new lines. */
    this.zones = page.locator('.review-widget:not([style*="display: none"])');
    this.removedLines = page.locator('.editor-group-container.active .view-overlays [class*="ced-"]');
    this.status = page.locator('.statusbar-item[id$="paddock.edits"]');
  }

  /** A button of the bar. */
  bar(text) {
    return this.bars.getByText(text, { exact: true }).first();
  }

  async rewrite(instruction) {
    await this.#window.codeAction('Rewrite with Paddock');
    await this.#window.pick(instruction);
    await this.status.waitFor({ timeout: 60_000 });
  }

  /** Waits until the proposal in front is complete. */
  async ready() {
    for (let waited = 0; (await this.bar('Accept').count()) === 0; waited += 500) {
      if (waited > 240_000) throw new Error('The edit is not complete after four minutes.');
      if (waited > 3000 && (await this.status.count()) === 0) throw new Error('The edit is gone.');
      await this.#window.page.waitForTimeout(500);
    }
    await this.zones.first().waitFor();
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
