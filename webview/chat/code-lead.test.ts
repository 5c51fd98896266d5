// @vitest-environment jsdom
import { expect, it } from 'vitest';
import { leadOf } from './code-lead.ts';

function lead(html: string): string {
  document.body.innerHTML = html;
  const block = [...document.querySelectorAll('.code-block')].at(-1);
  return block === undefined ? 'no block' : leadOf(block);
}

it('is the paragraph before, with its code in back quotes', () => {
  expect(lead('<p>Change <code>src/a.ts</code>:</p><div class="code-block"></div>')).toBe('Change `src/a.ts`:');
});

it('may stand in the part before', () => {
  expect(lead('<div><p>x</p><h3>a.ts</h3></div><div><div class="code-block"></div></div>')).toBe('a.ts');
});

it('is not another block, and may be missing', () => {
  expect(lead('<div class="code-block"><code>a</code></div><div class="code-block"></div>')).toBe('');
  expect(lead('<div class="code-block"></div>')).toBe('');
});

it('is short', () => expect(lead(`<p>${'x'.repeat(5000)}</p><div class="code-block"></div>`)).toHaveLength(1000));
