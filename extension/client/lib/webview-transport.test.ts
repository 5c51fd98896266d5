import { Emitter } from 'vscode-jsonrpc/node';
import { expect, it } from 'vitest';
import { chatRequests, SendMessage } from '../../protocol/webview.ts';
import { connectWebview } from './webview-transport.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

it('answers every request of a page: what passes the check by its handler, all else with an error', async () => {
  const page = new Emitter<unknown>();
  const answers: { id?: number; result?: unknown; error?: { code: number } }[] = [];
  const connection = connectWebview(
    {
      postMessage: (message) => {
        answers.push(message as (typeof answers)[number]);
        return Promise.resolve(true);
      },
      onDidReceiveMessage: page.event,
    },
    chatRequests,
    log,
  );
  connection.onRequest(SendMessage, ({ text }) => ({ done: text === 'Hi' }));
  connection.listen();
  const method = SendMessage.method;
  page.fire({ jsonrpc: '2.0', id: 1, method, params: { text: 'Hi' } });
  page.fire({ jsonrpc: '2.0', id: 2, method, params: { text: 'x'.repeat(2_000_001) } });
  page.fire({ jsonrpc: '2.0', id: 3, method: 'chat/unknown', params: {} });
  page.fire({ jsonrpc: '2.0', id: 'four', method, params: { text: 7 } });
  for (const odd of [undefined, null, 7, 'x', [], {}, { jsonrpc: '2.0' }, { id: {}, method }]) page.fire(odd);
  await expect.poll(() => answers.length).toBe(4);
  const byId = new Map(answers.map((answer) => [answer.id as unknown, answer]));
  expect(byId.get(1)).toMatchObject({ result: { done: true } });
  for (const id of [2, 3, 'four']) expect(byId.get(id)).toMatchObject({ error: { code: -32_602 } });
  connection.dispose();
});
