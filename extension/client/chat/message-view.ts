/** A turn of the log -> what the view shows. Pure. */
import type { ErrorCode } from '../../protocol/model.ts';
import type { AttachmentView, ErrorAction, MessageView, OtherWork, PrefillView } from '../../protocol/webview.ts';
import type { AssistantTurn, Attachment, Turn } from './conversation.ts';

/** Progress of an answer before its first token. */
export interface LiveView {
  prefill: PrefillView | undefined;
  waitingFor: OtherWork | undefined;
}

/** `live` is present while the answer is generated. */
export function viewTurn(turn: Turn, live: LiveView | undefined): MessageView {
  if (turn.role === 'user') {
    const attachments = turn.attachments.map((attachment) => viewAttachment(attachment, undefined));
    return { id: turn.id, role: 'user', text: turn.text, attachments };
  }
  const { id, text, end, error } = turn;
  return {
    id,
    role: 'assistant',
    text,
    status: statusOf(turn, live !== undefined),
    prefill: live?.prefill,
    waitingFor: live?.waitingFor,
    timings: end?.timings,
    omitted: end?.omitted ?? [],
    error:
      error === undefined || error.code === 'cancelled' ? undefined : { ...error, actions: actionsFor(error.code) },
  };
}

export function viewAttachment(attachment: Attachment, tokens: number | undefined): AttachmentView {
  const { id, path, startLine, endLine } = attachment;
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  const lines = startLine === undefined ? '' : startLine === endLine ? `:${startLine}` : `:${startLine}-${endLine}`;
  return { id, path, tokens, label: name + lines, kind: startLine === undefined ? 'file' : 'selection' };
}

function statusOf(
  { text, end, error }: AssistantTurn,
  live: boolean,
): 'waiting' | 'streaming' | 'interrupted' | 'failed' | 'stop' | 'length' | 'cancelled' {
  if (live) return text === '' ? 'waiting' : 'streaming';
  if (end !== undefined) return end.finishReason;
  if (error === undefined) return 'interrupted';
  return error.code === 'cancelled' ? 'cancelled' : 'failed';
}

/** The next actions for the user, most useful first. */
function actionsFor(code: ErrorCode): ErrorAction[] {
  switch (code) {
    case 'noModel':
      return ['chooseModel', 'addModel'];
    case 'notFound':
    case 'notAFile':
    case 'noPermission':
    case 'invalidModel':
    case 'unsupportedModel':
    case 'templateFailed':
      return ['chooseModel', 'showLog'];
    case 'outOfMemory':
      return ['chooseModel', 'openSettings'];
    case 'promptTooLong':
      // Earlier messages are left out automatically, so a new chat would not help.
      return ['editQuestion', 'openSettings'];
    case 'engineUnavailable':
      return ['restartEngine', 'showLog'];
    default:
      return ['retry', 'showLog'];
  }
}
