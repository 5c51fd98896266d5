/** Completions as VS Code shows them: grey text at the cursor. Accepting it, whole or by word or line, is VS Code's. */
import * as vscode from 'vscode';
import type { CancellationToken } from 'vscode-jsonrpc/node';
import { isSecretFile } from '../../base/secret-file.ts';
import { Complete, CompleteProgress } from '../../protocol/server.ts';
import type { CompleteParams } from '../../protocol/server.ts';
import type { EngineSupervisor } from '../engine/supervisor.ts';
import { EngineError } from '../lib/engine-error.ts';
import { readSetting } from '../lib/commands.ts';
import { DisposableStore, type Disposable } from '../lib/lifetime.ts';
import type { Log } from '../lib/log.ts';
import type { ModelService } from '../models/model-service.ts';
import { CompletionRun, type Spot } from './completion-run.ts';
import { Pace } from './pace.ts';
import { PlaceWatch } from './place-watch.ts';
import { RecentPlaces } from './recent-places.ts';
import { RecentCompletions } from './recent-completions.ts';
import { RestWatch } from './rest-watch.ts';

export interface GhostTextOptions {
  readonly engine: EngineSupervisor;
  readonly models: ModelService;
  /** Whether a model has completed code on this computer before. */
  readonly used: { get(): boolean; set(): void };
  readonly log: Log;
}

/** Lines around the cursor that are sent: the engine chooses among them. */
const linesAbove = 600;
const linesBelow = 60;
/** The first lines of a longer document are sent as well, for its imports. */
const linesAtTop = 100;
const snoozeMs = 5 * 60_000;
/** How long the user looks at what is shown before the next completion is asked for. */
const aheadMs = 60;

export class GhostText implements vscode.InlineCompletionItemProvider, Disposable {
  readonly #options: GhostTextOptions;
  readonly #store = new DisposableStore();
  readonly #recent = new RecentCompletions();
  readonly #places = this.#store.add(new RecentPlaces());
  readonly #pace = new Pace();
  #snoozedUntil = 0;
  /** Until something changes about the models. */
  #hasNoModel = false;
  /** The latest request. */
  #run: CompletionRun | undefined;
  /** The token of VS Code's latest call. */
  #newest: vscode.CancellationToken | undefined;
  /** VS Code is asked to show what came too late for it. */
  #isLate = false;

  constructor(options: GhostTextOptions) {
    this.#options = options;
    this.#store.add(options.models.onDidChange(() => (this.#hasNoModel = false)));
    this.#store.add(new RestWatch((editor) => void this.#readAt(editor)));
    this.#store.add(vscode.languages.registerInlineCompletionItemProvider({ pattern: '**' }, this));
  }

  get isSnoozing(): boolean {
    return Date.now() < this.#snoozedUntil;
  }

  resume(): void {
    this.#snoozedUntil = 0;
  }

  /** Nothing is shown for five minutes. */
  snooze(): void {
    this.#snoozedUntil = Date.now() + snoozeMs;
    this.#recent.clear();
    void vscode.window.setStatusBarMessage(vscode.l10n.t('Completions are off for five minutes.'), 5000);
  }

  async provideInlineCompletionItems(
    document: vscode.TextDocument,
    position: vscode.Position,
    context: vscode.InlineCompletionContext,
    token: vscode.CancellationToken,
  ): Promise<vscode.InlineCompletionItem[]> {
    if (!this.#isOn(document)) return [];
    const place = placeOf(document, position, context);
    const texts = await this.#complete(document, position, place, context, token);
    if (token.isCancellationRequested) return [];
    return texts.map((text) => new vscode.InlineCompletionItem(place.chosen + text, place.range));
  }

  dispose(): void {
    this.#run?.leave();
    this.#store.dispose();
  }

  #isOn(document: vscode.TextDocument): boolean {
    if (this.isSnoozing || isSecretFile(document.uri.path)) return false;
    return readSetting('completions', document);
  }

