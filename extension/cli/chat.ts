import { createInterface } from 'node:readline/promises';
import type { ChatTurn, GenerationResult } from '../protocol/server.ts';
import { EngineError } from '../server/engine/errors.ts';
import { answerPrinter } from './answer-printer.ts';
import type { AnswerPrinter } from './answer-printer.ts';
import { openAnswers } from './answers.ts';
import { UsageError } from './verb.ts';
import type { Terminal, Verb } from './verb.ts';

export const chat: Verb = {
  name: 'chat',
  usage: '',
  summary: 'a conversation; Ctrl+C stops the answer, twice leaves',
  options: [],
  specs: {},
  keepsPrompts: true,
  run: async (terminal, values, positionals) => {
    if (positionals.length > 0 || values['json'] === true) {
      throw new UsageError('chat takes no text and no --json. For one answer use "paddock ask".');
    }
    const answers = await openAnswers(terminal, values);
    const conversation = new Conversation(terminal);
    terminal.note(`${answers.modelName}. Type a question; an empty line sends nothing, ${commandsHint}\n`);
    try {
      await conversation.run((turns, signal, printer) => answers.chat({ messages: turns }, signal, printer));
    } finally {
      answers.close();
    }
  },
};

const commandsHint = '/new begins anew, /exit or Ctrl+D leaves.';
/** Commands that end other programs. */
const leaving = new Set(['/exit', '/quit', '/bye']);

type Answer = (
  turns: readonly ChatTurn[],
  signal: AbortSignal,
  send: AnswerPrinter['part'],
) => Promise<GenerationResult>;

/** Reads questions and prints answers until the input ends or Ctrl+C comes while nothing is being answered. */
class Conversation {
  readonly #terminal: Terminal;
  #turns: ChatTurn[] = [];
  #answering: AbortController | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  async run(answer: Answer): Promise<void> {
    const { stdin, stderr } = await import('node:process');
    const lines = createInterface({ input: stdin, output: stderr, terminal: stdin.isTTY && stderr.isTTY });
    let left = false;
    lines.on('SIGINT', () => {
      if (this.#answering === undefined || this.#answering.signal.aborted) {
        left = true;
        lines.close();
        this.#answering?.abort();
      } else {
        this.#answering.abort();
      }
    });
    // On a pipe, Ctrl+C arrives as a signal to the process.
    this.#terminal.signal.addEventListener('abort', () => {
      left = true;
      this.#answering?.abort();
      lines.close();
    });
    lines.setPrompt('> ');
    lines.prompt();
    for await (const line of lines) {
      if (leaving.has(line.trim())) {
        lines.close();
        break;
      }
      await this.#take(line.trim(), answer);
      if (left) {
        break;
      }
      lines.prompt();
    }
    if (left) {
      throw new EngineError('cancelled', 'Left.');
    }
  }

  async #take(line: string, answer: Answer): Promise<void> {
    if (line === '/new') {
      this.#turns = [];
      return;
    }
    if (line === '') {
      return;
    }
    // A mistyped command must not become a question. A path such as /etc/hosts or a longer text is a question.
    if (/^\/[a-z]+$/.test(line)) {
      this.#terminal.note(`There is no command ${line}. ${commandsHint}\n`);
      return;
    }
    const turns: ChatTurn[] = [...this.#turns, { role: 'user', content: line }];
    const printer = answerPrinter(this.#terminal, true);
    this.#answering = new AbortController();
    try {
      const result = await answer(turns, this.#answering.signal, printer.part);
      printer.end(result);
      this.#turns = result.text === '' ? this.#turns : [...turns, { role: 'assistant', content: result.text }];
    } catch (error) {
      // The conversation continues: its earlier turns are still valid.
      this.#terminal.note(`${EngineError.from(error).message}\n`);
    } finally {
      this.#answering = undefined;
    }
  }
}
