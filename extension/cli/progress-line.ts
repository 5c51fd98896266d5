import type { Terminal } from './verb.ts';

export interface ProgressLine {
  show(text: string): void;
  clear(): void;
}

/** A progress line on stderr that overwrites itself; prints nothing when stderr is not a terminal. */
export function progressLine(terminal: Pick<Terminal, 'note' | 'interactive'>): ProgressLine {
  let shown = '';
  return {
    show: (text) => {
      if (terminal.interactive && text !== shown) {
        terminal.note(`\r\u001b[2K${text}`);
        shown = text;
      }
    },
    clear: () => {
      if (shown !== '') {
        terminal.note('\r\u001b[2K');
        shown = '';
      }
    },
  };
}
