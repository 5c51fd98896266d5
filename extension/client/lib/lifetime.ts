/** Ownership of disposables: each is registered in the line that creates it, and is disposed with its owner. */

export interface Disposable {
  dispose(): void;
}

export function toDisposable(dispose: () => void): Disposable {
  return { dispose };
}

/** Owns any number of disposables. Adding to one that is disposed disposes at once, so nothing leaks in a race. */
export class DisposableStore implements Disposable {
  readonly #items = new Set<Disposable>();
  #disposed = false;

  get isDisposed(): boolean {
    return this.#disposed;
  }

  add<T extends Disposable>(item: T): T {
    if (this.#disposed) item.dispose();
    else this.#items.add(item);
    return item;
  }

  /** Disposes everything and stays usable. */
  clear(): void {
    const items = [...this.#items].reverse();
    this.#items.clear();
    for (const item of items) item.dispose();
  }

  dispose(): void {
    this.#disposed = true;
    this.clear();
  }
}

/** Holds one disposable; setting another disposes the one before. */
export class MutableDisposable<T extends Disposable> implements Disposable {
  #value: T | undefined;
  #disposed = false;

  get value(): T | undefined {
    return this.#value;
  }

  set value(value: T | undefined) {
    if (this.#value === value) return;
    this.#value?.dispose();
    this.#value = value;
    if (this.#disposed) this.clear();
  }

  clear(): void {
    this.value = undefined;
  }

  dispose(): void {
    this.#disposed = true;
    this.clear();
  }
}
