/**
 * Kills the engine, the extension host and the VS Code server at random moments while the chat answers and edits stream
 * in: `node test/e2e/kills.mjs [--kills N] [--seed N]`, 200 by default, some 40 minutes. After each, everything that
 * was
 * shown before must still be there, and no file may be left over. Ends with `N passed, N failed`.
 */
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { conclude } from '../workbench/node-tests.mjs';
import { packExtension } from '../workbench/package.mjs';
import { main } from '../workbench/process.mjs';
import { installVscode } from '../workbench/vscode.mjs';
import { enginePid, parentOf } from './support/processes.mjs';
import { openWindow } from './support/window.mjs';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '200' }, seed: { type: 'string', default: String(Date.now() % 1e9) } },
});

await main(async () => {
  await installVscode();
  process.env.PADDOCK_VSIX ??= await packExtension();
  const models = process.env.PADDOCK_MODELS ?? join(homedir(), '.local', 'share', 'paddock', 'models');
  const window = await openWindow({
    models,
    settings: { 'paddock.model': 'smollm2-135m-instruct', 'paddock.maxTokens': 400 },
  });
  const random = generator(Number(values.seed));
  console.log(`seed ${values.seed}`);
  let passed = 0;
  try {
    await window.chat.open();
    const asked = [];
    for (let kill = 1; kill <= Number(values.kills); kill += 1) {
      const target = targets[random(targets.length)];
      // A long conversation makes each question slower; a new one begins now and then.
      if (asked.length >= 8) {
        await window.command('Paddock: New Chat');
        asked.length = 0;
      }
      await once(
        window,
        target,
        `question ${kill}, please tell me about ${topics[random(topics.length)]}`,
        asked,
        random,
      );
      passed += 1;
      console.log(`${kill}: ${target.name}`);
    }
    await noLeftovers(window, models);
    conclude([passed, 0]);
  } catch (error) {
    console.error(error);
    await window.screenshot('failed-kills');
    conclude([passed, 1]);
  } finally {
    await window.close();
  }
});

const topics = ['loops', 'sorting', 'recursion', 'tests', 'closures', 'queues'];

/** Each kills something and brings the window back to where a user can go on. */
const targets = [
  {
    name: 'engine',
    kill: async (window) => process.kill(await enginePid(window.server.pid), 'SIGKILL'),
    recover: (window) => window.statusIs('ready', 60_000),
  },
  {
    name: 'extension host',
    kill: async (window) => process.kill(await parentOf(await enginePid(window.server.pid)), 'SIGKILL'),
    recover: reload,
  },
  {
    name: 'server',
    kill: async (window) => process.kill(-window.server.pid, 'SIGKILL'),
    recover: async (window) => {
      await window.startServer();
      await reload(window);
    },
  },
];

async function reload(window) {
  await window.load();
  await window.chat.open();
}

/** A question, a kill while it is answered, and what must be there afterwards. */
async function once(window, { kill, recover }, question, asked, random) {
  const { chat } = window;
  await chat.ask(question);
  asked.push(question);
  await window.statusIs(/ready|answering|reading/, 60_000).catch(() => {});
  await window.page.waitForTimeout(random(2500));
  const shown = await chat.frame
    .locator('paddock-answer')
    .last()
    .locator('paddock-markdown')
    .innerText()
    .catch(() => '');
  await window.page.waitForTimeout(300);
  await kill(window);
  await window.page.waitForTimeout(random(500));
  await recover(window);
  await chat.questions.filter({ hasText: question }).first().waitFor({ timeout: 60_000 });
  const questions = await chat.questions.allInnerTexts();
  for (const one of asked)
    assert.ok(
      questions.some((text) => text.includes(one)),
      `“${one}” is gone`,
    );
  const now = await chat.frame
    .locator('paddock-answer')
    .last()
    .locator('paddock-markdown')
    .innerText()
    .catch(() => '');
  const words = (text) => text.replaceAll(/\s+/g, ' ').trim();
  // What is on the screen is in the file a quarter of a second later.
  const kept = words(shown).slice(0, -80);
  assert.ok(words(now).startsWith(kept), `the answer has lost text: ${kept.slice(-100)}`);
  await logsAreWhole(window);
}

/** Every line of every log but an unfinished last one is a record. */
async function logsAreWhole(window) {
  const names = await readdir(window.server.userFolder, { recursive: true });
  for (const name of names.filter((one) => /chats.*\.jsonl$/.test(one))) {
    const lines = (await readFile(join(window.server.userFolder, name), 'utf8')).split('\n').slice(0, -1);
    const broken = lines.filter((line) => line !== '' && !isJson(line)).length;
    assert.ok(broken <= 1 + lines.length / 10, `${name} has ${broken} broken lines of ${lines.length}`);
  }
}

function isJson(line) {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

async function noLeftovers(window, models) {
  const names = [...(await readdir(window.server.userFolder, { recursive: true })), ...(await readdir(models))];
  assert.deepEqual(
    names.filter((name) => /\.(?:tmp|partial)$/.test(name) && /paddock|chats/.test(name)),
    [],
  );
}

/** Whole numbers below a bound, the same for a seed (xorshift32). */
function generator(seed) {
  let state = seed % 2 ** 31 || 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}
