/** Builds the prompt of an edit from the words of its feature, within the context. */
import { formatNumber } from '../../protocol/format.ts';
import { EngineError } from '../engine/errors.ts';
import { Draft, nothing } from './edit-draft.ts';
import type { EditPrompt, EditRequest } from './edit-draft.ts';
import { encodeConversation } from './encode.ts';
import type { TokenizerModel } from './encode.ts';
import { reasonStart } from './features/feature.ts';
import { features } from './features/features.ts';

/**
 * The prompt that asks for a replacement of the selection and for nothing else. The answer is begun for the model
 * with an open fence, so that its first token is already code, and it ends at the closing one. Throws `promptTooLong`
 * when the selection and its rewrite do not fit, `invalidArgument` when nothing is
 * selected.
 */
export function buildEditPrompt(
  model: TokenizerModel,
  request: EditRequest,
  { alone = false, reason }: EditPromptOptions = {},
): EditPrompt {
  check(model, request);
  const draft = new Draft(model, request, reason);
  const { contextLength } = model.info;
  const bare = draft.encode(nothing).length;
  const room = contextLength - draft.reserve - bare;
  if (room < 0) throw tooLong(formatNumber(bare + draft.reserve), model);
  let budget = alone ? 0 : room - frameTokens;
  for (;;) {
    const surroundings = draft.fit(budget);
    const tokens = draft.encode(surroundings);
    const excess = tokens.length + draft.reserve - contextLength;
    if (excess <= 0 || budget <= 0) return draft.prompt(surroundings, tokens);
    budget -= excess;
  }
}

export interface EditPromptOptions {
  /** Leaves out all code but the selection. */
  readonly alone?: boolean;
  /** What the model gave as the reason for its change: the answer is begun with it, before the fence. */
  readonly reason?: string;
}

/** The prompt that asks what is wrong. Undefined when the feature has no such question. */
export function buildReasonPrompt(model: TokenizerModel, request: EditRequest): EditPrompt | undefined {
  if (features[request.kind].askWithReason === undefined || (request.previous ?? []).length > 0) return undefined;
  const whole = buildEditPrompt(model, request, { reason: '' });
  const tokens = encodeConversation(model, whole.messages, reasonStart);
  return { ...whole, tokens, answerStart: reasonStart, maxTokens: mostOfReason, stop: ['\n', '```'] };
}

/** Tokens of the words and fences around the surroundings, roughly; the whole is counted afterwards. */
const frameTokens = 48;
/** One sentence. */
const mostOfReason = 80;
/** Of code: most has three to five. */
const mostCharactersPerToken = 16;

function check(model: TokenizerModel, { kind, selection, references, previous, problems }: EditRequest): void {
  if (kind !== 'tests' && selection.trim() === '') {
    throw new EngineError('invalidArgument', 'Nothing is selected. Select the code to change.');
  }
  if (kind === 'tests' && (references?.[0]?.text.trim() ?? '') === '') {
    throw new EngineError('invalidArgument', 'There is no code to test. Select a function or open its file.');
  }
  if ((problems ?? []).length > 0 && (previous ?? []).length === 0) {
    throw new EngineError('invalidArgument', 'Problems were given without the replacement that has them.');
  }
  // Refuses a selection that is far too long before analysing it.
  if (selection.length > model.info.contextLength * mostCharactersPerToken) {
    throw tooLong(`about ${formatNumber(Math.round(selection.length / 4))}`, model);
  }
}

function tooLong(tokens: string, { info }: TokenizerModel): EngineError {
  return new EngineError(
    'promptTooLong',
    `The selection needs ${tokens} tokens with its rewrite, and the context has ${formatNumber(info.contextLength)}. Select less, or load the model with a longer context.`,
  );
}
