/** The input box of a repository while a commit message streams into it. Nothing that the user typed is lost. */

export class MessageBox {
  readonly #box: { value: string };
  readonly #before: string;
  /** VS Code reports every change back a moment later, so an older text of ours can be the value again. */
  readonly #ours: Set<string>;

  constructor(box: { value: string }) {
    this.#box = box;
    this.#before = box.value;
    this.#ours = new Set([box.value]);
  }

  /** The text that the user had typed. */
  get before(): string {
    return this.#before;
  }

  /** False when the user has typed meanwhile: the box is theirs, and nothing is written any more. */
  show(message: string): boolean {
    if (!this.#ours.has(this.#box.value)) return false;
    this.#ours.add(message);
    this.#box.value = message;
    return true;
  }

  /** Brings back what was in the box at first. */
  restore(): void {
    this.show(this.#before);
  }
}
