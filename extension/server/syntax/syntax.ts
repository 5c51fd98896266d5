/** Asks about the syntax of texts, in a thread of its own: a parse never holds up the message loop. */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { grammarFor } from './grammars.ts';
import type { Span, SyntaxFault } from './nodes.ts';
import type { OutlineItem } from './outline.ts';
import type { Outline, SyntaxAnswer, SyntaxQuestion } from './parsers.ts';

/** The part of `Worker` that is used, for tests. */
export interface SyntaxWorker {
  postMessage(message: SyntaxRequest): void;
  on(event: 'message', listener: (message: SyntaxReply) => void): unknown;
  on(event: 'error' | 'exit', listener: () => void): unknown;
  terminate(): unknown;
  unref(): void;
}
export interface SyntaxRequest {
  readonly id: number;
  readonly question: SyntaxQuestion;
}
export interface SyntaxReply {
  readonly id: number;
  readonly answer: SyntaxAnswer | undefined;
}

/** A grammar that hangs is worth no wait. */
const longestWaitMs = 5000;
/** Grammars take some tens of MB. */
const idleMs = 60_000;

export class Syntax {
  readonly #start: () => SyntaxWorker;
  readonly #waiting = new Map<number, (answer: SyntaxAnswer | undefined) => void>();
  #worker: SyntaxWorker | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #nextId = 0;

  constructor(start: () => SyntaxWorker) {
    this.#start = start;
  }

  /**
   * The whole pieces of code that a selection cuts, or with an empty one the function around it; and the faults of the
   * text. Undefined when no grammar knows the language or none answers in time.
   */
  async look(languageId: string, text: string, span?: Span): Promise<SyntaxAnswer | undefined> {
    const grammar = grammarFor(languageId);
    return grammar === undefined ? undefined : this.#ask({ grammar, text, ...(span === undefined ? {} : { span }) });
  }

  /** Faults that a text has; undefined as above. */
  async faults(languageId: string, text: string): Promise<readonly SyntaxFault[] | undefined> {
    return (await this.look(languageId, text))?.faults;
  }

  /** Comments and declarations of a text; undefined as above. */
  async outline(languageId: string, text: string): Promise<Outline | undefined> {
    const grammar = grammarFor(languageId);
    const answer = grammar === undefined ? undefined : await this.#ask({ grammar, text, outline: true });
    return answer?.outline;
  }

  /** Only the named items of the outline, for many files; undefined as above. */
  async items(languageId: string, text: string): Promise<readonly OutlineItem[] | undefined> {
    const grammar = grammarFor(languageId);
    return grammar === undefined ? undefined : (await this.#ask({ grammar, text, items: true }))?.items;
  }

  dispose(): void {
    clearTimeout(this.#idle);
    const worker = this.#worker;
    this.#worker = undefined;
    worker?.terminate();
    for (const settle of this.#waiting.values()) settle(undefined);
    this.#waiting.clear();
  }

  #ask(question: SyntaxQuestion): Promise<SyntaxAnswer | undefined> {
    clearTimeout(this.#idle);
    try {
      this.#worker ??= this.#open();
    } catch {
      // Without a parser edits are offered unchecked.
      return Promise.resolve(undefined);
    }
    const id = this.#nextId++;
    const worker = this.#worker;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.dispose(), longestWaitMs);
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      worker.postMessage({ id, question });
    });
  }

  #open(): SyntaxWorker {
    const worker = this.#start();
    worker.on('message', ({ id, answer }) => {
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
      if (this.#waiting.size > 0) return;
      this.#idle = setTimeout(() => this.dispose(), idleMs).unref();
    });
    const end = (): void => {
      if (this.#worker === worker) this.dispose();
    };
    worker.on('error', end);
    worker.on('exit', end);
    // It keeps no program running.
    worker.unref();
    return worker;
  }
}

export function startSyntaxWorker(installFolder: string): SyntaxWorker {
  const dist = join(installFolder, 'dist');
  const options = {
    workerData: { folder: join(dist, 'grammars') },
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  };
  return new Worker(join(dist, 'syntax-worker.cjs'), options);
}
