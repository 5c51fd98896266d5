/** The built chat view in a real browser: what a person sees and does with it. Needs `npm run build` and Chromium. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startHarness } from './harness.mjs';
import * as states from './states.mjs';

let harness;
before(async () => {
  harness = await startHarness();
});
after(() => harness.stop());

/** Opens a state, runs the check, and fails on any error in the page: a breach of its policy is one. */
function viewTest(name, state, check) {
  void test(name, async () => {
    const view = await harness.open(state);
    try {
      await check(view);
      assert.deepEqual(view.errors, []);
    } finally {
      await view.close();
    }
  });
}

const methods = async (view) => (await view.requests()).map(({ method }) => method);

viewTest('Enter sends, Shift+Enter makes a line, the composer is empty afterwards', states.empty, async (view) => {
  const input = view.page.getByTestId('input');
  await input.focus();
  await view.page.keyboard.type('one');
  await view.page.keyboard.press('Shift+Enter');
  await view.page.keyboard.type('two');
  assert.equal(await input.inputValue(), 'one\ntwo');
  await view.page.keyboard.press('Enter');
  assert.deepEqual((await view.requests()).at(-1), { method: 'chat/send', params: { text: 'one\ntwo' } });
  assert.equal(await input.inputValue(), '');
});

viewTest('nothing blank is sent', states.empty, async (view) => {
  await view.page.getByTestId('input').focus();
  await view.page.keyboard.type('   ');
  await view.page.keyboard.press('Enter');
  assert.deepEqual(await methods(view), []);
  assert.ok(await view.page.getByTestId('send').isDisabled());
});

viewTest('Escape stops an answer, from anywhere', states.prefill, async (view) => {
  await view.page.getByTestId('log').focus();
  await view.page.keyboard.press('Escape');
  assert.deepEqual(await methods(view), ['chat/stop']);
  await view.page.getByTestId('stop').click();
  assert.deepEqual(await methods(view), ['chat/stop', 'chat/stop']);
});

viewTest('Up in an empty composer brings back the last question', states.conversation, async (view) => {
  await view.page.getByTestId('input').focus();
  await view.page.keyboard.press('ArrowUp');
  assert.match(await view.page.getByTestId('input').inputValue(), /^How does this cache work/);
});

viewTest('every control can be reached with Tab and has a name', states.conversation, async (view) => {
  const names = await view.page.evaluate(() =>
    [...document.querySelectorAll('button, textarea, a[href]')].map(
      (control) => control.getAttribute('aria-label') || control.textContent.trim(),
    ),
  );
  assert.ok(names.length > 8);
  assert.deepEqual(
    names.filter((name) => name === ''),
    [],
  );
  const reached = new Set();
  for (let press = 0; press < names.length + 4; press++) {
    await view.page.keyboard.press('Tab');
    reached.add(await view.page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? ''));
  }
  for (const name of [
    'Copy',
    'Insert at Cursor',
    'Apply in Editor',
    'Open as File',
    'Remove main.ts',
    'Answer Again',
  ]) {
    assert.ok(reached.has(name), `Tab does not reach “${name}”`);
  }
});

viewTest('the buttons of a code block send its code and language', states.conversation, async (view) => {
  for (const action of ['copy', 'insert', 'apply', 'open']) {
    await view.page.locator(`[data-action=${action}]`).first().click();
  }
  const used = (await view.requests()).filter(({ method }) => method === 'chat/code').map(({ params }) => params);
  assert.deepEqual(
    used.map(({ action }) => action),
    ['copy', 'insert', 'apply', 'open'],
  );
  for (const { code, language } of used) {
    assert.equal(language, 'ts');
    assert.ok(code.startsWith('export class LruCache') && code.endsWith('}\n'));
  }
});

viewTest('a link is opened by the host, not by the page', states.conversation, async (view) => {
  await view.page.getByRole('link', { name: 'MDN' }).click();
  assert.deepEqual((await view.requests()).at(-1), {
    method: 'chat/link',
    params: { href: 'https://developer.mozilla.org/' },
  });
});

