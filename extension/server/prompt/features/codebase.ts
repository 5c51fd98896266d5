/** The prompt of a question about a workspace. */

/** The code that is read, in tokens: a laptop of some years reads that in a few seconds. */
export const codebaseTokens = 1024;

/** What the model says when the code does not answer. */
export const notFound = 'Not found in this workspace.';

/** Code first: what follows the same code again is read from the cache. */
export function codebaseMessage(question: string, excerpts: readonly string[]): string {
  return [
    'This is the code of my workspace that may answer my question, each piece with its number:',
    ...excerpts,
    `My question: ${question}`,
    `Answer in a few sentences, from this code alone. Write names from the code in backticks. End each sentence with the number of the code that shows it, such as [1]. If this code does not answer the question, write only: ${notFound}`,
  ].join('\n\n');
}
