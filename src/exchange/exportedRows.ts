import type { TimeWindow } from '../analysis/results.js';
import { rowsIn } from '../analysis/search.js';
import type { Trace } from '../trace/index.js';

/** Rows of a table that go into an export, ascending. */
export interface RowChoice {
  readonly from: number;
  readonly to: number;
  /** of those from `from` to `to`; undefined for all of them */
  readonly has?: (row: number) => boolean;
}

export interface ExportedRows {
  readonly gpu: RowChoice;
  readonly launches: RowChoice;
  readonly ranges: RowChoice;
  readonly host: RowChoice;
}

/**
 * What starts in the window, and what was open in it: ranges that reach into it, and the API calls that
 * launched its GPU events.
 */
export function exportedRows(trace: Trace, window: TimeWindow | undefined): ExportedRows {
  const { gpu, launches, ranges, host } = trace;
  const gpuRows = rowsIn(gpu, window);
  const launchRows = rowsIn(launches, window);
  if (window === undefined) {
    return {
      gpu: gpuRows,
      launches: launchRows,
      ranges: rowsIn(ranges, undefined),
      host: rowsIn(host, undefined),
    };
  }
  const wanted = new Set<number>();
  let first = launchRows.from;
  let last = launchRows.to;
  for (let row = gpuRows.from; row < gpuRows.to; row++) {
    const launch = gpu.launch[row];
    if (launch >= 0) {
      wanted.add(launch);
      first = Math.min(first, launch);
      last = Math.max(last, launch + 1);
    }
  }
  return {
    gpu: gpuRows,
    launches: {
      from: first,
      to: last,
      has: (row) => (row >= launchRows.from && row < launchRows.to) || wanted.has(row),
    },
    ranges: {
      from: 0,
      to: rowsIn(ranges, window).to,
      has: (row) =>
        ranges.start[row] >= window.startNs ||
        ranges.start[row] + ranges.duration[row] > window.startNs,
    },
    host: rowsIn(host, window),
  };
}

export function* rowsOf({ from, to, has }: RowChoice): Generator<number, void, undefined> {
  for (let row = from; row < to; row++) {
    if (has === undefined || has(row)) {
      yield row;
    }
  }
}

/** Samples and marks of a window, by time. */
export function inWindow(window: TimeWindow | undefined, time: number): boolean {
  return window === undefined || (time >= window.startNs && time < window.endNs);
}
