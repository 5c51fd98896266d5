/** A conversation with a real model: streamed, stopped, hidden, reloaded, killed. */
import assert from 'node:assert/strict';
import { cpuMs, enginePid, extensionHostPids, internetSockets, msUntilIdle, smallest } from './support/processes.mjs';
import { scenario, testModels } from './support/scenario.mjs';

const step = scenario(() => ({
  models: testModels(),
  settings: { 'paddock.model': 'qwen2.5-coder-0.5b-instruct', 'paddock.temperature': 0 },
}));

/** After a stop the engine may finish the kernel phase it is in, no more. */
const longestStopMs = 200;
/** Several thousand tokens: reading them takes a CPU many seconds. */
const longText = Array.from(
  { length: 160 },
  (_, n) => `${n}: the quick brown fox number ${n * 7} jumps over the lazy dog`,
).join('\n');

const longestActivationMs = 100;

step('activation takes less than 100 ms and starts no engine', async (window) => {
  assert.equal(await enginePid(window.server), undefined);
  const activation = await smallest(longestActivationMs, async (attempt) => {
    if (attempt > 0) await window.load();
    await window.command('Developer: Show Running Extensions');
    const row = window.page.locator('.runtime-extensions-editor .monaco-list-row', { hasText: 'Paddock' });
    const [, ms] = /Activation:\s*(\d+)\s*ms/.exec(await row.first().innerText()) ?? [];
    assert.ok(ms !== undefined, 'the running extensions show no activation time');
    console.log(`# activation ${ms} ms`);
    await window.closeEditors();
    return Number(ms);
  });
  assert.ok(activation < longestActivationMs, `activation took ${activation} ms`);
});

step(
  'the chat opens, the model is loaded and the status bar says ready',
  async (window) => {
    await window.chat.open();
    await window.statusIs('ready', 120_000);
    await window.chat.welcome.waitFor();
    assert.ok((await enginePid(window.server)) !== undefined);
    await window.screenshot('ready');
  },
  { essential: true },
);

step(
  'a question gets a streamed answer, and no socket is opened',
  async (window) => {
    const pid = await enginePid(window.server);
    const [host] = await extensionHostPids(window.server);
    const hostSockets = (await internetSockets(host)).length;
    await window.chat.ask('Write a JavaScript function that reverses a string. Then explain it in two sentences.');
    const partial = await window.chat.partialAnswer(10);
    assert.deepEqual(await internetSockets(pid), []);
    await window.statusIs('answering');
    await window.screenshot('streaming');
    const whole = await window.chat.answer();
    assert.ok(whole.length > partial.length, 'it grew');
    assert.match(whole, /reverse/i);
    assert.match(await window.chat.frame.getByTestId('timings').last().innerText(), /^[\d.]+ tokens\/s$/);
    assert.deepEqual(await internetSockets(pid), []);
    assert.equal((await internetSockets(host)).length, hostSockets);
    await window.statusIs('ready');
    await window.screenshot('answered');
  },
  { essential: true },
);

step('a code block is copied', async (window) => {
  await window.chat.frame.locator('[data-action=copy]').first().click();
  await window.page.waitForTimeout(300);
  assert.match(await window.page.evaluate(() => navigator.clipboard.readText()), /reverse/i);
});

step('the second turn knows the first', async (window) => {
  await window.command('Paddock: New Chat');
  await window.chat.welcome.waitFor();
  await window.chat.ask('My dog is called Biscuit. Reply with OK.');
  await window.chat.answer();
  await window.chat.ask('What is my dog called? Reply with the name only.');
  assert.match(await window.chat.answer(), /Biscuit/);
});

step('Escape stops the answer while it is written, and the engine rests at once', async (window) => {
  const ms = await smallest(longestStopMs, async () => {
    await window.chat.ask('Count from 1 to 500 in words, one per line.');
    const partial = await window.chat.partialAnswer(20);
    const pid = await enginePid(window.server);
    const taken = await msUntilIdle(window, pid, () => window.chat.input.press('Escape'));
    const text = await window.chat.answer(['cancelled']);
    // The last line may be half of a list's marker: "5" is shown until "5." begins an item, whose number is no text.
    const wholeLines = partial.slice(0, partial.lastIndexOf('\n') + 1).trim();
    assert.ok(wholeLines !== '' && text.startsWith(wholeLines), `“${wholeLines}” is kept in “${text}”`);
    return taken;
  });
  assert.ok(ms <= longestStopMs, `it computed for ${ms} ms`);
  await window.screenshot('stopped');
});

