/**
 * The one percentile of the product, in SQL and everywhere else: continuous, by linear interpolation
 * at rank p·(n-1), as `percentile_cont` of the SQL standard and numpy's default do. Of 1..4 the median
 * is 2.5 and p99 is 3.97.
 *
 * @param sorted ascending, without NaN
 * @param p 0 to 1
 * @returns in the unit of the values; NaN for no values
 * @throws RangeError for a p outside 0 to 1
 */
export function percentileOfSorted(sorted: ArrayLike<number>, p: number): number {
  return percentileByRank(sorted.length, (rank) => sorted[rank], p);
}

/** As `percentileOfSorted`. @param at gives the value of a rank, 0 to `n` - 1 */
export function percentileByRank(n: number, at: (rank: number) => number, p: number): number {
  if (!(p >= 0 && p <= 1)) {
    throw new RangeError(`percentile ${p} is outside 0 to 1`);
  }
  if (n === 0) {
    return NaN;
  }
  const rank = p * (n - 1);
  const below = Math.floor(rank);
  const above = Math.min(below + 1, n - 1);
  const low = at(below);
  const high = at(above);
  // Equal neighbours are returned as they are: interpolation would make Infinity - Infinity a NaN.
  return low === high ? low : low + (rank - below) * (high - low);
}
