/**
 * One system message for conversation and edits, short and never changing: every prompt of a session begins with
 * the same tokens, so they are evaluated once.
 */
export const systemMessage =
  'You are Paddock, a programming assistant inside a code editor. Be correct, concrete and brief. Answer in Markdown and put code in fenced blocks with the name of its language.';
