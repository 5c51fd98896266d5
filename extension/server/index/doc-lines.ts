/** Finds comments and docstrings line by line. That is exact enough for weighting words, and needs no parser. */
import { languageOf } from '../syntax/grammars.ts';

const longestLine = 400;

/** One flag per line. No line of a document is marked: all of it is prose. */
export function docLines(path: string, lines: readonly string[]): readonly boolean[] {
  const language = languageOf(path);
  if (language === 'markdown' || language === 'plaintext') return lines.map(() => false);
  const isDoc = language === 'python' ? docstrings() : blockComments();
  return lines.map((line) => isDoc(line.slice(0, longestLine).trim()));
}

function docstrings(): (line: string) => boolean {
  let quote = '';
  return (line) => {
    if (quote !== '') {
      if (line.includes(quote)) quote = '';
      return true;
    }
    const opened = /^[rbuf]{0,2}(?<quote>"""|''')/iu.exec(line);
    if (opened === null) return line.startsWith('#');
    const mark = opened.groups?.['quote'] ?? '';
    if (!line.slice(opened[0].length).includes(mark)) quote = mark;
    return true;
  };
}

function blockComments(): (line: string) => boolean {
  let isInside = false;
  return (line) => {
    const isComment = isInside || line.startsWith('/*');
    if (isComment) isInside = !line.includes('*/');
    return isComment || /^(?:\/\/|#(?!\w|\[)|--\s)/u.test(line);
  };
}
