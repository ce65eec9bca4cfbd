/** Column by which a table is sorted; '' keeps the order the engine gave. */
export interface Sort {
  readonly column: string;
  readonly descending: boolean;
}

export type SortValue = number | string | null;

/**
 * Rows in the order of one value each. Stable; missing values come last either way, because a table
 * sorted by p99 is read from its worst row.
 */
export function sortRows<T>(
  rows: readonly T[],
  value: (row: T) => SortValue,
  descending: boolean,
): readonly T[] {
  const missing = (v: SortValue) => v === null || Number.isNaN(v);
  const direction = descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const x = value(a);
    const y = value(b);
    if (missing(x) || missing(y)) {
      return Number(missing(x)) - Number(missing(y));
    }
    return direction * compare(x, y);
  });
}

function compare(x: SortValue, y: SortValue): number {
  if (typeof x === 'number' && typeof y === 'number') {
    return x - y;
  }
  const a = String(x);
  const b = String(y);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The sort after a click on a column's heading: figures first from the greatest, text from A. */
export function nextSort(current: Sort, column: string, numeric: boolean): Sort {
  return current.column === column
    ? { column, descending: !current.descending }
    : { column, descending: numeric };
}

/** What `aria-sort` says for a heading. */
export function ariaSort(sort: Sort, column: string): 'ascending' | 'descending' | 'none' {
  if (sort.column !== column) {
    return 'none';
  }
  return sort.descending ? 'descending' : 'ascending';
}
