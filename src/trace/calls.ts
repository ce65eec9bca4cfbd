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
