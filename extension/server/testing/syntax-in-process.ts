import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Parsers } from '../syntax/parsers.ts';
import { Syntax } from '../syntax/syntax.ts';
import type { SyntaxReply, SyntaxRequest } from '../syntax/syntax.ts';

const parsers = new Parsers(dirname(createRequire(import.meta.url).resolve('@vscode/tree-sitter-wasm')));

/** The real parser without its thread, for unit tests. */
export function syntaxInProcess(): Syntax {
  let reply: (message: SyntaxReply) => void = () => {};
  return new Syntax(() => ({
    on: (event: string, listener: (message: SyntaxReply) => void) => {
      if (event === 'message') reply = listener;
    },
    postMessage: ({ id, question }: SyntaxRequest) => {
      parsers.answer(question).then(
        (answer) => reply({ id, answer }),
        () => reply({ id, answer: undefined }),
      );
    },
    terminate: () => {},
    unref: () => {},
  }));
}
