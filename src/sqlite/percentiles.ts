import { GrowingColumn, percentileOfSorted } from '../trace/index.js';
import type { SqlEngine, SqlValue } from './engine.js';

interface Sample {
  readonly values: GrowingColumn<Float64Array>;
  /** 0 to 1; undefined until the first row */
  p: number | undefined;
}

/**
 * Adds the product's percentile to SQL, all by `percentileOfSorted`: `percentile_cont(x, p)` with p
 * from 0 to 1, `percentile(x, p)` with p from 0 to 100, `median(x)`. NULL rows do not count; of no
 * rows the result is NULL. Values are read as doubles. A text or BLOB among the values, or a p that
 * is out of range or changes within a group, is an error of the statement. Where SQLite has these
 * functions itself, its own are left.
 */
export function registerPercentiles(engine: SqlEngine): void {
  if (!engine.ownPercentiles) {
    replacePercentiles(engine);
  }
}

/** What SQLite's own percentiles say of a value that ours take: the only difference between them. */
export const INFINITE_VALUE = /^Inf input to/;

/** As `registerPercentiles`, in place of SQLite's own where it has them. */
export function replacePercentiles(engine: SqlEngine): void {
  const init = (): Sample => ({ values: new GrowingColumn(Float64Array, 64), p: undefined });
  const finalize = ({ values, p }: Sample): SqlValue =>
    values.length === 0 || p === undefined ? null : percentileOfSorted(values.sorted(), p);

  engine.aggregateFunction<Sample>('percentile_cont', {
    init,
    step: (sample, x: SqlValue, p: SqlValue) => add('percentile_cont', sample, x, p, 1),
    finalize,
  });
  engine.aggregateFunction<Sample>('percentile', {
    init,
    step: (sample, x: SqlValue, p: SqlValue) => add('percentile', sample, x, p, 100),
    finalize,
  });
  engine.aggregateFunction<Sample>('median', {
    init,
    step: (sample, x: SqlValue) => add('median', sample, x, 0.5, 1),
    finalize,
  });
}

function add(name: string, sample: Sample, x: SqlValue, p: SqlValue, whole: number): Sample {
  if (typeof p !== 'number' || !(p >= 0 && p <= whole)) {
    throw new Error(`${name}: the fraction must be a number from 0 to ${whole}`);
  }
  if (sample.p === undefined) {
    sample.p = p / whole;
  } else if (sample.p !== p / whole) {
    throw new Error(`${name}: the fraction must be the same for all rows of a group`);
  }
  if (x === null) {
    return sample;
  }
  if (typeof x !== 'number') {
    throw new Error(`${name}: the values must be numbers`);
  }
  sample.values.push(x);
  return sample;
}
