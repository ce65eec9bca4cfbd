import type { GpuColumns, LaunchColumns, RangeColumns, Trace } from '../../src/trace/index.js';

type Columns = GpuColumns | LaunchColumns | RangeColumns;

/** A trace that holds the events of another several times, one time after the other. */
export function repeatTrace(trace: Trace, times: number): Trace {
  const { spanNs, gpu, launches, ranges } = trace;
  return {
    ...trace,
    spanNs: spanNs * times,
    gpu: repeated(gpu, times, { start: spanNs, launch: launches.count }),
    launches: repeated(launches, times, { start: spanNs, range: ranges.count }),
    ranges: repeated(ranges, times, {
      start: spanNs,
      parent: ranges.count,
      forward: ranges.count,
    }),
  };
}

/** @param steps what is added to a column's values from one time to the next; -1 stays -1 */
function repeated<T extends Columns>(columns: T, times: number, steps: Record<string, number>): T {
  const { count } = columns;
  const copies = Object.entries(columns).map(([key, column]: [string, unknown]) => {
    if (!(ArrayBuffer.isView(column) && 'fill' in column)) {
      return [key, key === 'count' ? count * times : column];
    }
    const values = column as Float64Array | Int32Array;
    const Kind = values.constructor as new (length: number) => Float64Array;
    const copy = new Kind(count * times);
    const step = steps[key] ?? 0;
    for (let i = 0; i < copy.length; i++) {
      const value = values[i % count];
      copy[i] = value < 0 ? value : value + step * Math.floor(i / count);
    }
    return [key, copy];
  });
  return Object.fromEntries(copies) as T;
}
