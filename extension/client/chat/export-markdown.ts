/** A conversation as a Markdown document, for people. Pure. */
import { fenceFor } from '../../base/fences.ts';
import { splitThoughts } from '../../protocol/thoughts.ts';
import type { Attachment, Conversation } from './conversation.ts';

export function exportMarkdown(
  { title, turns }: Conversation,
  headings: { readonly user: string; readonly assistant: string; readonly thoughts: string },
): string {
  const parts = turns.map((turn) =>
    turn.role === 'user'
      ? [`## ${headings.user}`, turn.text, ...turn.attachments.map(attachmentBlock)].join('\n\n')
      : [`## ${headings.assistant}`, ...answerParts(turn.text, headings.thoughts)].join('\n\n'),
  );
  return `${[`# ${title}`, ...parts].join('\n\n')}\n`;
}

/** Thoughts are folded, as in the chat. Unfolded, they would read as part of the answer. */
function answerParts(text: string, heading: string): string[] {
  const { thoughts = '', answer } = splitThoughts(text);
  const folded = `<details><summary>${heading}</summary>\n\n${thoughts}\n\n</details>`;
  return thoughts === '' ? [answer] : [folded, ...(answer === '' ? [] : [answer])];
}

function attachmentBlock({ path, languageId, text, startLine, endLine }: Attachment): string {
  const lines = startLine === undefined ? '' : `:${startLine}-${endLine}`;
  const fence = fenceFor([text]);
  return `${path}${lines}\n\n${fence}${languageId}\n${text}\n${fence}`;
}
