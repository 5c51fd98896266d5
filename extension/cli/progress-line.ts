import type { Terminal } from './verb.ts';

export interface ProgressLine {
  show(text: string): void;
  clear(): void;
}

/** One line on stderr that is written over; silent when nobody watches. */
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
