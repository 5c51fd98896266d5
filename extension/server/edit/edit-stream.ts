import type { EditPart } from '../../protocol/server.ts';
import { GenerationStream } from '../chat/progress.ts';

/** The parts of an edit: what is replaced, then as for a chat, and anew when the model is asked again. */
export class EditStream extends GenerationStream {
  readonly #send: (part: EditPart) => void;

  constructor(send: (part: EditPart) => void) {
    super(send);
    this.#send = send;
  }

  range(start: number, end: number): void {
    this.#send({ kind: 'range', seq: this.nextSeq(), start, end });
  }

  /** What was sent as text is dropped. */
  again(): void {
    this.restart();
    this.#send({ kind: 'again', seq: this.nextSeq() });
  }
}
