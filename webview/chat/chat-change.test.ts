import { beforeEach, describe, expect, it } from 'vitest';
import type { AssistantMessage, ChatChange, ChatSnapshot, ChatState } from '../../extension/protocol/webview.ts';
import { ViewStore } from '../shared/view-store.ts';
import { applyChange } from './chat-change.ts';

const answer: AssistantMessage = {
  id: 'a',
  role: 'assistant',
  text: '',
  status: 'waiting',
  prefill: undefined,
  waitingFor: undefined,
  timings: undefined,
  omitted: [],
  error: undefined,
};
const empty: ChatState = {
  conversationId: 'c',
  title: '',
  messages: [answer],
  attachments: [],
  context: undefined,
  engine: { kind: 'noModel' },
  models: undefined,
};
const text = (offset: number, added: string): ChatChange => ({ kind: 'text', messageId: 'a', offset, text: added });

describe('the store of the chat', () => {
  let host: ChatSnapshot;
  let fetched: number;
  let changes: number;
  let store: ViewStore<ChatState, ChatChange>;
  const shownText = (): string | undefined => (store.state?.messages[0] as AssistantMessage | undefined)?.text;

  beforeEach(() => {
    host = { protocolVersion: 1, seq: 0, state: empty, texts: {} };
    fetched = 0;
    changes = 0;
    store = new ViewStore({
      fetch: () => {
        fetched++;
        return Promise.resolve(host);
      },
      apply: applyChange,
      onChange: () => changes++,
    });
  });

  it('shows the snapshot, then follows the deltas', async () => {
    await store.refresh();
    store.apply({ seq: 1, change: text(0, 'Hel') });
    store.apply({ seq: 2, change: text(3, 'lo') });
    expect(shownText()).toBe('Hello');
    expect(fetched).toBe(1);
    expect(changes).toBe(3);
  });

  it('applies what came while the snapshot was on its way, and nothing twice', async () => {
    host = { ...host, seq: 1, state: { ...empty, messages: [{ ...answer, text: 'Hel' }] } };
    const first = store.refresh();
    store.apply({ seq: 1, change: text(0, 'Hel') });
    store.apply({ seq: 2, change: text(3, 'lo') });
    await first;
    expect(shownText()).toBe('Hello');
  });

  it('asks for a snapshot again after a gap', async () => {
    await store.refresh();
    host = { ...host, seq: 5, state: { ...empty, messages: [{ ...answer, text: 'all of it' }] } };
    store.apply({ seq: 5, change: text(99, 'it') });
    await store.refresh();
    expect(fetched).toBe(2);
    expect(shownText()).toBe('all of it');
    store.apply({ seq: 6, change: text(9, '!') });
    expect(shownText()).toBe('all of it!');
  });

  it('asks again when a text does not continue what is shown', async () => {
    await store.refresh();
    host = { ...host, seq: 1, state: { ...empty, messages: [{ ...answer, text: 'abc' }] } };
    store.apply({ seq: 1, change: text(2, 'c') });
    await store.refresh();
    expect(shownText()).toBe('abc');
  });

  it('adds new messages and replaces known ones', async () => {
    await store.refresh();
    store.apply({
      seq: 1,
      change: { kind: 'message', message: { id: 'u', role: 'user', text: 'Hi', attachments: [] } },
    });
    store.apply({ seq: 2, change: { kind: 'message', message: { ...answer, status: 'stop', text: 'done' } } });
    expect(store.state?.messages.map(({ id }) => id)).toEqual(['a', 'u']);
    expect(shownText()).toBe('done');
  });
});
