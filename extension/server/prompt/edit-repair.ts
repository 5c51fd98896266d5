/** How the model is asked again: by the user, by a language server, or because its answer cannot be right. */
import type { ChatMessage } from '../../protocol/model.ts';
import type { EditPrompt } from './edit-draft.ts';
import { encodeConversation } from './encode.ts';
import type { TokenizerModel } from './encode.ts';

const answerAgain = 'Answer again with one fenced block that holds all of the code';

/** Why an answer is not offered as it is. */
export type Fault =
  | { readonly kind: 'syntax'; readonly message: string }
  /** The answer is the old code. */
  | { readonly kind: 'unchanged' }
  /** Declarations are gone. */
  | { readonly kind: 'lost'; readonly names: readonly string[] }
  /** Only comments were to change, and the answer changes nothing but code. */
  | { readonly kind: 'codeOnly' }
  /** The answer repeats the prompt. */
  | { readonly kind: 'echo' };

/** The user's next message about an edit. */
export function followUp(instruction: string, problems: readonly string[]): string {
  const words = instruction.trim();
  if (problems.length === 0) return `${words}\n\n${answerAgain}.`;
  const these = problems.length === 1 ? 'a new problem' : 'new problems';
  const list = problems.map((problem) => `- ${problem.trim()}`).join('\n');
  return `That code has ${these}:\n${list}\n${words}\n\n${answerAgain}, without ${problems.length === 1 ? 'it' : 'them'}.`.replace(
    '\n\n\n',
    '\n\n',
  );
}

/** The prompt that shows the model its answer and asks again. Undefined when that does not fit. */
export function buildRepairPrompt(
  model: TokenizerModel,
  prompt: EditPrompt,
  answer: string,
  fault: Fault,
): EditPrompt | undefined {
  const { fence, answerStart, opening } = prompt;
  const messages: ChatMessage[] = [
    ...prompt.messages,
    { role: 'assistant', content: `${answerStart}${answer.trimEnd()}\n${fence}` },
    { role: 'user', content: question(fault) },
  ];
  const tokens = encodeConversation(model, messages, answerStart + opening);
  const maxTokens = Math.min(model.info.contextLength - tokens.length, prompt.maxTokens);
  const prediction = model.tokenize(`${answer.trimEnd()}\n${fence}`, false);
  // An answer as long as the first must fit.
  return maxTokens <= prediction.length ? undefined : { ...prompt, messages, tokens, maxTokens, prediction };
}

function question(fault: Fault): string {
  switch (fault.kind) {
    case 'syntax':
      return `That code has a syntax error: ${fault.message}. ${answerAgain}, without the error.`;
    case 'unchanged':
      return `That is the old code, unchanged. Find what is wrong with it. ${answerAgain}, with the change.`;
    case 'lost':
      return `In that code ${fault.names.map((name) => `\`${name}\``).join(', ')} is missing. Keep all names. ${answerAgain}.`;
    case 'codeOnly':
      return `That changes code. Only comments may change. ${answerAgain}, its code as it was.`;
    case 'echo':
      return `That is not the code. ${answerAgain}.`;
  }
}
