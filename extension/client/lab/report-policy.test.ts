// @ts-expect-error The package has no types.
import { JSDOM } from 'jsdom';
import { expect, test } from 'vitest';
import { underPolicy } from './report-policy.ts';

interface Element {
  readonly outerHTML: string;
  readonly textContent: string;
}
/** The part of a document that is looked at here. */
interface Parsed {
  readonly window: {
    readonly document: {
      querySelector(selector: string): Element | null;
      querySelectorAll(selector: string): Iterable<Element>;
    };
  };
}

test.each([
  '<!DOCTYPE html><html lang="en"><head><title>t</title></head><body><p>x</p></body></html>',
  '<img src="https://example.com/x.png"><p>x</p>',
  '<!-- --><body><p>x</p>',
  '</head><script>1</script><p>x</p>',
  '\ufeff<p>x</p>',
])('the policy comes first in %j', (page) => {
  const { document } = (new JSDOM(underPolicy(page)) as Parsed).window;
  const [first] = document.querySelectorAll('*:not(html):not(head)');
  expect(first?.outerHTML).toMatch(/^<meta http-equiv="Content-Security-Policy" content="default-src 'none'; /u);
  expect(document.querySelector('head > meta')).toBe(first);
  expect(document.querySelector('p')?.textContent).toBe('x');
});