  async #complete(
    document: vscode.TextDocument,
    position: vscode.Position,
    place: Place,
    context: vscode.InlineCompletionContext,
    token: vscode.CancellationToken,
  ): Promise<readonly string[]> {
    const { prefix, suffix } = place;
    const isAsked = context.triggerKind === vscode.InlineCompletionTriggerKind.Invoke && !this.#isLate;
    // A manual trigger wants more than the completion that was shown by itself.
    const known = isAsked ? undefined : this.#recent.find(document.uri.toString(), place);
    if (known !== undefined) return known === '' ? [] : [known];
    if (!isAsked && !this.#mayAsk()) return [];
    const spot = { document, position, prefix, suffix };
    const run = this.#runAt(spot, isAsked, token);
    this.#newest = token;
    try {
      const texts = await run.texts;
      if (run.isLeft || this.#newest !== token) return [];
      // It came too late for VS Code, which asks again and finds it among the recent ones.
      if (token.isCancellationRequested) {
        if (texts.length > 0) await this.#showLate();
        return [];
      }
      // It was asked for before the latest keys: look again for what is left of it, or ask here.
      if (!run.isAt(prefix)) return await this.#complete(document, position, place, context, token);
      if (texts[0] !== undefined) this.#runAhead(spot, texts[0]);
      return texts;
    } catch (error) {
      if (EngineError.is(error, 'noModel')) this.#hasNoModel = true;
      if (run.isLeft) return [];
      this.#options.log.debug(String(error));
      // Nobody wants to read about it while typing.
      if (isAsked) void vscode.window.setStatusBarMessage(EngineError.from(error).message, 5000);
      return [];
    }
  }

  /** The running request if it also serves this spot, else a new one that replaces it. */
  #runAt(spot: Spot, isAsked: boolean, token: vscode.CancellationToken): CompletionRun {
    if (!isAsked && this.#run?.join(spot, token) === true) return this.#run;
    this.#run?.leave();
    const run = new CompletionRun(spot, async (wanted, onText) =>
      isAsked || (await pause(this.#pace.delayMs, wanted)) ? this.#request(spot, !isAsked, wanted, onText) : [],
    );
    run.join(spot, token);
    return (this.#run = run);
  }

  /** While the user looks at a line, what would come behind it: it is there when the line is accepted. */
  #runAhead(spot: Spot, shown: string): void {
    if (shown.includes('\n')) return;
    const behind = { ...spot, prefix: spot.prefix + shown };
    const ask = async (wanted: CancellationToken, onText: (part: string) => void): Promise<readonly string[]> =>
      (await pause(aheadMs, wanted)) ? this.#request(behind, true, wanted, onText) : [];
    this.#run = new CompletionRun(spot, ask, shown);
  }

  /** Before anything is typed there. */
  async #readAt({ document, selection }: vscode.TextEditor): Promise<void> {
    if (!this.#isOn(document) || !this.#mayAsk()) return;
    const position = selection.active;
    const place = placeOf(document, position, { selectedCompletionInfo: undefined });
    const spot = { document, position, prefix: place.prefix, suffix: place.suffix };
    const watch = new PlaceWatch(spot, () => false);
    const params = { ...this.#params(spot, true), justRead: true };
    await this.#options.engine.request(Complete, params, { token: watch.token }).catch(() => undefined);
    watch.dispose();
  }

  /** Typing starts no process for somebody who has never used completions. */
  #mayAsk(): boolean {
    const { engine, used } = this.#options;
    return !this.#hasNoModel && (engine.pid !== undefined || used.get());
  }

  async #request(
    spot: Spot,
    automatic: boolean,
    token: CancellationToken,
    onPart: (part: string) => void,
  ): Promise<readonly string[]> {
    const { engine, used } = this.#options;
    const start = performance.now();
    const progress = { type: CompleteProgress, onPart };
    const { texts } = await engine.request(Complete, this.#params(spot, automatic), { token, progress });
    used.set();
    if (token.isCancellationRequested) return [];
    if (automatic) this.#pace.observe(performance.now() - start);
    const { document, prefix, suffix } = spot;
    this.#recent.add({ document: document.uri.toString(), prefix, suffix, text: texts[0] ?? '' });
    return texts;
  }

  async #showLate(): Promise<void> {
    this.#isLate = true;
    try {
      await vscode.commands.executeCommand('editor.action.inlineSuggest.trigger');
    } finally {
      this.#isLate = false;
    }
  }

  #params({ document, prefix, suffix }: Spot, automatic: boolean): CompleteParams {
    const { uri, languageId } = document;
    const folder = uri.scheme === 'file' ? vscode.workspace.getWorkspaceFolder(uri)?.uri.fsPath : undefined;
    const path = vscode.workspace.asRelativePath(uri, false);
    const inComments = !automatic || readSetting('completionsInComments', document);
    return { path, languageId, prefix, suffix, folder, recent: this.#places.collect(), automatic, inComments };
  }
}

interface Place {
  readonly prefix: string;
  readonly suffix: string;
  /** What the list of suggestions would insert. */
  readonly chosen: string;
  readonly range: vscode.Range;
}

/** With a suggestion chosen in the list, the completion goes on from it. */
function placeOf(
  document: vscode.TextDocument,
  position: vscode.Position,
  { selectedCompletionInfo: selected }: Pick<vscode.InlineCompletionContext, 'selectedCompletionInfo'>,
): Place {
  const range = selected?.range ?? new vscode.Range(position, position);
  const chosen = selected?.text ?? '';
  const line = Math.max(0, position.line - linesAbove);
  const top = document.getText(
    new vscode.Range(new vscode.Position(0, 0), new vscode.Position(Math.min(line, linesAtTop), 0)),
  );
  const first = new vscode.Position(line, 0);
  const last = document.lineAt(Math.min(document.lineCount - 1, position.line + linesBelow)).range.end;
  return {
    prefix: top + document.getText(new vscode.Range(first, range.start)) + chosen,
    suffix: document.getText(new vscode.Range(range.end, last)),
    chosen,
    range,
  };
}

/** False when it was cancelled. */
function pause(milliseconds: number, token: CancellationToken): Promise<boolean> {
  return new Promise((resolve) => {
    const cancelled = token.onCancellationRequested(() => settle(false));
    const timer = setTimeout(() => settle(!token.isCancellationRequested), milliseconds);
    const settle = (isOver: boolean): void => {
      clearTimeout(timer);
      cancelled.dispose();
      resolve(isOver);
    };
  });
}