viewTest('an answer streams in, and only its last block is rendered again', states.empty, async (view) => {
  const text = 'First paragraph.\n\nSecond one with `code`.\n\n```js\nlet x = 1;\n```\n\nEnd.';
  await view.change({ kind: 'message', message: states.question('u', 'Hi') });
  await view.change({ kind: 'message', message: states.answer('a', '', { status: 'waiting', timings: undefined }) });
  await view.page.getByTestId('prefill').waitFor();
  await view.change({ kind: 'text', messageId: 'a', offset: 0, text: text.slice(0, 24) });
  await view.page.getByText('First paragraph.').waitFor();
  await view.page.evaluate(() => {
    document.querySelector('paddock-markdown p').marked = true;
  });
  for (let at = 24; at < text.length; at += 7) {
    await view.change({ kind: 'text', messageId: 'a', offset: at, text: text.slice(at, at + 7) });
  }
  await view.page.getByText('End.').waitFor();
  assert.equal(await view.page.evaluate(() => document.querySelector('paddock-markdown p').marked), true);
  assert.equal(await view.page.locator('[data-testid=prefill]').count(), 0);
  assert.equal(await view.page.locator('.code-block').count(), 1);
});

viewTest(
  'what a model thinks is folded, opens by keyboard and stays open while it streams',
  states.empty,
  async (view) => {
    const text = '<think>\nFirst I look.\n\nThen I **say**.\n</think>\n\nThe answer.';
    const message = (more) => ({ kind: 'message', message: states.answer('a', '', { timings: undefined, ...more }) });
    const type = async (from, to) => {
      await view.change({ kind: 'text', messageId: 'a', offset: from, text: text.slice(from, to) });
    };
    await view.change({ kind: 'message', message: states.question('u', 'Hi') });
    await view.change(message({ status: 'waiting' }));
    await type(0, 20);
    const summary = view.page.getByTestId('thoughts').locator('summary');
    assert.equal(await summary.innerText(), 'Thinking…');
    assert.equal(await view.page.getByText('First I look.').count(), 0, 'closed at first');
    assert.doesNotMatch(await view.page.getByTestId('answer').innerText(), /think>/);

    await summary.focus();
    await view.page.keyboard.press('Enter');
    await view.page.getByText('First I', { exact: false }).waitFor();
    await type(20, 40);
    await view.page.getByText('Then I').waitFor();
    await type(40, text.length);
    await view.page.getByText('The answer.').waitFor();
    await view.change(message({ status: 'stop', text }));
    await view.page.getByTestId('retry').waitFor();
    assert.equal(await summary.innerText(), 'Thoughts');
    assert.ok(await view.page.locator('strong', { hasText: 'say' }).isVisible(), 'still open');
    assert.ok(await summary.evaluate((element) => element === document.activeElement), 'the focus stays');
    await view.page.keyboard.press('Space');
    // A browser tells of the folding in a task of its own, after the key.
    await view.page.getByText('First I look.').waitFor({ state: 'detached' });
    assert.ok(await view.page.getByText('The answer.').isVisible());
  },
);

viewTest(
  'the answer is copied without the thoughts, which are readable where they were cut off',
  states.thought,
  async (view) => {
    await view.page.getByRole('button', { name: 'Copy Answer' }).click();
    const [copied] = (await view.requests()).map(({ params }) => params);
    assert.ok(copied.code.startsWith('`get` takes'), copied.code);
    // The second one has no answer yet: nothing to copy.
    assert.equal(await view.page.getByRole('button', { name: 'Copy Answer' }).count(), 1);
    const last = view.page.getByTestId('answer').last();
    assert.match(await last.innerText(), /Stopped\./);
    assert.ok(await last.getByTestId('retry').isVisible());
    await last.locator('summary').click();
    await last.getByText('A second look-up in the').waitFor();
  },
);

