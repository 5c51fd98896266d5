export interface Clipboard {
  readText(): Thenable<string>;
  writeText(text: string): Thenable<void>;
}

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
    const text = await clipboard.readText();
    return text === marker || text.trim() === '' ? undefined : text;
  } finally {
    await clipboard.writeText(before);
  }
}
