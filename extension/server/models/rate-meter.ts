/** A rate over the last seconds: steady enough to read, quick enough to be true. */
export class RateMeter {
  #points: { readonly amount: number; readonly time: number }[] = [];

  /** Times in milliseconds. */
  restart(amount: number, time: number): void {
    this.#points = [{ amount, time }];
  }

  /** Takes the amount so far and returns the rate per second; 0 until there is one. */
  update(amount: number, time: number): number {
    this.#points.push({ amount, time });
    while (this.#points.length > 2 && time - (this.#points[0]?.time ?? time) > windowMs) {
      this.#points.shift();
    }
    const first = this.#points[0];
    if (first === undefined || time - first.time < leastMs) {
      return 0;
    }
    return Math.max(0, ((amount - first.amount) * 1000) / (time - first.time));
  }
}

const windowMs = 5000;
const leastMs = 200;
