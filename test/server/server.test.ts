/** The built child with a real engine and a real small model, over node IPC. */
import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CancellationTokenSource } from 'vscode-jsonrpc';
import {
  AddModel,
  Chat,
  ClearCache,
  CommitMessage,
  Complete,
  CountTokens,
  DownloadModel,
  Edit,
  PlaceCode,
  EngineStateChanged,
  GenerationProgress,
  ListModels,
  LoadModel,
  LoadModelProgress,
  RemoveModel,
  UnloadModel,
} from '../../extension/protocol/server.ts';
import type { EngineState, GenerationPart } from '../../extension/protocol/server.ts';
import { codeOf, longAnswer, question, root, smallModel, startChild } from './child.ts';
import type { Child } from './child.ts';

const slow = 120_000;

describe('a child with a model', () => {
  let child: Child;
  const states: EngineState[] = [];

  beforeAll(async () => {
    // No other one completes code beside it.
    child = await startChild({ completionModel: smallModel });
    child.connection.onNotification(EngineStateChanged, ({ role, state }) => {
      if (role === 'chat') states.push(state);
    });
    const fractions: number[] = [];
    child.connection.onProgress(LoadModelProgress, 'load', ({ fraction }) => void fractions.push(fraction));
    const info = await child.connection.sendRequest(LoadModel, { id: smallModel, partialResultToken: 'load' });
    expect(info).toMatchObject({ architecture: 'llama', contextLength: 2048 });
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  }, slow);
  afterAll(() => child.stop());

  test(
    'keeps a conversation for the next child, until it is told to forget',
    async () => {
      const data = await mkdtemp(join(tmpdir(), 'paddock-data-'));
      const options = { snapshotBytes: 2 ** 30 };
      const env = { XDG_DATA_HOME: data, LOCALAPPDATA: data, HOME: data };
      const text = Array.from({ length: 200 }, (_, index) => `word${index}`).join(' ');
      const messages = [{ role: 'user', content: `Count these words: ${text}` }] as const;
      const cachedIn = async (forget: boolean): Promise<number> => {
        const other = await startChild(options, env);
        await other.connection.sendRequest(LoadModel, { id: smallModel });
        const { timings } = await other.connection.sendRequest(Chat, { messages, maxTokens: 4 });
        if (forget) {
          await other.connection.sendRequest(ClearCache);
        } else {
          await other.connection.sendRequest(UnloadModel);
        }
        await other.stop();
        return timings.cachedTokens;
      };
      expect(await cachedIn(false)).toBe(0);
      expect(await cachedIn(true)).toBeGreaterThan(100);
      expect(await cachedIn(false)).toBe(0);
      await rm(data, { recursive: true });
    },
    slow,
  );

  test('says what it does', () => {
    expect(states.map((state) => state.kind)).toEqual(expect.arrayContaining(['loading', 'ready']));
  });

  test(
    'streams an answer whose parts add up',
    async () => {
      const parts: GenerationPart[] = [];
      const progress = child.connection.onProgress(GenerationProgress, 'chat', (part) => void parts.push(part));
      const result = await child.connection.sendRequest(Chat, {
        ...question,
        maxTokens: 24,
        partialResultToken: 'chat',
      });
      progress.dispose();
      expect(result.text).not.toBe('');
      expect(parts.map((part) => part.seq)).toEqual(parts.map((_, index) => index));
      expect(parts[0]?.kind).toBe('prefill');
      expect(parts.map((part) => (part.kind === 'text' ? part.text : '')).join('')).toBe(result.text);
      expect(result.timings.promptTokens + result.timings.completionTokens).toBe(result.contextUsed);
      expect(result.timings.decodeTokensPerSecond).toBeGreaterThan(0);
    },
    slow,
  );

  test(
    'greedy answers repeat, and the second finds its prompt in the cache',
    async () => {
      const ask = () => child.connection.sendRequest(Chat, { ...question, maxTokens: 16 });
      const [first, second] = [await ask(), await ask()];
      expect(second.text).toBe(first.text);
      expect(second.timings.cachedTokens).toBeGreaterThan(second.timings.promptTokens / 2);
    },
    slow,
  );

  test(
    'stops while it decodes, keeps the text, and the engine rests',
    async () => {
      const source = new CancellationTokenSource();
      const progress = child.connection.onProgress(GenerationProgress, 'stop', (part) => {
        if (part.kind === 'text' && part.tokens > 8) {
          source.cancel();
        }
      });
      const result = await child.connection.sendRequest(
        Chat,
        { ...longAnswer, partialResultToken: 'stop' },
        source.token,
      );
      progress.dispose();
      expect(result.finishReason).toBe('cancelled');
      expect(result.text).not.toBe('');
      await new Promise((resolve) => setTimeout(resolve, 200));
      const before = await cpuTicks(child);
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect((await cpuTicks(child)) - before).toBeLessThan(5);
    },
    slow,
  );

  test(
    'stops while it reads the prompt',
    async () => {
      const source = new CancellationTokenSource();
      const content = Array.from({ length: 50 }, (_, line) => `line ${line}: ${Math.sin(line)}`)
        .join('\n')
        .slice(0, 2400);
      const progress = child.connection.onProgress(GenerationProgress, 'prefill', (part) => {
        if (part.kind === 'prefill') {
          source.cancel();
        }
      });
      const params = { messages: [{ role: 'user', content }], partialResultToken: 'prefill' } as const;
      const result = await child.connection.sendRequest(Chat, params, source.token);
      progress.dispose();
      expect(result).toMatchObject({ finishReason: 'cancelled' });
    },
    slow,
  );

  test(
    'a second request waits for the first',
    async () => {
      const both = await Promise.all(
        [1, 2].map(() => child.connection.sendRequest(Chat, { ...question, maxTokens: 8 })),
      );
      expect(both.map((result) => result.text)).toEqual([both[0]?.text, both[0]?.text]);
    },
    slow,
  );

  test(
    'rewrites a selection',
    async () => {
      const params = {
        kind: 'rewrite',
        instruction: 'Rename a to total.',
        path: 'a.py',
        languageId: 'python',
        text: 'def f():\n    a = 1\n    return 2\n',
        start: 9,
        end: 19,
        diagnostics: [],
      } as const;
      const result = await child.connection.sendRequest(Edit, params);
      // A selection of whole lines means the code in them.
      expect(params.text.slice(result.start, result.end)).toBe('a = 1');
      expect(result.replacement).toBe(result.replacement.trim());
      expect(result.syntax).toEqual({ kind: 'ok' });
    },
    slow,
  );

  test(
    'writes a commit message',
    async () => {
      const patch = '@@ -1 +1,2 @@\n def f():\n+    return 1';
      const files = [{ path: 'a.py', change: 'modified', added: 1, removed: 0, patch }] as const;
      const params = { files, recentSubjects: ['Add b'], draft: '' };
      const { message, finishReason } = await child.connection.sendRequest(CommitMessage, params);
      expect(['stop', 'length']).toContain(finishReason);
      expect(message.split('\n')[0]?.length).toBeLessThanOrEqual(72);
    },
    slow,
  );

  test('finds the place of a block of code', async () => {
    const text = 'import os\n\n\ndef f():\n    return 1\n';
    const params = { text, languageId: 'python', code: 'def f():\n    return 2' };
    const result = await child.connection.sendRequest(PlaceCode, params);
    expect(result).toEqual({ kind: 'replace', start: 12, end: 33, replacement: params.code, leftOut: 0 });
  });

  test('says of a model that was not trained to complete code that it was not', async () => {
    const params = { path: 'a.ts', languageId: 'typescript', prefix: 'let a = ', suffix: '', automatic: true };
    const recent = [{ path: 'b.ts', startLine: 1, text: 'let a = 1;' }];
    const request = child.connection.sendRequest(Complete, { ...params, folder: root, recent });
    await expect(request).rejects.toThrow('not trained to complete code');
    const wrong = { ...params, recent: [{ path: 'b.ts', startLine: 0, text: '' }] };
    expect(await codeOf(child.connection.sendRequest(Complete, wrong))).toBe('invalidArgument');
    const many = { ...params, recent: Array.from({ length: 13 }, () => recent[0]) };
    expect(await codeOf(child.connection.sendRequest('paddock/complete', many))).toBe('invalidArgument');
  });

  test('counts tokens; control tokens of the user are text', async () => {
    const { tokens } = await child.connection.sendRequest(CountTokens, { text: '<|im_end|>' });
    expect(tokens).toBeGreaterThan(1);
  });

  test(
    'bad messages end in words and the child goes on',
    async () => {
      const send = (method: string, params: unknown) => codeOf(child.connection.sendRequest(method, params));
      expect(await send('paddock/chat', { messages: [] })).toBe('invalidArgument');
      expect(await send('paddock/chat', { messages: [{ role: 'robot', content: 'x' }] })).toBe('invalidArgument');
      expect(await send('paddock/chat', { messages: [{ role: 'user', content: 7 }] })).toBe('invalidArgument');
      expect(await send('paddock/edit', { kind: 'eat' })).toBe('invalidArgument');
      expect(await send('paddock/commitMessage', { files: [{}] })).toBe('invalidArgument');
      expect(await send('paddock/placeCode', { text: 'x' })).toBe('invalidArgument');
      expect(await send('paddock/tokens', { text: null })).toBe('invalidArgument');
      expect(
        await codeOf(
          child.connection.sendRequest(Chat, { messages: [{ role: 'user', content: 'word '.repeat(5000) }] }),
        ),
      ).toBe('promptTooLong');
      expect((await child.connection.sendRequest(CountTokens, { text: 'still here' })).tokens).toBeGreaterThan(0);
    },
    slow,
  );

  test(
    'lists models with their memory, and says what cannot be loaded',
    async () => {
      const { entries } = await child.connection.sendRequest(ListModels);
      expect(entries.find((entry) => entry.id === smallModel)).toMatchObject({ state: 'installed', fit: 'fits' });
      const load = (id: string) => codeOf(child.connection.sendRequest(LoadModel, { id }));
      expect(await load('/nowhere/model.gguf')).toBe('notFound');
      expect(await load(tmpdir())).toBe('notAFile');
      expect(await codeOf(child.connection.sendRequest(DownloadModel, { id: 'no-such-model' }))).toBe('notFound');
    },
    slow,
  );

  test(
    'gives the memory back',
    async () => {
      await child.connection.sendRequest(UnloadModel);
      expect(await codeOf(child.connection.sendRequest(Chat, question))).toBe('noModel');
      expect(states.at(-1)).toEqual({ kind: 'noModel' });
    },
    slow,
  );
});

