import type { TimedColumns } from '../trace/index.js';
import type { TimeWindow } from './results.js';

/**
 * The first row from `from` on whose value is at or after `value`; `to` where there is none.
 *
 * @param sorted ascending between `from` and `to`
 */
export function firstAtOrAfter(
  sorted: ArrayLike<number>,
  value: number,
  from = 0,
  to = sorted.length,
): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/** Rows `from` (included) to `to` (excluded). */
export interface RowSpan {
  readonly from: number;
  readonly to: number;
}

/**
 * The calls a window counts: those that start inside it. Without a window, all.
 *
 * @throws RangeError for a window that ends before it starts or is not a number
 */
export function rowsIn(columns: TimedColumns, window: TimeWindow | undefined): RowSpan {
  if (window === undefined) {
    return { from: 0, to: columns.count };
  }
  checkWindow(window);
  const from = firstAtOrAfter(columns.start, window.startNs, 0, columns.count);
  return { from, to: firstAtOrAfter(columns.start, window.endNs, from, columns.count) };
}

/** @throws RangeError for a window that ends before it starts or is not a number */
export function checkWindow(window: TimeWindow): void {
  if (!(window.startNs <= window.endNs)) {
    throw new RangeError(
      `a time window must not end (${window.endNs} ns) before it starts (${window.startNs} ns)`,
    );
  }
}
