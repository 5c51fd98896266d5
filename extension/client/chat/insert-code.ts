/** Where inserted code goes, and how it is indented. Pure: lines and columns in, an edit out. */

/** `firstLine` is the line on which the selection begins. Columns count UTF-16 units. */
export interface InsertTarget {
  readonly firstLine: string;
  readonly startColumn: number;
  readonly isEmpty: boolean;
  readonly eol: '\n' | '\r\n';
}

export interface CodeInsertion {
  /** Columns of the first line that are replaced; `undefined`: the selection is. */
  readonly columns: readonly [start: number, end: number] | undefined;
  readonly text: string;
}

/**
 * Code gets lines of its own, at the indentation of the cursor's line: in place of a blank line, above a line whose
 * code begins at the cursor, else below the line. A selection is replaced.
 */
export function placeCode(code: string, { firstLine, startColumn, isEmpty, eol }: InsertTarget): CodeInsertion {
  const indent = /^[ \t]*/u.exec(firstLine)?.[0] ?? '';
  const lines = withoutCommonIndent(
    code
      .replaceAll('\r\n', '\n')
      .replace(/^\n+|\n+$/gu, '')
      .split('\n'),
  );
  const indented = lines.map((line) => (line === '' ? line : indent + line)).join(eol);
  const beforeCursor = firstLine.slice(0, startColumn);
  if (!isEmpty) {
    // The white space before the selection stays, so the first line needs only the rest of the indentation.
    const text = beforeCursor.trim() === '' ? indented.slice(beforeCursor.length) : indented.trimStart();
    return { columns: undefined, text };
  }
  if (firstLine.trim() === '') return { columns: [0, firstLine.length], text: indented };
  if (beforeCursor.trim() === '') return { columns: [0, 0], text: indented + eol };
  return { columns: [firstLine.length, firstLine.length], text: eol + indented };
}

function withoutCommonIndent(lines: readonly string[]): string[] {
  const indents = lines.filter((line) => line.trim() !== '').map((line) => /^[ \t]*/u.exec(line)?.[0] ?? '');
  const shortest = indents.reduce((least, indent) => (indent.length < least.length ? indent : least), indents[0] ?? '');
  const isCommon = indents.every((indent) => indent.startsWith(shortest));
  return lines.map((line) => (line.trim() === '' ? '' : isCommon ? line.slice(shortest.length) : line));
}
