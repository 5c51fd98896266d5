import type { DownloadProgress, ModelEntry } from '../protocol/server.ts';
import { EngineError } from '../server/engine/errors.ts';
import type { ModelStore } from '../server/models/store.ts';
import { progressLine } from './progress-line.ts';
import { UsageError, commonOptions } from './verb.ts';
import type { OptionValues, Terminal, Verb } from './verb.ts';

export const models: Verb = {
  name: 'models',
  usage: 'list | get NAME | add FILE | check NAME | remove NAME|FILE',
  summary: 'shows, downloads, verifies and removes models',
  options: [],
  specs: {},
  run: async (terminal, values, positionals) => {
    const [action = '', id, ...more] = positionals;
    const run = actions[action];
    if (run === undefined || more.length > 0 || (action === 'list') !== (id === undefined)) {
      throw new UsageError(`Use: paddock models ${models.usage}`);
    }
    const { store } = await terminal.session(commonOptions(values));
    await run({ terminal, values, store, id: id ?? '' });
  },
};

interface Call {
  readonly terminal: Terminal;
  readonly values: OptionValues;
  readonly store: ModelStore;
  readonly id: string;
}

const actions: Readonly<Record<string, (call: Call) => Promise<void>>> = { list, get, add, check, remove };

async function list(call: Call): Promise<void> {
  const found = await call.store.list();
  const rows = found.entries.map(
    (entry) =>
      `${entry.id.padEnd(30)} ${describeState(entry).padEnd(18)} ${megabytes(entry.fileBytes).padStart(8)}  ${describeFit(entry)}`,
  );
  print(
    call,
    found,
    `${rows.join('\n')}\n\nfolder: ${found.folder}\nmemory: ${gigabytes(found.availableMemory)} of ${gigabytes(found.totalMemory)} free\n`,
  );
}

async function get(call: Call): Promise<void> {
  const { terminal, store, id } = call;
  const line = progressLine(terminal);
  let lastTold = 0;
  let source = '';
  try {
    const entry = await store.download(id, {
      signal: terminal.signal,
      onProgress: (progress) => {
        line.show(describeProgress(progress));
        const told = Math.floor((progress.receivedBytes / progress.totalBytes) * 10);
        if (!terminal.interactive && (told > lastTold || progress.source !== source)) {
          terminal.note(`${describeProgress(progress)}\n`);
        }
        [lastTold, source] = [told, progress.source];
      },
    });
    line.clear();
    print(call, entry, `${entry.path ?? ''}\n`);
  } finally {
    line.clear();
  }
}

async function add(call: Call): Promise<void> {
  const entry = await call.store.add(call.id);
  print(call, entry, `${entry.title}: ${entry.path ?? ''}\n`);
}

async function check(call: Call): Promise<void> {
  const line = progressLine(call.terminal);
  const right = await call.store.check(call.id, call.terminal.signal, (bytes) =>
    line.show(`checked ${megabytes(bytes)}`),
  );
  line.clear();
  if (!right) {
    throw new EngineError(
      'digestMismatch',
      `The file of ${call.id} is damaged. Remove it with "paddock models remove ${call.id}" and get it again.`,
    );
  }
  print(call, { id: call.id, right }, `${call.id} is right\n`);
}

async function remove(call: Call): Promise<void> {
  await call.store.remove(call.id);
  print(call, { removed: call.id }, `removed ${call.id}\n`);
}

function print({ terminal, values }: Call, json: unknown, text: string): void {
  terminal.out(values['json'] === true ? `${JSON.stringify(json)}\n` : text);
}

function describeProgress(progress: DownloadProgress): string {
  const { phase, receivedBytes, totalBytes, bytesPerSecond, remainingSeconds, source } = progress;
  const amount = `${phase} ${megabytes(receivedBytes)} of ${megabytes(totalBytes)}`;
  const rate = bytesPerSecond > 0 ? `, ${megabytes(bytesPerSecond)}/s` : '';
  const rest = remainingSeconds === undefined ? '' : `, ${Math.ceil(remainingSeconds)} s left`;
  return `${amount}${rate}${rest} (${source})`;
}

function describeState(entry: ModelEntry): string {
  return entry.state === 'partial'
    ? `${Math.floor((entry.partialBytes / entry.fileBytes) * 100)} % downloaded`
    : entry.state;
}

function describeFit(entry: ModelEntry): string {
  const need = `needs ${gigabytes(entry.memory.total)}`;
  return { fits: need, tight: `${need}: close other programs first`, tooLarge: `${need}: too large for this machine` }[
    entry.fit
  ];
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
