/** Random numbers that are the same for the same seed, on every machine. */
export interface Random {
  /** an integer from 0 to below `limit` */
  below(limit: number): number;
  /** one of the values */
  pick<T>(values: readonly T[]): T;
}

/** Tommy Ettinger's mulberry32 (public domain). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
  return { below, pick: (values) => values[below(values.length)] };
}

/** The generator of one mutant: other files take other turns at the same seed. */
export function seededFor(file: string, seed: number): Random {
  let hash = 0x811c9dc5;
  for (let i = 0; i < file.length; i++) {
    hash = Math.imul(hash ^ file.charCodeAt(i), 0x01000193);
  }
  return seeded(hash ^ Math.imul(seed + 1, 0x9e3779b1));
}
