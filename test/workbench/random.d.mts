export function generator(seed: number): (bound: number) => number;
