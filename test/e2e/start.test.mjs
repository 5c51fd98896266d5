/** What `npm start` itself starts: the window is there, the chat is open, the default model answers. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { browserArguments, findBrowser } from '../workbench/browser.mjs';
import { root } from '../workbench/process.mjs';
import { ChatView } from './support/chat-view.mjs';
import { testModels } from './support/scenario.mjs';

void test('npm start ends with the chat ready on the default model', { timeout: 900_000 }, async () => {
  const child = spawn(process.execPath, [join(root, 'test/workbench/start.mjs'), '--no-open', '--fresh'], {
    env: { ...process.env, PADDOCK_MODELS: testModels() },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const browser = await chromium.launch({ executablePath: await findBrowser(), args: browserArguments });
  try {
    const address = await printedAddress(child);
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
    await page.goto(address, { waitUntil: 'commit' });
    const chat = new ChatView({ page });
    await chat.input.waitFor({ timeout: 120_000 });
    await chat.frame.getByTestId('model').filter({ hasText: 'Qwen2.5 Coder 1.5B' }).waitFor({ timeout: 120_000 });
    await chat.ask('Which keyword declares a constant in JavaScript? Reply with the keyword only.');
    assert.match(await chat.answer(), /const/);
  } finally {
    await browser.close();
    child.kill('SIGINT');
    await new Promise((resolve) => {
      if (child.exitCode === null) child.once('exit', resolve);
      else resolve();
    });
  }
});

function printedAddress(child) {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (data) => {
      output += data;
      const address = /http:\/\/127\.0\.0\.1:\d+\/\S+/.exec(output)?.[0];
      if (address !== undefined) resolve(address);
    });
    child.once('exit', (code) => reject(new Error(`npm start ended with ${code}:\n${output.slice(-2000)}`)));
  });
}
