/** Whole numbers below a bound, the same for a seed (xorshift32). */
export function generator(seed) {
  let state = seed % 2 ** 31 || 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}
