/** Completions of one client, with code from other files, as much of it as this computer reads in time. */
import { isSecretFile } from '../../base/secret-file.ts';
import type { CompleteParams, CompleteResult } from '../../protocol/server.ts';
import type { NativeModel } from '../engine/binding.ts';
import type { Engine } from '../engine/engine.ts';
import { EngineError } from '../engine/errors.ts';
import type { Syntax } from '../syntax/syntax.ts';
import { Anchor } from './begun.ts';
import { askedOf, completeCode } from './completion.ts';
import type { Asked, Completion } from './completion.ts';
import { alikeIn, likenessTo } from './context/alike.ts';
import { ContextChoice } from './context/choice.ts';
import { sourcesOf } from './context/excerpt.ts';
import type { Excerpt, Source } from './context/excerpt.ts';
import { ImportedDefinitions, mostSearchMs } from './context/imported.ts';
import { importsOf } from './context/imports.ts';
import { LatestMap } from './context/latest-map.ts';
import { ReadingSpeed, fullBudget, withinContext } from './context/reading-speed.ts';
import { WorkspaceFiles } from './context/workspace-files.ts';
import type { FimFile } from './fim-forms.ts';
import { endsInComment } from './lexer.ts';
import { PromptReader } from './prompt-reader.ts';
import type { Window } from './window.ts';

export interface CompletionInContext {
  /** The best first, and always one, which may be empty. */
  readonly completions: readonly [Completion, ...Completion[]];
  /** Which lines of other files were in the prompt, in its order. */
  readonly context: readonly Source[];
}

export interface CompleterOptions {
  /**
   * For a single run: it reads with the full budget and waits for what the workspace says, so that the same files give
   * the same prompt on every computer.
   */
  readonly isSingle?: boolean;
}

/** Runs the model, and parses. */
export interface CompleterTools {
  readonly engine: Pick<Engine, 'run'>;
  readonly syntax: Syntax;
}

/** Its second signal is the end of the model. */
type ReadingJob<T> = (model: NativeModel, signal: AbortSignal, ending: AbortSignal) => Promise<T>;

const never = new AbortController().signal;
/** How long a key waits for the search in the workspace; it goes on for the next one. */
const searchMs = 120;
const mostFolders = 4;
const mostAlternatives = 3;

/**
 * Mean ln p of a token below which a completion is not shown unless it was asked for. Measured with Qwen2.5-Coder 0.5B
 * on single lines of HumanEval (100 gaps) and statements of CrossCodeEval (50): of the right ones 96 % and 100 % are
 * shown, of the wrong ones 32 % and 29 % are not. At -0.2 it would be 87 % and 100 %, and 55 % and 60 %; at -0.5 98 %
 * and 100 %, and 7 % and 21 %.
 */
const leastLikelihood = -0.3;

export class Completer {
  readonly #isSingle: boolean;
  readonly #anchor = new Anchor();
  readonly #choice = new ContextChoice();
  readonly #speed = new ReadingSpeed();
  /** Of a user who types. */
  readonly #reader: PromptReader | undefined;
  readonly #searches = new LatestMap<ImportedDefinitions>(mostFolders);

  constructor({ isSingle = false }: CompleterOptions = {}) {
    this.#isSingle = isSingle;
    this.#reader = isSingle
      ? undefined
      : new PromptReader((model, timings) => this.#speed.observe(model.info.path, timings));
  }

  /** What the editor shows: of what nobody has asked for only what is probably right. */
  async answer(
    tools: CompleterTools,
    params: CompleteParams,
    signal: AbortSignal,
    onText?: (part: string) => void,
  ): Promise<CompleteResult> {
    if (params.inComments === false && endsInComment(params.prefix, params.languageId)) return { texts: [] };
    if (params.justRead === true) {
      await this.#read(tools, params, signal, () => Promise.resolve());
      return { texts: [] };
    }
    const { completions } = await this.complete(tools, params, signal, onText);
    const shown = params.automatic ? completions.filter(isProbable) : completions.filter(({ text }) => text !== '');
    return { texts: shown.map(({ text }) => text) };
  }

  /** Throws `invalidArgument` when the model was not trained for it. */
  complete(
    tools: CompleterTools,
    params: CompleteParams,
    signal: AbortSignal,
    onText?: (part: string) => void,
  ): Promise<CompletionInContext> {
    return this.#read(tools, params, signal, async (asked, either, context) => {
      const most = params.automatic ? 1 : mostAlternatives;
      const completions = await completeCode(asked, { signal: either, most, onText });
      this.#speed.observe(asked.model.info.path, completions[0].timings);
      return { completions, context };
    });
  }

  /** Has the model read what its prompts begin with; `then` gets all of the prompt, and what others' code is in it. */
  async #read<T>(
    { engine, syntax }: CompleterTools,
    params: CompleteParams,
    signal: AbortSignal,
    then: (asked: Asked, signal: AbortSignal, context: readonly Source[]) => Promise<T>,
  ): Promise<T> {
    const definitions = await this.#definitions(params, syntax);
    const { path, folder = '', prefix, suffix } = params;
    const document = `${folder}/${path}`;
    const recent = (params.recent ?? []).filter((place) => !isSecretFile(place.path));
    return this.#run(engine, signal, async (model, either, ending) => {
      const { path: file, contextLength } = model.info;
      const budget = withinContext(this.#isSingle ? fullBudget : this.#speed.budget(file), contextLength);
      let held: readonly Excerpt[] = [];
      const asked = askedOf(model, {
        ...params,
        budget,
        anchor: this.#anchor,
        others: (window: Window, cost: (other: FimFile) => number) => {
          const likenessOf = likenessTo(prefix, suffix);
          const alike = alikeIn(recent, window, likenessOf);
          const imports = JSON.stringify(importsOf(prefix, params.languageId));
          held = this.#choice.choose(document, { imports, definitions, alike, likenessOf }, budget.others, cost);
          return held;
        },
      });
      await this.#reader?.read(model, asked.prompt.subarray(0, asked.lasting), either, ending);
      return then(asked, either, sourcesOf(held));
    });
  }

  /** The result, as soon as it is there. The model stays as long as something is read for the next request. */
  #run<T>(engine: CompleterTools['engine'], signal: AbortSignal, job: ReadingJob<T>): Promise<T> {
    const reader = this.#reader;
    if (reader === undefined) return engine.run(signal, (model, either) => job(model, either, either));
    return new Promise((resolve, reject) => {
      const leave = (): void => reject(new EngineError('cancelled', 'The completion was cancelled.'));
      signal.addEventListener('abort', leave, { once: true });
      const whole = engine.run(never, async (model, ending) => {
        resolve(await job(model, AbortSignal.any([signal, ending]), ending));
        await reader.idle();
      });
      whole.catch(reject).finally(() => signal.removeEventListener('abort', leave));
    });
  }

  async #definitions(params: CompleteParams, syntax: Syntax): Promise<readonly Excerpt[]> {
    const { folder } = params;
    if (folder === undefined) return [];
    const search = this.#searches.get(folder) ?? new ImportedDefinitions(new WorkspaceFiles(folder), syntax);
    this.#searches.set(folder, search);
    return search.find(params, this.#isSingle ? mostSearchMs : searchMs);
  }
}

/** Whether the editor shows a completion that nobody has asked for. */
export function isProbable({ text, likelihood }: Completion): boolean {
  return text !== '' && likelihood >= leastLikelihood;
}