step('Stop works while the question is read, and the engine rests at once', async (window) => {
  const ms = await smallest(longestStopMs, async (attempt) => {
    await window.command('Paddock: New Chat');
    await window.chat.welcome.waitFor();
    // Another beginning each time: what was read before is still in the cache.
    await window.chat.ask(`${attempt + 1}. Summarize this:\n${longText}`);
    await window.chat.prefill.filter({ hasText: 'left' }).waitFor({ timeout: 60_000 });
    await window.screenshot('prefill');
    const pid = await enginePid(window.server);
    // By the keyboard: before a click the driver looks at the button for as long as the engine may take to stop.
    const taken = await msUntilIdle(window, pid, () => window.chat.stopButton.press('Enter'));
    await window.chat.answer(['cancelled']);
    return taken;
  });
  assert.ok(ms <= longestStopMs, `it computed for ${ms} ms`);
});

step('an answer goes on while the view is hidden', async (window) => {
  await window.command('Paddock: New Chat');
  await window.chat.welcome.waitFor();
  await window.chat.ask('List the planets of the solar system, one per line, with one fact each.');
  await window.chat.partialAnswer(5);
  await window.page.keyboard.press('Control+Shift+E');
  await window.statusIs('ready', 120_000);
  await window.chat.open();
  assert.match(await window.chat.answer(), /Neptune/i);
});

step('the chat is intact after reloading the window', async (window) => {
  const before = await window.chat.answer();
  await window.load();
  await window.chat.open();
  assert.equal(await window.chat.answer(), before);
  assert.match(await window.chat.questions.last().innerText(), /planets/);
  await window.screenshot('reloaded');
});

step('kill -9 of the engine while it answers loses nothing, and Try Again works', async (window) => {
  await window.statusIs('ready', 120_000);
  await window.chat.ask('Count from 1 to 300 in words, one per line.');
  const partial = await window.chat.partialAnswer(20);
  const pid = await enginePid(window.server);
  process.kill(pid, 'SIGKILL');
  await window.chat.error.waitFor({ timeout: 10_000 });
  await window.screenshot('killed');
  assert.match(await window.chat.error.innerText(), /The engine stopped unexpectedly/);
  assert.ok((await window.chat.answer(['failed'])).length >= partial.length);
  await window.statusIs('ready', 120_000);
  assert.notEqual(await enginePid(window.server), pid);
  await window.chat.error.getByRole('button', { name: 'Try Again' }).click();
  // The failed answer goes first: its text is not that of the new one.
  await window.chat.error.waitFor({ state: 'detached' });
  await window.chat.partialAnswer(20);
  await window.chat.input.press('Escape');
  await window.chat.answer(['cancelled']);
  assert.equal(await window.chat.questions.count(), 2);
});

step('earlier chats can be opened again and exported', async (window) => {
  await window.command('Paddock: Show Chats');
  await window.page.locator('.quick-input-list .monaco-list-row').nth(1).waitFor();
  await window.screenshot('history');
  await window.pick('reverses a string');
  await window.chat.questions.filter({ hasText: 'reverses a string' }).waitFor();
  await window.command('Paddock: Export Chat as Markdown');
  await window.editorFocused();
  await window.page
    .locator('.view-line', { hasText: /##\sQuestion/ })
    .first()
    .waitFor();
  await window.closeEditors();
});

step('the engine does not compute when nothing is asked', async (window) => {
  const pid = await enginePid(window.server);
  const before = await cpuMs(pid);
  await window.page.waitForTimeout(2000);
  assert.ok((await cpuMs(pid)) - before <= 40);
});

for (const theme of ['Dark Modern', 'Light Modern', 'Dark High Contrast', 'Light High Contrast']) {
  step(`the chat in ${theme}`, async (window) => {
    await window.command('Preferences: Color Theme');
    await window.page.waitForTimeout(500);
    await window.pick(theme);
    await window.page.waitForTimeout(800);
    await window.screenshot(`theme-${theme.toLowerCase().replaceAll(' ', '-')}`);
    assert.ok(await window.chat.answers.first().isVisible());
  });
}
