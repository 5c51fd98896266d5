export interface Clipboard {
  readText(): Thenable<string>;
  writeText(text: string): Thenable<void>;
}

/** VS Code's commands end before the text is on the clipboard. */
const longestWaitMs = 400;
const pauseMs = 40;

/**
 * The text that `copy` puts on the clipboard, which has its old text again afterwards. Undefined when nothing was
 * copied: what the user had there must never be taken for it, so `marker`, a text that nobody else writes, lies there
 * meanwhile.
 */
export async function withClipboard(
  clipboard: Clipboard,
  marker: string,
  copy: () => Thenable<unknown>,
): Promise<string | undefined> {
  const before = await clipboard.readText();
  try {
    await clipboard.writeText(marker);
    await copy();
    const text = await textOtherThan(marker, clipboard);
    return text.trim() === '' ? undefined : text;
  } finally {
    await clipboard.writeText(before);
  }
}

/** Empty when no other text comes. */
async function textOtherThan(marker: string, clipboard: Clipboard): Promise<string> {
  for (let waited = 0; ; waited += pauseMs) {
    const text = await clipboard.readText();
    if (text !== marker) return text;
    if (waited >= longestWaitMs) return '';
    await new Promise((resolve) => {
      setTimeout(resolve, pauseMs);
    });
  }
}
