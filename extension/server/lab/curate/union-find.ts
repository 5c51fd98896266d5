/** Sets of record numbers that are joined pair by pair. The smallest number of a set is its name. */
export class UnionFind {
  readonly #parent: Uint32Array;

  constructor(length: number) {
    this.#parent = Uint32Array.from({ length }, (_, index) => index);
  }

  find(item: number): number {
    let root = item;
    for (let above = this.#above(root); above !== root; above = this.#above(root)) {
      // Path halving keeps later searches short without a second pass.
      this.#parent[root] = this.#above(above);
      root = this.#above(root);
    }
    return root;
  }

  /** Returns whether they were separate. */
  join(a: number, b: number): boolean {
    const [rootA, rootB] = [this.find(a), this.find(b)];
    if (rootA === rootB) {
      return false;
    }
    this.#parent[Math.max(rootA, rootB)] = Math.min(rootA, rootB);
    return true;
  }

  #above(item: number): number {
    return this.#parent[item] ?? item;
  }
}
