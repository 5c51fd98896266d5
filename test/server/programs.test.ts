/**
 * Programs beside the process that all windows share: long work sleeps while a model answers there, and gives the same
 * results; a question is answered by the model that is in memory there.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { newProject } from '../../extension/client/lab/lab-edit.ts';
import { LabRunProgress, RunLab, SaveLab } from '../../extension/protocol/lab.ts';
import { Chat, LoadModel } from '../../extension/protocol/server.ts';
import type { GenerationResult } from '../../extension/protocol/server.ts';
import { question, root, smallModel, startChild } from './child.ts';
import type { Child } from './child.ts';
import { RoomWorld } from './room.ts';
import type { TestWindow } from './room.ts';

const slow = 120_000;

let world: RoomWorld;
let folder: string;
beforeEach(async () => {
  world = await RoomWorld.create();
  folder = await mkdtemp(join(tmpdir(), 'paddock-give-way-'));
});
afterEach(async () => {
  await world.dispose();
  await rm(folder, { recursive: true, force: true });
}, slow);

const openWindow = async (): Promise<TestWindow> => {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  return world.open({ version });
};
const ask = (window: TestWindow): Promise<GenerationResult> =>
  window.connection.send(Chat.method, { ...question, maxTokens: 24 }, undefined) as Promise<GenerationResult>;

/** Collects three answers of 80 tokens and returns them. */
async function collectIn({ connection }: Child, name: string, onWait: (waits: boolean) => void): Promise<string> {
  const place = join(folder, name);
  const questions = join(folder, 'questions.txt');
  await writeFile(questions, ['one', 'two', 'three'].map((n) => `Tell a long story about ${n} dogs.`).join('\n'));
  const project = newProject(name, smallModel);
  const asked = { files: [questions], code: [], teacher: smallModel, limit: 0, maxTokens: 80, temperature: 0.7 };
  await connection.sendRequest(SaveLab, { folder: place, project: { ...project, questions: asked } });
  connection.onProgress(LabRunProgress, name, (part) => void ('waits' in part && onWait(part.waits)));
  await connection.sendRequest(RunLab, { folder: place, until: 'collect', partialResultToken: name });
  const [made = ''] = await readdir(join(place, 'collect'));
  return readFile(join(place, 'collect', made, 'answers-00001.jsonl'), 'utf8');
}

test(
  'the lab sleeps while a window is answered, also by a process that starts later, and nothing changes in its results',
  async () => {
    const child = await startChild();
    try {
      const whole = await collectIn(child, 'alone', () => expect.unreachable());
      expect(whole.split('\n')).toHaveLength(4);
      const window = await openWindow();
      await window.connection.send(LoadModel.method, { id: smallModel }, undefined);
      const waits: boolean[] = [];
      const run = collectIn(child, 'beside', (wait) => void waits.push(wait));
      for (let count = 0; count < 2; count++) {
        expect((await ask(window)).text).not.toBe('');
        await sleep(700);
      }
      expect(await run).toBe(whole);
      expect(waits.slice(0, 2)).toEqual([true, false]);
      expect(waits.at(-1)).toBe(false);
    } finally {
      await child.stop();
    }
  },
  slow,
);

test(
  'the terminal is answered by the model that the editor has in memory, and loads none',
  async () => {
    const window = await openWindow();
    await window.connection.send(LoadModel.method, { id: smallModel }, undefined);
    const { text, contextLength } = await ask(window);
    const program = [
      join(root, 'dist', 'cli.js'),
      'ask',
      question.messages[0].content,
      '--json',
      '--model',
      smallModel,
    ];
    const run = (...more: string[]) =>
      promisify(execFile)(process.execPath, [...program, '--max-tokens', '24', '--temperature', '0', ...more]);
    const { stdout, stderr } = await run();
    expect(JSON.parse(stdout)).toMatchObject({ text, contextLength });
    expect(stderr).not.toContain('loading');
    await vi.waitFor(() => expect(window.states.at(-1)).toMatchObject({ kind: 'ready' }));
    expect(window.states.map((state) => ('elsewhere' in state ? state.kind : ''))).toContain('answering');
    // With settings of its own it loads the model itself.
    const own = JSON.parse((await run('--context', '512')).stdout) as GenerationResult;
    expect(own.contextLength).toBe(512);
  },
  slow,
);
