import { describe, expect, test } from 'vitest';
import { renderTemplate } from './template.ts';

const input = { messages: [{ role: 'user', content: 'hi' }], bosText: '<s>', eosText: '</s>' } as const;

test('renders what templates of model files use', () => {
  const template = `{{- bos_token }}
{%- for m in messages %}{% if loop.first %}[{{ m['role'] | upper }}]{% endif %} {{ m.content.strip() }}{% endfor %}
{%- for i in range(1, 7, 2) %} {{ i }}{% endfor %} {{ strftime_now('%Y') | length }}{% if add_generation_prompt %}{{ eos_token }}{% endif %}`;
  expect(renderTemplate({ ...input, template })).toBe('<s>[USER] hi 1 3 5 4</s>');
});

describe('a hostile template ends as templateFailed, quickly', () => {
  const doubling = (step: string): string =>
    `{% set ns = namespace(x='aaaaaaaa', y=[1]) %}{% for i in range(60) %}${step}{% endfor %}{{ ns.x }}{{ ns.y | tojson }}`;
  const hostile: Readonly<Record<string, string>> = {
    'an endless loop': "{% for a in range(60000) %}{% for b in range(60000) %}{{ '' }}{% endfor %}{% endfor %}",
    'an empty endless loop': '{% for a in range(60000) %}{% for b in range(60000) %}{% endfor %}{% endfor %}',
    'a range that fills the memory': '{{ range(100000000000) | length }}',
    'a text that doubles itself': doubling('{% set ns.x = (ns.x ~ ns.x) | upper %}'),
    'a list that contains itself twice': doubling('{% set ns.y = [ns.y, ns.y] %}'),
    'a replacement that explodes': doubling(
      "{% set ns.x = ns.x | replace('a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa') %}",
    ),
    'endless recursion': '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}',
    'more output than allowed': `{% for a in range(60000) %}${'x'.repeat(1000)}{% endfor %}`,
    'deep nesting': `{{ ${'('.repeat(50_000)}1${')'.repeat(50_000)} }}`,
    'a file as template': 'x'.repeat(300_000),
    'what is no template': '{% for %}',
    'its own refusal': "{{ raise_exception('roles must alternate') }}",
  };
  test.each(Object.entries(hostile))('%s', (_name, template) => {
    const start = performance.now();
    expect(() => renderTemplate({ ...input, template })).toThrow(expect.objectContaining({ code: 'templateFailed' }));
    expect(performance.now() - start).toBeLessThan(3000);
  });
});