describe('files that are no model', () => {
  let folder = '';
  let child: Child;
  let model = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'paddock-server-'));
    child = await startChild({ modelsFolder: folder });
    const installed = await startChild();
    const { entries } = await installed.connection.sendRequest(ListModels);
    await installed.stop();
    model = entries.find((entry) => entry.id === smallModel)?.path ?? '';
  }, slow);
  afterAll(async () => {
    await child.stop();
    await rm(folder, { recursive: true });
  });

  test(
    'text, an empty file, a cut one and a wild header are invalidModel',
    async () => {
      const cut = join(folder, 'cut.gguf');
      await copyFile(model, cut);
      await truncate(cut, 3_000_000);
      const wild = join(folder, 'wild.gguf');
      await writeFile(wild, Buffer.concat([Buffer.from('GGUF'), Buffer.from([3, 0, 0, 0]), Buffer.alloc(16, 0xff)]));
      const text = join(folder, 'text.gguf');
      await writeFile(text, 'This is not a model.');
      const empty = join(folder, 'empty.gguf');
      await (await open(empty, 'w')).close();
      for (const path of [cut, wild, text, empty]) {
        expect([path, await codeOf(child.connection.sendRequest(AddModel, { path }))]).toEqual([path, 'invalidModel']);
        expect([path, await codeOf(child.connection.sendRequest(LoadModel, { id: path }))]).toEqual([
          path,
          'invalidModel',
        ]);
      }
    },
    slow,
  );

  test(
    'a file elsewhere is added, loaded, and forgotten without being touched',
    async () => {
      const entry = await child.connection.sendRequest(AddModel, { path: model });
      expect(entry).toMatchObject({ source: 'user', state: 'installed', path: model });
      await child.connection.sendRequest(LoadModel, { id: entry.id });
      await child.connection.sendRequest(RemoveModel, { id: entry.id });
      expect((await readFile(model)).subarray(0, 4).toString()).toBe('GGUF');
    },
    slow,
  );
});

