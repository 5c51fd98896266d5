import { appendFile, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Emitter, type CancellationToken } from 'vscode-jsonrpc/node';
import type { ChatParams, GenerationPart, GenerationResult } from '../../protocol/server.ts';
import type { AssistantMessage, OtherWork } from '../../protocol/webview.ts';
import { EngineError } from '../lib/engine-error.ts';
import { ChatService, type AnswerSource, type ConversationChange } from './chat-service.ts';
import { ConversationFiles } from './conversation-files.ts';
import { exportMarkdown } from './export-markdown.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const result: Omit<GenerationResult, 'text'> = {
  finishReason: 'stop',
  timings: {
    promptTokens: 9,
    cachedTokens: 0,
    prefillMs: 5,
    completionTokens: 2,
    decodeMs: 5,
    prefillTokensPerSecond: 100,
    decodeTokensPerSecond: 10,
  },
  contextUsed: 11,
  contextLength: 100,
  omitted: [],
};

const headings = { user: 'Question', assistant: 'Answer', thoughts: 'Thoughts' };

/** An engine whose answers the test writes part by part. */
class ScriptedSource implements AnswerSource {
  readonly asked: ChatParams[] = [];
  emit: (part: GenerationPart) => void = () => undefined;
  finish: (result: GenerationResult) => void = () => undefined;
  fail: (error: Error) => void = () => undefined;
  readonly #work = new Emitter<void>();
  readonly onDidChangeWork = this.#work.event;
  busyWith: () => OtherWork | undefined = () => undefined;
  #text = '';

  work(kind: OtherWork | undefined): void {
    this.busyWith = () => kind;
    this.#work.fire();
  }

