/** The chat's state after a change. Pure. */
import type { AssistantMessage, ChatChange, ChatState } from '../../extension/protocol/webview.ts';

/** The state after a change; undefined when the change does not fit the state. */
export function applyChange(state: ChatState, change: ChatChange): ChatState | undefined {
  switch (change.kind) {
    case 'text':
      return updateAnswer(state, change.messageId, (message) =>
        message.text.length === change.offset
          ? {
              ...message,
              status: 'streaming',
              prefill: undefined,
              text: message.text + change.text,
            }
          : undefined,
      );
    case 'prefill':
      return updateAnswer(state, change.messageId, (message) => ({ ...message, prefill: change.prefill }));
    case 'message': {
      const { message } = change;
      const index = state.messages.findIndex(({ id }) => id === message.id);
      const messages = index < 0 ? [...state.messages, message] : state.messages.with(index, message);
      return { ...state, messages };
    }
    case 'attachments':
      return { ...state, attachments: change.attachments };
    case 'context':
      return { ...state, context: change.context };
    case 'engine':
      return { ...state, engine: change.engine };
    case 'models':
      return { ...state, models: change.models };
    case 'reset':
      return change.state;
  }
}

function updateAnswer(
  state: ChatState,
  id: string,
  update: (message: AssistantMessage) => AssistantMessage | undefined,
): ChatState | undefined {
  const index = state.messages.findIndex((message) => message.id === id);
  const message = state.messages[index];
  const next = message?.role === 'assistant' ? update(message) : undefined;
  return next === undefined ? undefined : { ...state, messages: state.messages.with(index, next) };
}
