/** The chat view in the side bar: a page within a page within the window. */

export class ChatView {
  constructor(window) {
    this.window = window;
    this.frame = window.page.frameLocator('iframe.webview.ready').first().frameLocator('iframe#active-frame');
    this.input = this.frame.getByTestId('input');
    this.answers = this.frame.getByTestId('answer');
    this.questions = this.frame.getByTestId('question');
    this.prefill = this.frame.getByTestId('prefill');
    this.stopButton = this.frame.getByTestId('stop');
    this.sendButton = this.frame.getByTestId('send');
    this.retryButton = this.frame.getByTestId('retry');
    this.error = this.frame.getByTestId('error');
    this.chips = this.frame.getByTestId('chip');
    this.welcome = this.frame.getByTestId('welcome');
    this.firstRun = this.frame.getByTestId('first-run');
  }

  async open() {
    await this.window.command('Paddock: Open Chat');
    await this.input.waitFor({ timeout: 60_000 });
  }

  card(model) {
    return this.frame.locator(`[data-testid=card][data-model="${model}"]`);
  }

  /** Sends a question; settles when its answer has begun to exist. */
  async ask(text) {
    const before = await this.answers.count();
    await this.input.click();
    await this.input.fill(text);
    await this.input.press('Enter');
    await this.answers.nth(before).waitFor();
  }

  /** Waits for the last answer to be in one of these states and gives its text. */
  async answer(status = ['stop', 'length'], timeout = 180_000) {
    const selector = status.map((one) => `[data-testid=answer][data-status=${one}]`).join(', ');
    const last = this.frame.locator('paddock-answer').last();
    await last.locator(selector).waitFor({ timeout });
    return last
      .locator('paddock-markdown')
      .innerText({ timeout: 2000 })
      .catch(() => '');
  }

  /** The text of the answer that is being made, once it has at least so many characters. */
  async partialAnswer(length, timeout = 120_000) {
    const text = this.frame.locator('paddock-answer').last().locator('paddock-markdown');
    const end = Date.now() + timeout;
    while (Date.now() < end) {
      const now = await text.innerText({ timeout: 1000 }).catch(() => '');
      if (now.length >= length) return now;
      await this.window.page.waitForTimeout(50);
    }
    throw new Error('No text comes.');
  }
}