viewTest(
  'finished thoughts are read from their beginning, those that come at their end',
  states.empty,
  async (view) => {
    const log = view.page.getByTestId('log');
    const distance = () => log.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight);
    const show = async (status) => {
      await view.change({
        kind: 'message',
        message: states.answer('a', `<think>\n${'line\n\n'.repeat(60)}`, { status, timings: undefined }),
      });
      await view.page.waitForTimeout(150);
    };
    const summary = view.page.getByTestId('thoughts').locator('summary');
    await show('streaming');
    await summary.click();
    await view.page.waitForTimeout(150);
    assert.ok((await distance()) < 2, 'it follows');
    await summary.evaluate((element) => element.click());
    await show('cancelled');
    await summary.click();
    await view.page.waitForTimeout(150);
    assert.ok(await summary.isVisible());
    assert.ok((await distance()) > 100, 'it stays at the beginning');
    await view.page.getByRole('button', { name: 'Scroll to End' }).waitFor();
    await summary.click();
    await view.page.getByRole('button', { name: 'Scroll to End' }).waitFor({ state: 'detached' });
  },
);

viewTest('the list follows the answer until the user scrolls up', states.conversation, async (view) => {
  const log = view.page.getByTestId('log');
  const distance = () => log.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight);
  const grow = async (from) => {
    for (let n = from; n < from + 5; n++) {
      await view.change({
        kind: 'message',
        message: states.answer('b', 'line\n\n'.repeat(8 * n), { status: 'streaming' }),
      });
    }
    await view.page.waitForTimeout(150);
  };
  await grow(1);
  assert.ok((await distance()) < 2, 'it follows');
  await log.hover();
  await view.page.mouse.wheel(0, -300);
  await view.page.waitForTimeout(150);
  const before = await log.evaluate((element) => element.scrollTop);
  await grow(6);
  assert.equal(await log.evaluate((element) => element.scrollTop), before, 'it stays where the user reads');
  await view.page.getByRole('button', { name: 'Scroll to End' }).click();
  await grow(11);
  assert.ok((await distance()) < 2, 'it follows again');
});

viewTest('first run: a card downloads, resumes and cancels', states.downloading, async (view) => {
  const card = (id) => view.page.locator(`[data-model="${id}"]`);
  assert.match(await card('qwen2.5-coder-1.5b-instruct').innerText(), /410 MB of 1\.1 GB · 11\.4 MB\/s · 1 min left/);
  await card('qwen2.5-coder-1.5b-instruct').getByTestId('cancel-download').click();
  await card('qwen2.5-coder-0.5b-instruct').getByTestId('download').click();
  assert.match(await card('smollm2-135m-instruct').innerText(), /The network cannot be reached/);
  await view.page.getByTestId('add-model').click();
  assert.deepEqual(await view.requests(), [
    { method: 'chat/model', params: { action: 'cancel', id: 'qwen2.5-coder-1.5b-instruct' } },
    { method: 'chat/model', params: { action: 'download', id: 'qwen2.5-coder-0.5b-instruct' } },
    { method: 'chat/action', params: { action: 'addModel' } },
  ]);
});

viewTest('first run: a question waits for a model', states.firstRun, async (view) => {
  await view.page.getByTestId('input').fill('Hi');
  await view.page.keyboard.press('Enter');
  await view.page.getByText('Choose a model first.').waitFor();
  assert.equal(await view.page.getByTestId('input').inputValue(), 'Hi');
  assert.deepEqual(await methods(view), []);
});

viewTest('a model that is loaded has its name, and room for it', states.loading, async (view) => {
  const banner = view.page.getByTestId('banner');
  assert.equal((await banner.innerText()).trim(), 'Loading Qwen2.5-Coder 1.5B Instruct…');
  assert.match(await view.page.getByTestId('model').innerText(), /Qwen2\.5-Coder 1\.5B/);
  const [text, bar] = [banner.getByRole('status'), banner.getByRole('progressbar')];
  const [{ width, height }, { width: whole }] = [await text.boundingBox(), await bar.boundingBox()];
  assert.ok(height < 30 && width > 300 && whole > 300, `${width} x ${height}, bar ${whole}`);
});

viewTest('an error says what to do, with the action as a button', states.failed, async (view) => {
  const error = view.page.getByRole('alert').first();
  assert.match(await error.innerText(), /stopped unexpectedly/);
  await error.getByRole('button', { name: 'Try Again' }).click();
  assert.deepEqual(await methods(view), ['chat/retry']);
});

