import { describe, expect, it } from 'vitest';
import { withClipboard } from './clipboard.ts';
import { lastLines } from './last-lines.ts';

function fakeClipboard(text: string) {
  return {
    text,
    async readText() {
      return this.text;
    },
    async writeText(next: string) {
      this.text = next;
    },
  };
}

describe('withClipboard', () => {
  it('gives what was copied, and the old text back', async () => {
    const clipboard = fakeClipboard('mine');
    expect(await withClipboard(clipboard, 'marker', () => clipboard.writeText('error'))).toBe('error');
    expect(clipboard.text).toBe('mine');
  });

  it('waits for a text that comes late', async () => {
    const clipboard = fakeClipboard('mine');
    const copy = async (): Promise<void> => void setTimeout(() => void clipboard.writeText('error'), 60);
    expect(await withClipboard(clipboard, 'marker', copy)).toBe('error');
    expect(clipboard.text).toBe('mine');
  });

  it('never takes the old text for a copy', async () => {
    const clipboard = fakeClipboard('password');
    expect(await withClipboard(clipboard, 'marker', async () => {})).toBeUndefined();
    expect(clipboard.text).toBe('password');
  });

  it('gives the old text back when copying fails', async () => {
    const clipboard = fakeClipboard('mine');
    const failure = withClipboard(clipboard, 'marker', () => Promise.reject(new Error('no terminal')));
    await expect(failure).rejects.toThrow('no terminal');
    expect(clipboard.text).toBe('mine');
  });
});

describe('lastLines', () => {
  it('keeps short output, without colours', () =>
    expect(lastLines('$ make\r\n\u001b[1;31merror:\u001b[0m x\r\n')).toBe('$ make\nerror: x'));
  it('keeps whole lines of the end', () => {
    const text = lastLines(`${'line\n'.repeat(5000)}error`);
    expect(text.length).toBeLessThanOrEqual(8000);
    expect(text).toMatch(/^line\n/u);
    expect(text).toMatch(/\nerror$/u);
  });
  it('takes no time for a long line', () => {
    const start = performance.now();
    expect(lastLines('\u001b['.repeat(500_000)).length).toBeLessThan(8000);
    expect(lastLines('x'.repeat(1_000_000)).length).toBe(400);
    expect(performance.now() - start).toBeLessThan(200);
  });
});
