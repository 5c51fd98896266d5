import { expect, test } from 'vitest';
import { filesOf } from './package-index.ts';

test('reads the files of a page in JSON', () => {
  const page = {
    meta: {},
    files: [{ filename: 'a.whl', url: '../../a.whl' }, { filename: 3, url: 'x' }, null, 'text'],
  };
  expect(filesOf(JSON.stringify(page))).toEqual([{ name: 'a.whl', href: '../../a.whl' }]);
  expect(filesOf('{"files": [')).toEqual([]);
});

test('reads the files of a page in HTML', () => {
  const page = `<!DOCTYPE html><html><body>
    <a href="../../p/a.whl#sha256=00" data-requires-python="&gt;=3.8">a.whl</a><br/>
    <A class=x HREF='https://x/b.whl?x=1&amp;y=2'> b.whl </A>
    <a name="none">c.whl</a><a href="unfinished`;
  expect(filesOf(page)).toEqual([
    { name: 'a.whl', href: '../../p/a.whl#sha256=00' },
    { name: 'b.whl', href: 'https://x/b.whl?x=1&y=2' },
  ]);
});

test('takes no longer for a page that is made to be slow', () => {
  const start = performance.now();
  filesOf('<a '.repeat(300_000));
  filesOf(`<a ${'href='.repeat(200_000)}`);
  filesOf(`<a href="${'&'.repeat(1_000_000)}">x</a>`);
  expect(performance.now() - start).toBeLessThan(1000);
});