viewTest('hostile text of a model neither runs nor loads anything', states.empty, async (view) => {
  const loads = [];
  view.page.on('request', (request) => loads.push(request.url()));
  const text =
    '<img src=https://evil.example/x onerror=alert(1)>\n\n![x](https://evil.example/y)\n\n[go](javascript:alert(1))';
  await view.change({ kind: 'message', message: states.answer('a', text) });
  await view.page.getByText('onerror').waitFor();
  await view.page.waitForTimeout(200);
  assert.deepEqual(loads, []);
  assert.equal(await view.page.locator('paddock-markdown img').count(), 0);
});

/** Pastes as the user does, through the clipboard. */
async function paste(view, text) {
  await view.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await view.page.evaluate((value) => navigator.clipboard.writeText(value), text);
  await view.page.getByTestId('input').focus();
  await view.page.keyboard.press('Control+V');
}
const hint = (view) => view.page.locator('paddock-composer .hint');

viewTest('a paste that is too long changes nothing and says so, without a pause', states.conversation, async (view) => {
  const input = view.page.getByTestId('input');
  await input.fill('My draft');
  await paste(view, 'some words\n'.repeat(280_000));
  await hint(view).getByText('too long').waitFor();
  assert.match(await hint(view).innerText(), /3,080,008 characters, at most 200,000/);
  assert.equal(await input.inputValue(), 'My draft');
  await paste(view, '!');
  assert.equal(await input.inputValue(), 'My draft!');
});

viewTest('a question that is too long stays in the composer and is not sent', states.empty, async (view) => {
  const input = view.page.getByTestId('input');
  await input.fill('x'.repeat(1_000_000));
  await input.press('Enter');
  await hint(view).getByText('too long').waitFor();
  assert.equal((await input.inputValue()).length, 1_000_000);
  assert.deepEqual(await methods(view), []);
});

void test('a question that the host refuses comes back with the reason', async () => {
  for (const [answer, words] of [
    [{ done: false, reason: 'A chat is still being opened.' }, 'A chat is still being opened.'],
    [undefined, 'The question was not sent. Try again.'],
  ]) {
    const view = await harness.open(states.empty, {
      answers: answer === undefined ? {} : { 'chat/send': answer },
      failing: answer === undefined ? ['chat/send'] : [],
    });
    const input = view.page.getByTestId('input');
    await input.fill('My question');
    await input.press('Enter');
    await hint(view).getByText(words).waitFor();
    assert.equal(await input.inputValue(), 'My question');
    await view.close();
  }
});

void test('a file that is too large says why it was not attached', async () => {
  const reason = 'main.log is too long to attach.';
  const view = await harness.open(states.empty, { answers: { 'chat/attach': { done: false, reason } } });
  await view.page.getByTestId('attach').click();
  await hint(view).getByText(reason).waitFor();
  await view.close();
});

const withAnswer = (answer) => ({
  ...states.conversation,
  messages: [states.conversation.messages[0], { ...states.conversation.messages[1], ...answer }],
});

viewTest(
  'a question that is too long can be shortened',
  withAnswer({
    text: '',
    status: 'failed',
    error: { code: 'promptTooLong', message: 'Too long.', actions: ['editQuestion', 'openSettings'] },
  }),
  async (view) => {
    await view.page.getByRole('button', { name: 'Shorten the Question' }).click();
    assert.match(await view.page.getByTestId('input').inputValue(), /^How does this cache work/);
    assert.deepEqual(await methods(view), []);
  },
);

viewTest(
  'left out messages and files are told in sentences',
  withAnswer({
    omitted: [
      { kind: 'messages', what: '4', tokens: 900 },
      { kind: 'attachment', what: 'main.ts', tokens: 100 },
    ],
  }),
  async (view) => {
    const note = view.page.locator('.note', { hasText: 'left out' });
    assert.equal(
      await note.innerText(),
      '4 earlier messages were left out because they did not fit. main.ts was left out or cut because it did not fit.',
    );
  },
);

