import type { TimedColumns, Trace } from './columns.js';
import type { LayerLabels } from './labels.js';

/** 'gpu': durations are time on a GPU. 'host_api': durations are time inside API calls on the host. */
export type TimeKind = 'gpu' | 'host_api';

/**
 * What an analysis counts. A trace with GPU events is measured by them. A trace that has only API
 * calls (Ingero) is measured by those, and says so: host time is never added to GPU time.
 */
export interface Calls {
  readonly timeKind: TimeKind;
  readonly columns: TimedColumns;
  readonly labels: LayerLabels;
}

export function timeKindOf(trace: Trace): TimeKind {
  return trace.gpu.count === 0 && trace.launches.count > 0 ? 'host_api' : 'gpu';
}

/** The table `timeKindOf` chooses; labels are made for exactly this table. */
export function measuredColumns(trace: Trace): TimedColumns {
  return timeKindOf(trace) === 'gpu' ? trace.gpu : trace.launches;
}

/**
 * How many calls of the measured table the recorder saw, kept in the file or not; null where the
 * file does not tell it of all of them. `report.rowsCounted` counts host events, too.
 */
export function countedCalls(trace: Trace): number | null {
  const table = timeKindOf(trace) === 'gpu' ? 'gpu' : 'launches';
  const kinds = trace.report.countedByName?.filter((kind) => kind.table === table) ?? [];
  return kinds.length === 0
    ? null
    : kinds.reduce<number | null>(
        (sum, { counted }) => (sum === null || counted === null ? null : sum + counted),
        0,
      );
}
