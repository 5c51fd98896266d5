import type { GenerationPart, GenerationResult, Omission } from '../protocol/server.ts';
import { progressLine } from './progress-line.ts';
import type { Terminal } from './verb.ts';

/** Prints an answer while it comes, with the prefill's progress before it. */
export interface AnswerPrinter {
  readonly part: (part: GenerationPart) => void;
  readonly end: (result: GenerationResult) => void;
}

export function answerPrinter(terminal: Terminal, printText: boolean): AnswerPrinter {
  const line = progressLine(terminal);
  let last = '';
  return {
    part: (part) => {
      if (part.kind === 'prefill') {
        const rest = part.remainingSeconds === undefined ? '' : `, ${Math.ceil(part.remainingSeconds)} s left`;
        line.show(`reading ${part.done} of ${part.total} tokens${rest}`);
        return;
      }
      line.clear();
      if (printText) {
        terminal.out(part.text);
        last = part.text;
      }
    },
    end: (result) => {
      line.clear();
      if (printText && last !== '' && !last.endsWith('\n')) {
        terminal.out('\n');
      }
      result.omitted.forEach((omission) => terminal.note(`${describeOmission(omission)}\n`));
      if (result.finishReason === 'length') {
        terminal.note(`(stopped after ${result.timings.completionTokens} tokens)\n`);
      }
    },
  };
}

function describeOmission({ kind, what, tokens }: Omission): string {
  const things = {
    messages: `${what} earlier messages`,
    attachment: `a part of ${what}`,
    surroundings: `a part of ${what}`,
  };
  return `(left out, because the context is full: ${things[kind]}, ${tokens} tokens)`;
}