viewTest(
  'a question that waits for an edit says so',
  withAnswer({ text: '', status: 'waiting', waitingFor: 'edit', timings: undefined }),
  async (view) => {
    await view.page.getByText('Waiting for the edit to finish…').waitFor();
  },
);

viewTest(
  'an answer that has begun and waits for an edit says so below its text',
  withAnswer({ text: 'It begins', status: 'streaming', waitingFor: 'edit', timings: undefined }),
  async (view) => {
    await view.page.getByText('It begins').waitFor();
    await view.page.locator('.note', { hasText: 'Waiting for the edit to finish…' }).waitFor();
  },
);

viewTest(
  'a wide table scrolls and keeps its words whole',
  withAnswer({
    text: '| Implementation | Allocation | Synchronization | Throughput | Responsibility | Documentation |\n|---|---|---|---|---|---|\n| a | b | c | d | e | f |',
  }),
  async (view) => {
    const table = view.page.locator('.markdown table');
    const [width, inner, height] = await table.evaluate((element) => [
      element.clientWidth,
      element.scrollWidth,
      element.querySelector('th').clientHeight,
    ]);
    assert.ok(inner > width, 'it scrolls sideways');
    assert.ok(height < 40, `each heading is one line, not ${height} px`);
  },
);

viewTest('the buttons of a code block stay while it is written', states.conversation, async (view) => {
  const message = { ...states.conversation.messages[1], id: 'new', status: 'streaming', text: '```js\nlet a;\n' };
  await view.change({ kind: 'message', message });
  const button = view.page.locator('.live .code-block button').first();
  await button.waitFor();
  const box = await button.boundingBox();
  await view.page.mouse.move(box.x + 5, box.y + 5);
  await view.page.mouse.down();
  for (let line = 0; line < 5; line++) {
    await view.change({ kind: 'text', messageId: 'new', offset: 13 + line * 7, text: 'let b;\n' });
    await view.page.waitForTimeout(40);
  }
  const now = await button.boundingBox();
  await view.page.mouse.move(now.x + 5, now.y + 5);
  await view.page.mouse.up();
  await view.page.waitForFunction(() => globalThis.requests.some(({ method }) => method === 'chat/code'));
});

void test('the model button shows its size in a narrow bar', async () => {
  const view = await harness.open(states.conversation, { width: 200 });
  const button = view.page.getByTestId('model');
  const { width } = await button.boundingBox();
  assert.ok(width >= 60, `${width} px`);
  const size = button.locator('.model-size');
  const [outer, inner] = [await button.boundingBox(), await size.boundingBox()];
  assert.match(await size.innerText(), /^\d+(\.\d+)?[BM]$/);
  assert.ok(inner.x + inner.width <= outer.x + outer.width + 1, 'the size is inside');
  await view.close();
});

void test('the policy of the page names no network, no other base and no target of a form', async () => {
  const view = await harness.open(states.empty);
  const outcome = await view.page.evaluate(async () => {
    const base = document.createElement('base');
    base.href = 'https://example.invalid/';
    document.head.append(base);
    const isOwnBase = !document.baseURI.includes('example.invalid');
    const refused = [];
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => refused.push(effectiveDirective));
    await fetch('/chat.css').catch(() => undefined);
    new Image().src = 'https://example.invalid/x.png';
    document.head.append(Object.assign(document.createElement('style'), { textContent: 'body { color: red }' }));
    document.head.append(Object.assign(document.createElement('script'), { textContent: 'globalThis.ran = true' }));
    const form = document.body.appendChild(document.createElement('form'));
    form.action = 'https://example.invalid/';
    form.submit();
    await new Promise((resolve) => setTimeout(resolve, 100));
    return { isOwnBase, ran: globalThis.ran, refused: [...new Set(refused)].sort((a, b) => a.localeCompare(b)) };
  });
  assert.deepEqual(outcome, {
    isOwnBase: true,
    ran: undefined,
    refused: ['base-uri', 'connect-src', 'form-action', 'img-src', 'script-src-elem', 'style-src-elem'],
  });
  await view.close();
});