describe('the life of the child', () => {
  test(
    'kill -9 while it answers ends the connection; a new child answers',
    async () => {
      const child = await startChild();
      const lost = new Promise<void>((resolve) => child.connection.onClose(resolve));
      await child.connection.sendRequest(LoadModel, { id: smallModel });
      const progress = new Promise<void>((resolve) =>
        child.connection.onProgress(GenerationProgress, 'kill', () => resolve()),
      );
      const pending = codeOf(child.connection.sendRequest(Chat, { ...longAnswer, partialResultToken: 'kill' }));
      await progress;
      child.process.kill('SIGKILL');
      expect(await child.exited).toBe('SIGKILL');
      child.connection.dispose();
      expect(await pending).not.toBe('no error');
      void lost;
      const next = await startChild();
      await next.connection.sendRequest(LoadModel, { id: smallModel });
      expect((await next.connection.sendRequest(Chat, { ...question, maxTokens: 4 })).text).not.toBe('');
      await next.stop();
    },
    slow,
  );

  test(
    'it ends when its parent dies',
    async () => {
      const script = `
      import { fork } from 'node:child_process';
      const child = fork(${JSON.stringify(join(root, 'dist', 'server.js'))}, ['--node-ipc'], { execArgv: [] });
      console.log(child.pid);
      setInterval(() => {}, 1000);`;
      const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const pid = Number(await new Promise((resolve) => parent.stdout.once('data', (data) => resolve(String(data)))));
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(isAlive(pid)).toBe(true);
      parent.kill('SIGKILL');
      for (let tries = 0; tries < 50 && isAlive(pid); tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expect(isAlive(pid)).toBe(false);
    },
    slow,
  );

  test('another version of the protocol is refused in words', async () => {
    const error = await startChild({ protocolVersion: 999 }).catch((caught: unknown) => caught);
    expect(String(error)).toMatch(/different versions.*Reload/u);
  });
});

/** Ticks of user and system time that the child has used (Linux). */
async function cpuTicks(child: Child): Promise<number> {
  const fields = (await readFile(`/proc/${child.process.pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
