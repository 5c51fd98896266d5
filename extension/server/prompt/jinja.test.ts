import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { ChatMessage } from '../../protocol/model.ts';
import { renderTemplate } from './template.ts';

interface Recorded {
  readonly messages: readonly ChatMessage[];
  readonly cases: readonly { readonly template: string; readonly text?: string; readonly error?: string }[];
}
const recorded = JSON.parse(
  readFileSync(new URL('../../../test/oracle/jinja.json', import.meta.url), 'utf8'),
) as Recorded;

/** Templates that Jinja renders and we refuse. */
const refused = new Set([
  '{{ (1,) }} {{ () }}',
  '{% raw %}{{ x }}{% endraw %}',
  '{{ none | lower }}',
  '{{ 1.0 | tojson }}',
  "{{ messages | map(attribute='content') | map('trim') | list | length }}",
  '{{ [1, 2, 3] | sum }} {{ [1, 5, 2] | max }} {{ [4, 2] | min }} {{ 3.14159 | round(2) }}',
  "{{ 'a' * 3 }}",
  "{{ '%s-%d' | format('a', 3) }} {{ 'ab' | center(6) }}",
]);

test.each(recorded.cases)('as Jinja: $template', ({ template, text }) => {
  const render = (): string =>
    renderTemplate({ template, messages: recorded.messages, bosText: '<s>', eosText: '</s>' });
  if (text === undefined || refused.has(template)) {
    expect(render).toThrow(expect.objectContaining({ code: 'templateFailed' }));
  } else {
    expect(render()).toBe(text);
  }
});
