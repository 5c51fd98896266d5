import { html, nothing, type TemplateResult } from 'lit';
import type { AssistantMessage, ChatChange, ChatState } from '../../extension/protocol/webview.ts';
import { t } from '../shared/l10n.ts';
import { oncePerFrame, ViewStore } from '../shared/view-store.ts';
import { applyChange } from './chat-change.ts';
import './composer.ts';
import type { Composer } from './composer.ts';
import { ChatElement } from './element.ts';
import './engine-banner.ts';
import './message-list.ts';
import './model-cards.ts';
import './welcome.ts';

/**
 * The whole chat view: messages, or the model cards on first use, and the composer. It owns the store; every other part
 * gets plain state.
 */
export class ChatApp extends ChatElement {
  readonly #store = new ViewStore<ChatState, ChatChange>({
    fetch: () => this.host.snapshot(),
    apply: applyChange,
    onChange: oncePerFrame(() => this.requestUpdate()),
  });
  #focusWanted = false;

  override connectedCallback(): void {
    super.connectedCallback();
    this.host.listen({
      changed: (delta) => this.#store.apply(delta),
      focusComposer: () => this.#focusComposer(),
    });
    void this.#store.refresh();
    this.addEventListener('keydown', (event) => this.#onKey(event));
    this.addEventListener('editquestion', () => this.querySelector<Composer>('paddock-composer')?.editLastQuestion());
  }

  protected override render(): TemplateResult | typeof nothing {
    const { state } = this.#store;
    if (state === undefined) return nothing;
    if (this.#store.outdated) {
      return html`<p class="outdated">${t('Paddock was updated. Reload the window to continue.')}</p>`;
    }
    return html`
      <main>${this.#body(state)}</main>
      <paddock-engine-banner .state=${state}></paddock-engine-banner>
      <paddock-composer
        .state=${state}
        .answering=${isAnswering(state)}
        .blocked=${needsModel(state) ? t('Choose a model first. Your question stays here.') : ''}
      ></paddock-composer>
    `;
  }

  protected override updated(): void {
    if (this.#focusWanted) this.#focusComposer();
  }

  #body(state: ChatState): TemplateResult {
    if (state.messages.length > 0) {
      return html`<paddock-messages
        .messages=${state.messages}
        .conversationId=${state.conversationId}
        .restricted=${state.restricted ?? false}
      ></paddock-messages>`;
    }
    const { models, engine } = state;
    return models !== undefined && needsModel(state)
      ? html`<paddock-model-cards .models=${models} .engine=${engine}></paddock-model-cards>`
      : html`<paddock-welcome .state=${state}></paddock-welcome>`;
  }

  #focusComposer(): void {
    const composer = this.querySelector<Composer>('paddock-composer');
    this.#focusWanted = composer === null;
    if (composer !== null) void composer.updateComplete.then(() => composer.focusInput());
  }

  #onKey(event: KeyboardEvent): void {
    const { state } = this.#store;
    if (event.key !== 'Escape' || event.isComposing || state === undefined || !isAnswering(state)) return;
    event.preventDefault();
    this.host.stop();
    this.#focusComposer();
  }
}

/** First use: the engine has listed the models, and none is installed. */
function needsModel({ messages, models }: ChatState): boolean {
  return messages.length === 0 && models?.entries.some(({ state }) => state === 'installed') === false;
}

function isAnswering({ messages }: ChatState): boolean {
  const last: ChatState['messages'][number] | undefined = messages.at(-1);
  return last?.role === 'assistant' && isLive(last);
}

function isLive({ status }: AssistantMessage): boolean {
  return status === 'waiting' || status === 'streaming';
}
