import type { GenerationPart, GenerationResult, Omission } from '../protocol/server.ts';
import { splitThoughts } from '../protocol/thoughts.ts';
import { progressLine } from './progress-line.ts';
import type { Terminal } from './verb.ts';

/** Prints an answer while it comes, with the prefill's progress before it and thoughts dimmed. */
export interface AnswerPrinter {
  readonly part: (part: GenerationPart) => void;
  readonly end: (result: GenerationResult) => void;
}

export function answerPrinter(
  terminal: Pick<Terminal, 'out' | 'note' | 'interactive' | 'styled'>,
  printText: boolean,
): AnswerPrinter {
  const line = progressLine(terminal);
  let text = '';
  return {
    part: (part) => {
      if (part.kind === 'prefill') {
        const rest = part.remainingSeconds === undefined ? '' : `, ${Math.ceil(part.remainingSeconds)} s left`;
        line.show(`reading ${part.done} of ${part.total} tokens${rest}`);
        return;
      }
      line.clear();
      if (printText) {
        text += part.text;
        terminal.out(terminal.styled ? dimThoughts(part.text, text) : part.text);
      }
    },
    end: (result) => {
      line.clear();
      if (text !== '' && !text.endsWith('\n')) {
        terminal.out('\n');
      }
      result.omitted.forEach((omission) => terminal.note(`${describeOmission(omission)}\n`));
      if (result.finishReason === 'length') {
        terminal.note(`(stopped after ${result.timings.completionTokens} tokens)\n`);
      }
    },
  };
}

/** `part` is the end of `text`. */
function dimThoughts(part: string, text: string): string {
  const from = Math.max(0, part.length - splitThoughts(text).answer.length);
  const thoughts = part.slice(0, from);
  return `${thoughts === '' ? '' : `\u001b[2m${thoughts}\u001b[22m`}${part.slice(from)}`;
}

function describeOmission({ kind, what, tokens }: Omission): string {
  const things = {
    messages: what === '1' ? '1 earlier message' : `${what} earlier messages`,
    attachment: `a part of ${what}`,
    surroundings: `a part of ${what}`,
  };
  return `(left out, because the context is full: ${things[kind]}, ${tokens} tokens)`;
}
