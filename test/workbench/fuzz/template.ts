/**
 * Chat templates are code of strangers: whatever they hold, rendering ends soon, with a text or with `templateFailed`.
 */
import { readFileSync } from 'node:fs';
import { chatMlTemplate, renderTemplate } from '../../../extension/server/prompt/template.ts';

interface Recorded {
  readonly cases: readonly { readonly template: string }[];
}
const recorded = JSON.parse(readFileSync('test/oracle/jinja.json', 'utf8')) as Recorded;

export const seeds = [chatMlTemplate, ...recorded.cases.map(({ template }) => template)];

const messages = [
  { role: 'system', content: 'S' },
  { role: 'user', content: 'a "b" </think> c' },
  { role: 'assistant', content: 'd' },
] as const;

export function tryOne(template: string): void {
  const start = performance.now();
  try {
    const text: unknown = renderTemplate({ template, messages, bosText: '<s>', eosText: '</s>' });
    if (typeof text !== 'string') throw new TypeError('not a text');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'templateFailed')) throw error;
  }
  if (performance.now() - start > 5000) throw new Error('it took more than five seconds');
}
