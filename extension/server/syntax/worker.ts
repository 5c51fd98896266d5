/** The thread that parses; see `syntax.ts`. */
import { parentPort, workerData } from 'node:worker_threads';
import { object, text } from '../../protocol/check.ts';
import { Parsers } from './parsers.ts';
import type { SyntaxReply, SyntaxRequest } from './syntax.ts';

const { folder } = object({ folder: text() })(workerData, 'workerData');
const parsers = new Parsers(folder);

parentPort?.on('message', ({ id, question }: SyntaxRequest) => {
  parsers.answer(question).then(
    (answer) => reply({ id, answer }),
    () => reply({ id, answer: undefined }),
  );
});

function reply(message: SyntaxReply): void {
  parentPort?.postMessage(message);
}
