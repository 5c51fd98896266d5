/** The headings of documents in Markdown and reStructuredText. */

export interface Heading {
  /** From 1. */
  readonly line: number;
  readonly title: string;
}

const longestTitle = 200;
const mostHeadings = 4000;

/** Empty if the file is not a document. */
export function headingsOf(path: string, lines: readonly string[]): readonly Heading[] {
  if (/\.(?:md|mdx|markdown)$/iu.test(path)) return markdown(lines);
  return /\.(?:rst|txt)$/iu.test(path) ? underlined(lines) : [];
}

function markdown(lines: readonly string[]): Heading[] {
  const found: Heading[] = [];
  let fence = '';
  for (const [index, line] of lines.entries()) {
    if (found.length >= mostHeadings) break;
    const start = line.slice(0, longestTitle);
    const opened = /^ {0,3}(?<fence>`{3,}|~{3,})/u.exec(start)?.groups?.['fence'] ?? '';
    if (fence === '') {
      const title = /^ {0,3}#{1,6}\s(?<title>.*)$/u
        .exec(start)
        ?.groups?.['title']?.replace(/#+\s*$/u, '')
        .trim();
      if (title !== undefined && title !== '') found.push({ line: index + 1, title });
      fence = opened;
    } else if (opened.startsWith(fence)) {
      fence = '';
    }
  }
  return found;
}

/** A title is a line above a row of one punctuation mark that is at least as long. */
function underlined(lines: readonly string[]): Heading[] {
  const found: Heading[] = [];
  for (const [index, line] of lines.entries()) {
    if (found.length >= mostHeadings) break;
    const title = (lines[index - 1] ?? '').slice(0, longestTitle).trimEnd();
    if (title === '' || /^[^\p{L}\p{N}]/u.test(title) || line.length > longestTitle) continue;
    if (/^(?<mark>[-=~^"'`#*+.:_])\k<mark>{2,}\s*$/u.test(line) && line.trimEnd().length >= title.length) {
      found.push({ line: index, title });
    }
  }
  return found;
}