  chat(
    params: ChatParams,
    token: CancellationToken,
    onPart: (part: GenerationPart) => void,
  ): Promise<GenerationResult> {
    this.asked.push(params);
    this.#text = '';
    this.emit = (part) => {
      if (part.kind === 'text') this.#text += part.text;
      onPart(part);
    };
    return new Promise((resolve, reject) => {
      this.finish = resolve;
      this.fail = reject;
      token.onCancellationRequested(() => resolve({ ...result, text: this.#text, finishReason: 'cancelled' }));
    });
  }
  countTokens(text: string): Promise<number | undefined> {
    return Promise.resolve(text.length);
  }
  say(text: string): void {
    this.emit({ kind: 'text', seq: 0, text, tokens: 1 });
  }
  end(): void {
    this.finish({ ...result, text: this.#text });
  }
}

describe('ChatService', () => {
  let folder: string;
  let source: ScriptedSource;
  let shown: string | undefined;
  let ids: number;
  let failures: unknown[];
  const open: ChatService[] = [];

  const newService = (): ChatService => {
    const service = new ChatService({
      files: new ConversationFiles(folder),
      source,
      log,
      newId: () => `id${ids++}`,
      lastShown: { get: () => shown, set: (id) => (shown = id) },
      limits: () => ({ maxTokens: 100 }),
      texts: {
        answering: 'Still answering.',
        opening: 'Still opening.',
        questionTooLong: (length, limit) => `${length} of ${limit}`,
        attachmentsTooLarge: (limit) => `At most ${limit}.`,
      },
      onSaveFailed: (error) => failures.push(error),
    });
    open.push(service);
    return service;
  };
  const texts = ({ conversation }: ChatService): string[] => conversation.turns.map(({ text }) => text);
  const settled = async (service: ChatService): Promise<void> => {
    await vi.waitFor(() => expect(service.answering).toBe(false));
    await service.flush();
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'paddock-chat-'));
    source = new ScriptedSource();
    shown = undefined;
    ids = 1;
    failures = [];
  });
  afterEach(async () => {
    for (const service of open.splice(0)) {
      service.dispose();
      await service.flush();
    }
    await rm(folder, { recursive: true, force: true });
  });

  it('streams an answer and says everything that changes', async () => {
    const service = newService();
    const changes: ConversationChange[] = [];
    service.onDidChange((change) => changes.push(change));
    expect(service.send('Hi')).toEqual({ done: true });
    source.emit({ kind: 'prefill', seq: 0, done: 1, total: 4, remainingSeconds: 2 });
    source.say('Hel');
    source.say('lo');
    expect(service.view.messages[1]).toMatchObject({ text: 'Hello', status: 'streaming' });
    source.end();
    await settled(service);
    expect(service.view.messages[1]).toMatchObject({ text: 'Hello', status: 'stop', timings: result.timings });
    expect(service.view.context).toEqual({ used: 11, total: 100 });
    const kinds = 'attachments message message prefill text text message context'.split(' ');
    expect(changes.map(({ kind }) => kind)).toEqual(kinds);
    expect(changes.filter((change) => change.kind === 'text').map((change) => change.offset)).toEqual([0, 3]);
  });

  it('sends the whole conversation with its attachments, but not their addresses', async () => {
    const service = newService();
    service.attach({ id: 'x', uri: 'file:///a.ts', path: 'a.ts', languageId: 'typescript', text: 'let a;' });
    service.send('What is this?');
    source.say('A variable.');
    source.end();
    await settled(service);
    service.send('Why?');
    expect(source.asked[1]?.messages).toEqual([
      {
        role: 'user',
        content: 'What is this?',
        attachments: [{ path: 'a.ts', languageId: 'typescript', text: 'let a;' }],
      },
      { role: 'assistant', content: 'A variable.' },
      { role: 'user', content: 'Why?' },
    ]);
    expect(service.view.attachments).toEqual([]);
  });

  it('says while other work goes before an answer, before it and amid it', () => {
    source.busyWith = () => 'edit';
    const service = newService();
    service.send('A question');
    const waits = () => (service.view.messages.at(-1) as AssistantMessage).waitingFor;
    expect(waits()).toBe('edit');
    source.work(undefined);
    expect(waits()).toBeUndefined();
    source.say('It begins');
    source.work('commitMessage');
    source.say(' and goes on for a moment');
    expect(waits()).toBe('commitMessage');
    source.work(undefined);
    expect(waits()).toBeUndefined();
    source.end();
  });

  it('takes one question at a time', () => {
    const service = newService();
    expect(service.send('One')).toEqual({ done: true });
    expect(service.send('Two')).toEqual({ done: false, reason: 'Still answering.' });
    expect(service.send('   ')).toEqual({ done: false });
    expect(texts(service)).toEqual(['One', '']);
  });

  it('keeps what there is when it is stopped', async () => {
    const service = newService();
    service.send('Hi');
    source.say('Par');
    service.stop();
    await settled(service);
    expect(service.view.messages[1]).toMatchObject({ text: 'Par', status: 'cancelled', error: undefined });
  });

  it('keeps the text of a dead engine and answers again on retry', async () => {
    const service = newService();
    service.send('Hi');
    source.say('Par');
    source.fail(new EngineError('engineStopped', 'It stopped.'));
    await settled(service);
    expect(service.view.messages[1]).toMatchObject({
      text: 'Par',
      status: 'failed',
      error: { code: 'engineStopped', message: 'It stopped.', actions: ['retry', 'showLog'] },
    });
    service.retry();
    source.say('Whole');
    source.end();
    await settled(service);
    expect(texts(service)).toEqual(['Hi', 'Whole']);
    expect(source.asked[1]?.messages).toEqual([{ role: 'user', content: 'Hi' }]);
  });

  it('is the same after a reload, also in the middle of an answer', async () => {
    const first = newService();
    first.send('Hi');
    source.say('Half an ans');
    await first.flush();
    const second = newService();
    await second.restore();
    expect(second.view.messages).toMatchObject([{ text: 'Hi' }, { text: 'Half an ans', status: 'interrupted' }]);
  });

  it('writes the text while it streams', async () => {
    const service = newService();
    service.send('Hi');
    source.say('soon on disk');
    await vi.waitFor(
      async () => {
        const [name = ''] = await readdir(folder);
        expect(await readFile(join(folder, name), 'utf8')).toContain('soon on disk');
      },
      { timeout: 2000 },
    );
  });

  it('keeps chats apart, lists them newest first and opens them again', async () => {
    const service = newService();
    service.send('First chat');
    source.end();
    await settled(service);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await service.newChat();
    expect(service.view.messages).toEqual([]);
    service.send('Second chat');
    source.end();
    await settled(service);
    const list = await service.list();
    expect(list.map(({ title }) => title)).toEqual(['Second chat', 'First chat']);
    expect(await service.open(list[1]!.id)).toBe(true);
    expect(service.view.title).toBe('First chat');
    await service.remove(list[1]!.id);
    expect(service.view.messages).toEqual([]);
    expect((await service.list()).map(({ title }) => title)).toEqual(['Second chat']);
  });

  it('stops and keeps the answer when another chat is shown meanwhile', async () => {
    const service = newService();
    service.send('Hi');
    source.say('Par');
    await service.newChat();
    const [summary] = await service.list();
    await service.open(summary!.id);
    expect(service.view.messages[1]).toMatchObject({ text: 'Par', status: 'cancelled' });
  });

  it('counts what an attachment costs and lets it be removed', async () => {
    const service = newService();
    service.attach({ id: 'x', uri: 'u', path: 'src/a.ts', languageId: 'ts', text: '12345', startLine: 3, endLine: 9 });
    await vi.waitFor(() => expect(service.view.attachments[0]?.tokens).toBe(5));
    expect(service.view.attachments[0]).toMatchObject({ label: 'a.ts:3-9', kind: 'selection', path: 'src/a.ts' });
    service.detach('x');
    expect(service.view.attachments).toEqual([]);
  });

  it('exports Markdown whose fences the text cannot break', () => {
    const service = newService();
    service.attach({ id: 'x', uri: 'u', path: 'a.md', languageId: 'markdown', text: '```js\n1\n```' });
    service.send('What does it do?');
    const text = exportMarkdown(service.conversation, headings);
    expect(text).toBe(
      '# What does it do?\n\n## Question\n\nWhat does it do?\n\na.md\n\n````markdown\n```js\n1\n```\n````\n\n## Answer\n\n\n',
    );
  });

  it('keeps what the model thought as it wrote it, and exports it folded', async () => {
    const service = newService();
    service.send('Why?');
    source.say('<think>\nHm.\n</think>\n\nBecause.');
    expect(exportMarkdown(service.conversation, headings)).toContain(
      '## Answer\n\n<details><summary>Thoughts</summary>\n\nHm.\n\n</details>\n\nBecause.\n',
    );
    source.end();
    await settled(service);
    const again = newService();
    await again.open(service.conversation.id);
    expect(texts(again)).toEqual(['Why?', '<think>\nHm.\n</think>\n\nBecause.']);
  });

  it('asks again without an empty or blank answer', async () => {
    const service = newService();
    service.send('One');
    source.say('<think>Hm');
    service.stop();
    await settled(service);
    service.send('Two');
    expect(source.asked[1]?.messages.map(({ content }) => content)).toEqual(['One', 'Two']);
  });

  it('records an answer as interrupted when the engine is restarted or the window closes', async () => {
    const service = newService();
    service.send('Hi');
    source.say('Half');
    source.fail(EngineError.interrupted('Restarted.'));
    await settled(service);
    expect(service.view.messages[1]).toMatchObject({ text: 'Half', status: 'interrupted', error: undefined });
    service.retry();
    source.say('Half again');
    const closing = service.shutDown();
    // What the engine says while it is stopped no longer counts.
    source.fail(new EngineError('engineStopped', 'It stopped.'));
    await closing;
    service.dispose();
    await service.flush();
    const again = newService();
    await again.restore();
    expect(again.view.messages.at(-1)).toMatchObject({ text: 'Half again', status: 'interrupted', error: undefined });
  });

  it('keeps a question that comes after an unfinished line', async () => {
    const service = newService();
    service.send('Hi');
    source.end();
    await settled(service);
    const path = join(folder, `${service.conversation.id}.jsonl`);
    await appendFile(path, '{"type":"text","id":"a1","te');
    const again = newService();
    await again.restore();
    again.send('Next question');
    source.say('Next answer');
    source.end();
    await settled(again);
    const third = newService();
    await third.restore();
    expect(texts(third)).toEqual(['Hi', '', 'Next question', 'Next answer']);
  });

  it('takes no question while another chat is being opened, and loses none', async () => {
    const service = newService();
    service.send('First');
    source.end();
    await settled(service);
    const first = service.conversation.id;
    await service.newChat();
    service.send('Second');
    source.end();
    await settled(service);
    const opening = service.open(first);
    expect(service.send('Which chat?')).toEqual({ done: false, reason: 'Still opening.' });
    service.retry();
    expect(await opening).toBe(true);
    expect(source.asked).toHaveLength(2);
    expect(texts(service)).toEqual(['First', '']);
  });

  it('shows what was asked for last when several chats are opened at once', async () => {
    const service = newService();
    const ids: string[] = [];
    for (const text of ['One', 'Two', 'Three']) {
      await service.newChat();
      service.send(text);
      source.end();
      await settled(service);
      ids.push(service.conversation.id);
    }
    await Promise.all([service.open(ids[0]!), service.open(ids[1]!)]);
    expect(texts(service)[0]).toBe('Two');
    await Promise.all([service.open(ids[0]!), service.newChat()]);
    expect(texts(service)).toEqual([]);
  });

  it('writes an answer into its own chat, whatever is opened meanwhile', async () => {
    const service = newService();
    service.send('First');
    source.end();
    await settled(service);
    const first = service.conversation.id;
    await service.newChat();
    service.send('Second');
    const second = service.conversation.id;
    source.say('Belongs to the second');
    await service.open(first);
    expect(await readFile(join(folder, `${first}.jsonl`), 'utf8')).not.toContain('Belongs');
    expect(await readFile(join(folder, `${second}.jsonl`), 'utf8')).toContain('Belongs');
  });

  it('brings a deleted chat back', async () => {
    const service = newService();
    service.send('Keep me');
    source.end();
    await settled(service);
    const { id } = service.conversation;
    await service.remove(id);
    expect(await service.list()).toEqual([]);
    expect(await service.open(id)).toBe(false);
    await service.restoreRemoved(id);
    expect(texts(service)).toEqual(['Keep me', '']);
    expect(await service.list()).toHaveLength(1);
  });

  it('shares its chats with a second window, also when that deletes one that goes on', async () => {
    const service = newService();
    const other = newService();
    service.send('Mine');
    source.end();
    await settled(service);
    other.send('Theirs');
    source.end();
    await settled(other);
    expect((await service.list()).map(({ title }) => title).sort()).toEqual(['Mine', 'Theirs']);
    await other.remove(service.conversation.id);
    service.send('Still here');
    source.say('Yes');
    source.end();
    await settled(service);
    const third = newService();
    expect(await third.open(service.conversation.id)).toBe(true);
    expect(texts(third)).toEqual(['Mine', '', 'Still here', 'Yes']);
  });

  it('says when a record cannot be saved, and saves it with the next one', async () => {
    const service = newService();
    await rm(folder, { recursive: true });
    await writeFile(folder, 'in the way');
    service.send('Hi');
    source.say('Answer');
    await vi.waitFor(() => expect(failures.length).toBeGreaterThan(0));
    await rm(folder);
    source.end();
    await settled(service);
    const again = newService();
    expect(await again.open(service.conversation.id)).toBe(true);
    expect(texts(again)).toEqual(['Hi', 'Answer']);
  });

  it('refuses a question or attachments that are too long, in words', () => {
    const service = newService();
    expect(service.send('x'.repeat(600_000))).toEqual({ done: false, reason: '600000 of 200000' });
    expect(texts(service)).toEqual([]);
    const attachment = { id: 'x', uri: 'a', path: 'a', languageId: 'ts', text: 'x'.repeat(600_000) };
    expect(service.attach(attachment)).toEqual({ done: true });
    expect(service.attach({ ...attachment, id: 'y', uri: 'b' })).toEqual({ done: false, reason: 'At most 1000000.' });
    expect(service.view.attachments).toHaveLength(1);
  });

  it('takes files of the same name for what they are, and counts them once a model is loaded', async () => {
    const service = newService();
    let loaded = false;
    vi.spyOn(source, 'countTokens').mockImplementation((text) => Promise.resolve(loaded ? text.length : undefined));
    const empty = { languageId: 'python', text: '' };
    service.attach({ ...empty, id: 'x', uri: 'file:///a/__init__.py', path: 'a/__init__.py' });
    service.attach({ ...empty, id: 'y', uri: 'file:///b/__init__.py', path: 'b/__init__.py' });
    service.attach({ ...empty, id: 'z', uri: 'file:///b/__init__.py', path: 'b/__init__.py' });
    await Promise.resolve();
    expect(service.view.attachments.map(({ path, tokens }) => [path, tokens])).toEqual([
      ['a/__init__.py', undefined],
      ['b/__init__.py', undefined],
    ]);
    loaded = true;
    service.countAttachments();
    await vi.waitFor(() => expect(service.view.attachments.map(({ tokens }) => tokens)).toEqual([0, 0]));
  });
});
