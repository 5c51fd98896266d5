import { settings } from '../protocol/settings.ts';
import { EngineError } from '../server/engine/errors.ts';
import type { Host } from '../server/host.ts';
import { createRoom } from '../server/room/room.ts';
import { giveWay } from '../server/room/give-way.ts';
import { createSession, readVersion } from '../server/session.ts';
import type { Session } from '../server/session.ts';
import { ask } from './ask.ts';
import { bench } from './bench.ts';
import { chat } from './chat.ts';
import { collect } from './collect.ts';
import { complete } from './complete.ts';
import { curate } from './curate.ts';
import { edit } from './edit.ts';
import { evaluate } from './evaluate.ts';
import { importance } from './importance.ts';
import { inspect } from './inspect.ts';
import { lab } from './lab.ts';
import { merge } from './merge.ts';
import { models } from './models.ts';
import { quantize } from './quantize.ts';
import { perplexity } from './perplexity.ts';
import { reproduce } from './reproduce.ts';
import { score } from './score.ts';
import { search } from './search.ts';
import { tokenize } from './tokenize.ts';
import { train } from './train.ts';
import { UsageError, commonHelp, parseVerbArguments } from './verb.ts';
import type { Terminal, Verb } from './verb.ts';

const verbs: readonly Verb[] = [
  chat,
  ask,
  edit,
  complete,
  search,
  tokenize,
  score,
  perplexity,
  bench,
  inspect,
  models,
  collect,
  curate,
  evaluate,
  importance,
  quantize,
  merge,
  train,
  { ...train, name: 'finetune', summary: 'another name of train' },
  lab,
  reproduce,
];

export const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Runs the program and returns its exit code. */
export async function runProgram(
  args: readonly string[],
  host: Host,
  streams: Omit<Terminal, 'session'>,
): Promise<number> {
  const [name, ...rest] = args;
  const verb = verbs.find((candidate) => candidate.name === name);
  if (verb === undefined) {
    return explainProgram(name, streams);
  }
  const opened: Session[] = [];
  const { addon } = createRoom(host);
  const terminal: Terminal = {
    ...streams,
    session: async ({ threads, contextLength, cache, cacheFolder, compactCache, exact, polite }) => {
      // Some verbs compare two models, so each session has a place for one of its own.
      const session = await createSession(createRoom(host), {
        modelsFolder: undefined,
        threads,
        contextLength,
        compactCache,
        exact,
        polite,
        prefixCacheBytes: cache ? undefined : 0,
        snapshotFolder: cacheFolder,
        snapshotBytes:
          cache && (verb.keepsPrompts === true || cacheFolder !== undefined)
            ? settings['cache.disk'].default * 2 ** 20
            : 0,
      });
      opened.push(session);
      return session;
    },
  };
  try {
    const { values, positionals } = parseVerbArguments(verb, rest);
    if (values['help'] === true) {
      streams.out(verbHelp(verb));
      return exitCodes.done;
    }
    const run = (): Promise<void> => verb.run(terminal, values, positionals);
    await (verb.givesWay === true ? giveWay({ host, version: await readVersion(host), addon }).during(run) : run());
    return exitCodes.done;
  } catch (error) {
    return explain(error, verb, streams);
  } finally {
    // Writes the prompt cache to disk before the process ends.
    await Promise.allSettled(opened.map(({ engine }) => engine.unload()));
  }
}

function explain(error: unknown, verb: Verb, streams: Omit<Terminal, 'session'>): number {
  if (error instanceof UsageError) {
    streams.note(`paddock ${verb.name}: ${error.message}\nSee "paddock ${verb.name} --help".\n`);
    return exitCodes.usage;
  }
  const failure = EngineError.from(error);
  if (failure.code === 'cancelled' || streams.signal.aborted) {
    return exitCodes.interrupted;
  }
  streams.note(`paddock ${verb.name}: ${failure.message}\n`);
  if (failure.code === 'internal' && failure.cause instanceof Error) {
    streams.note(`${failure.cause.stack ?? ''}\n`);
  }
  return exitCodes.failed;
}

function explainProgram(name: string | undefined, streams: Omit<Terminal, 'session'>): number {
  if (name === '--help' || name === '-h' || name === 'help') {
    streams.out(programHelp());
    return exitCodes.done;
  }
  streams.note(name === undefined ? programHelp() : `paddock: there is no "${name}".\n\n${programHelp()}`);
  return exitCodes.usage;
}

function programHelp(): string {
  const list = verbs.map((verb) => `  ${verb.name.padEnd(12)}${verb.summary}`);
  return `Usage: paddock VERB [OPTION]...\n\n${list.join('\n')}\n\n"paddock VERB --help" tells more. PADDOCK_MODELS names the folder of the models.\n`;
}

function verbHelp(verb: Verb): string {
  const name = (option: string): string => /^--([\w-]+)/u.exec(option)?.[1] ?? '';
  const own = new Set(verb.options.map(([option]) => name(option)));
  const common = commonHelp.filter(
    ([option]) => !own.has(name(option)) && (verb.common?.includes(name(option)) ?? true),
  );
  const rows = [...verb.options, ...common].map(([option, does]) => `  ${option.padEnd(20)}${does}`);
  return `Usage: paddock ${verb.name} ${verb.usage}\n\n${verb.summary}\n\n${rows.join('\n')}\n`;
}
