import type { SqlEngine, SqlValue } from '../sqlite/engine.js';
import { GrowingColumn } from '../trace/index.js';

/**
 * The discrete percentile of the SQL standard: the first value of the order whose cumulative share
 * reaches p. Of 1..4 `p = 0.5` gives 2, and 3 in descending order.
 *
 * @param sorted in the order asked for, without NaN; not empty
 */
export function discretePercentile(sorted: ArrayLike<number>, p: number): number {
  // Share k/n reaches p at k = ceil(p·n). p·n is first freed of the last bits of binary fractions:
  // 0.07 · 100 is 7.000000000000001, which is meant as 7.
  const product = p * sorted.length;
  const nearest = Math.round(product);
  const position =
    Math.abs(product - nearest) <= 4 * Number.EPSILON * product ? nearest : Math.ceil(product);
  return sorted[Math.min(Math.max(position, 1), sorted.length) - 1];
}

interface Sample {
  readonly values: GrowingColumn<Float64Array>;
  p: number | undefined;
}

/**
 * Adds `percentile_disc(x, p)` and, for descending order, `percentile_disc_desc(x, p)`. NULL does not
 * count; no values give NULL; a text, or a p outside 0 to 1, is an error of the statement.
 */
export function registerDiscretePercentile(engine: SqlEngine): void {
  for (const name of ['percentile_disc', 'percentile_disc_desc']) {
    engine.aggregateFunction<Sample>(name, {
      init: () => ({ values: new GrowingColumn(Float64Array, 64), p: undefined }),
      step: (sample, x: SqlValue, p: SqlValue) => {
        if (typeof p !== 'number' || !(p >= 0 && p <= 1)) {
          throw new Error('percentile_disc: the fraction must be a number from 0 to 1');
        }
        if (x !== null && typeof x !== 'number') {
          throw new Error('percentile_disc: the values must be numbers');
        }
        if (sample.p !== undefined && sample.p !== p) {
          throw new Error('percentile_disc: the fraction must be the same for all rows of a group');
        }
        sample.p = p;
        if (x !== null) {
          sample.values.push(x);
        }
        return sample;
      },
      finalize: ({ values, p }) => {
        if (values.length === 0 || p === undefined) {
          return null;
        }
        const sorted = values.sorted();
        return discretePercentile(name.endsWith('_desc') ? sorted.reverse() : sorted, p);
      },
    });
  }
}
