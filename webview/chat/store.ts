/**
 * What the view shows: the host's snapshot and the deltas since. A gap in the deltas asks for a snapshot again.
 * Pure but for the messages it is given.
 */
import type {
  AssistantMessage,
  ChatChange,
  ChatDelta,
  ChatSnapshot,
  ChatState,
} from '../../extension/protocol/webview.ts';

export class ChatStore {
  readonly #fetch: () => Promise<ChatSnapshot>;
  readonly #onChange: () => void;
  #state: ChatState | undefined;
  #seq = 0;
  #fetching: Promise<void> | undefined;
  /** Deltas that came while a snapshot was on its way. */
  #waiting: ChatDelta[] = [];

  constructor(fetch: () => Promise<ChatSnapshot>, onChange: () => void) {
    this.#fetch = fetch;
    this.#onChange = onChange;
  }

  /** Undefined until the first snapshot is here. */
  get state(): ChatState | undefined {
    return this.#state;
  }

  /** Gets the whole state. Calls while one is on its way share it. */
  refresh(): Promise<void> {
    return (this.#fetching ??= this.#refresh().finally(() => (this.#fetching = undefined)));
  }

  apply(delta: ChatDelta): void {
    if (this.#fetching !== undefined || this.#state === undefined) {
      this.#waiting.push(delta);
      return;
    }
    if (!this.#accept(delta)) {
      this.#waiting.push(delta);
      void this.refresh();
      return;
    }
    this.#onChange();
  }

  async #refresh(): Promise<void> {
    const { seq, state } = await this.#fetch();
    this.#state = state;
    this.#seq = seq;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const delta of waiting) if (delta.seq > seq) this.#accept(delta);
    this.#onChange();
  }

  /** False: something is missing before it. */
  #accept({ seq, change }: ChatDelta): boolean {
    if (this.#state === undefined || seq !== this.#seq + 1) return false;
    const next = applyChange(this.#state, change);
    if (next === undefined) return false;
    this.#state = next;
    this.#seq = seq;
    return true;
  }
}

/** The state after a change; undefined when the change does not fit the state. */
export function applyChange(state: ChatState, change: ChatChange): ChatState | undefined {
  switch (change.kind) {
    case 'text':
      return updateAnswer(state, change.messageId, (message) =>
        message.text.length === change.offset
          ? { ...message, status: 'streaming', prefill: undefined, text: message.text + change.text }
          : undefined,
      );
    case 'prefill':
      return updateAnswer(state, change.messageId, (message) => ({ ...message, prefill: change.prefill }));
    case 'message': {
      const { message } = change;
      const index = state.messages.findIndex(({ id }) => id === message.id);
      const messages = index < 0 ? [...state.messages, message] : state.messages.with(index, message);
      return { ...state, messages };
    }
    case 'attachments':
      return { ...state, attachments: change.attachments };
    case 'context':
      return { ...state, context: change.context };
    case 'engine':
      return { ...state, engine: change.engine };
    case 'models':
      return { ...state, models: change.models };
    case 'reset':
      return change.state;
  }
}

function updateAnswer(
  state: ChatState,
  id: string,
  update: (message: AssistantMessage) => AssistantMessage | undefined,
): ChatState | undefined {
  const index = state.messages.findIndex((message) => message.id === id);
  const message = state.messages[index];
  const next = message?.role === 'assistant' ? update(message) : undefined;
  return next === undefined ? undefined : { ...state, messages: state.messages.with(index, next) };
}
