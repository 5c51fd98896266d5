/** Markdown fences around code: writing one that the code cannot close, and taking one off again. Pure. */

/** A Markdown fence that no line of the texts can close: longer than any run of backticks in them. */
export function fenceFor(texts: readonly string[], languageId = ''): string {
  const runs = texts.flatMap((text) => text.match(/`+/gu) ?? []);
  const longest = runs.reduce((length, run) => Math.max(length, run.length), languageId === 'markdown' ? 3 : 2);
  return '`'.repeat(longest + 1);
}

/**
 * The code in a reply that continues an opened fence. A model may also begin with words and a fence of its own, use
 * a shorter fence, or none. `original` tells whether a fence at the beginning may be part of the code.
 */
export function extractCode(reply: string, opened: string, original: string): string {
  const lines = reply.split('\n');
  const own = lines.findIndex((line) => fenceOf(line) !== undefined);
  const ownFence = fenceOf(lines[own] ?? '');
  if (ownFence !== undefined && isOpening(ownFence, lines.slice(0, own), opened, original)) {
    return untilClosed(lines.slice(own + 1), ownFence.marks);
  }
  return untilClosed(lines, opened);
}

function untilClosed(lines: readonly string[], opening: string): string {
  const end = lines.findIndex((line) => closes(fenceOf(line), opening));
  return (end < 0 ? lines : lines.slice(0, end)).join('\n');
}

interface Fence {
  readonly marks: string;
  readonly info: string;
}

function fenceOf(line: string): Fence | undefined {
  const match = /^ {0,3}(`{3,}|~{3,})[ \t]*([\w+#.-]*)[ \t]*$/u.exec(line);
  return match === null ? undefined : { marks: match[1] ?? '', info: match[2] ?? '' };
}

function closes(fence: Fence | undefined, opening: string): boolean {
  return fence !== undefined && fence.info === '' && fence.marks.startsWith(opening);
}

/** Whether the model began anew: with a fence at once, or after a line or two that end in a colon. */
function isOpening(fence: Fence, linesBefore: readonly string[], opened: string, original: string): boolean {
  const words = linesBefore.filter((line) => line.trim() !== '');
  if (words.length === 0) {
    return (
      fence.marks.length >= opened.length || (fence.info !== '' && fenceOf(original.split('\n')[0] ?? '') === undefined)
    );
  }
  return (
    fence.info !== '' &&
    fence.marks.length >= opened.length &&
    words.length <= 2 &&
    words.at(-1)?.trimEnd().endsWith(':') === true
  );
}
