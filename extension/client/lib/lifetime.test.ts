import { describe, expect, it } from 'vitest';
import { DisposableStore, MutableDisposable, toDisposable } from './lifetime.ts';

describe('DisposableStore', () => {
  it('disposes in the reverse order, once', () => {
    const order: number[] = [];
    const store = new DisposableStore();
    for (const n of [1, 2, 3]) store.add(toDisposable(() => order.push(n)));
    store.dispose();
    store.dispose();
    expect(order).toEqual([3, 2, 1]);
  });

  it('disposes at once what is added too late', () => {
    const store = new DisposableStore();
    store.dispose();
    let disposed = false;
    store.add(toDisposable(() => (disposed = true)));
    expect(disposed).toBe(true);
  });
});

describe('MutableDisposable', () => {
  it('disposes the one before, and the last with itself', () => {
    const gone: string[] = [];
    const slot = new MutableDisposable();
    slot.value = toDisposable(() => gone.push('a'));
    slot.value = toDisposable(() => gone.push('b'));
    expect(gone).toEqual(['a']);
    slot.dispose();
    slot.value = toDisposable(() => gone.push('c'));
    expect(gone).toEqual(['a', 'b', 'c']);
  });
});
