// @vitest-environment jsdom
import { afterEach, expect, it } from 'vitest';
import './markdown-view.ts';
import type { MarkdownView } from './markdown-view.ts';
import { renderMarkdown } from './markdown.ts';

let view: MarkdownView;
afterEach(() => view.remove());

async function show(text: string, streaming: boolean): Promise<void> {
  view.text = text;
  view.streaming = streaming;
  await view.updateComplete;
}
function create(): void {
  view = document.createElement('paddock-markdown') as MarkdownView;
  document.body.append(view);
}
const html = (): string => [...view.children].map((part) => part.innerHTML).join('');
function wanted(text: string): string {
  const element = document.createElement('div');
  element.innerHTML = renderMarkdown(text);
  return element.innerHTML;
}

const text =
  'See [the docs][1] and [a].\n\n## Code\n\n```js\nconst x = 1;\n\nlet y;\n```\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n' +
  '- one\n- two\n\nEnd [late][2].\n\n[1]: https://a.example/docs\n[a]: https://b.example\n[2]: https://c.example "t"\n';

it('shows a stream as it shows the whole text at once, however it comes', async () => {
  for (const step of [1, 3, 17]) {
    create();
    for (let length = 0; length < text.length; length += step) await show(text.slice(0, length), true);
    await show(text, false);
    expect(html()).toBe(wanted(text));
    expect(view.querySelectorAll('a')).toHaveLength(3);
    view.remove();
  }
  create();
});

it('starts again when the text is another one', async () => {
  create();
  await show('# One\n\ntext\n\nmore', true);
  await show('Two', true);
  expect(html()).toBe(wanted('Two'));
});

it('keeps the buttons of a code block while it grows', async () => {
  create();
  await show('```js\nconst a = 1;\n', true);
  const buttons = [...view.querySelectorAll('button')];
  expect(buttons).toHaveLength(4);
  await show('```js\nconst a = 1;\nconst b = "two";\n', true);
  await show('```js\nconst a = 1;\nconst b = "two";\n```\n', true);
  expect([...view.querySelectorAll('button')]).toEqual(buttons);
  expect(view.querySelector('pre')?.textContent).toBe('const a = 1;\nconst b = "two";\n');
});

it('disables Apply in finished parts too, and enables it again', async () => {
  create();
  await show('```js\na\n```\n\nb\n\nc', true);
  const button = (): string | null | undefined =>
    view.querySelector('[data-action=apply]')?.getAttribute('aria-disabled');
  expect(button()).toBeNull();
  view.restricted = true;
  await view.updateComplete;
  expect(button()).toBe('true');
  view.restricted = false;
  await view.updateComplete;
  expect(button()).toBeNull();
});
