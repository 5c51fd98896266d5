/** Characters of terminal output that go to the chat: about two thousand tokens. */
const mostCharacters = 8000;
const longestLine = 400;

/** The end of an output, where errors are reported, in whole lines; without colours and other escape sequences. */
export function lastLines(output: string): string {
  const end = output
    .slice(-8 * mostCharacters)
    .replaceAll(escapes, '')
    .replaceAll(/\r\n?/gu, '\n');
  const lines = end.split('\n').map((line) => line.slice(0, longestLine).trimEnd());
  const kept: string[] = [];
  let length = 0;
  for (const line of lines.toReversed()) {
    length += line.length + 1;
    if (length > mostCharacters) break;
    kept.unshift(line);
  }
  return kept.join('\n').trim();
}

// oxlint-disable-next-line no-control-regex
const escapes = /\u001b\[[0-?]{0,64}[ -/]{0,8}[@-~]|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/gu;
