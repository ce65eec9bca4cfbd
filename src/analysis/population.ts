import {
  METHODS,
  NO_METHOD,
  UNCLASSIFIED,
  countedCalls,
  keepsPartOfEvents,
  measuredColumns,
  recordedNs,
  timeKindOf,
} from '../trace/index.js';
import type { LayerLabels, Method, Trace } from '../trace/index.js';
import { exactSum } from './exactSum.js';
import { formatCount } from './format.js';
import type { MethodShare, Population, TimeWindow, TraceFigures } from './results.js';
import { rowsIn, type RowSpan } from './search.js';

/** Which rows of the file stand behind figures over `window`, and how much of their time has a label. */
export function populationOf(trace: Trace, labels: LayerLabels, window?: TimeWindow): Population {
  const columns = measuredColumns(trace);
  const rows = rowsIn(columns, window);
  const byMethod = new Float64Array(METHODS.length);
  const callsOf = new Float64Array(METHODS.length);
  let classified = 0;
  for (let call = rows.from; call < rows.to; call++) {
    const method = labels.type[call] === UNCLASSIFIED ? NO_METHOD : labels.method[call];
    byMethod[method] += columns.duration[call];
    callsOf[method]++;
    if (labels.type[call] !== UNCLASSIFIED) {
      classified += columns.duration[call];
    }
  }
  const total = exactSum(columns.duration, rows.from, rows.to);
  const evidence: MethodShare[] = [...METHODS.keys()]
    .sort((a, b) => Number(a === NO_METHOD) - Number(b === NO_METHOD))
    .filter((code) => callsOf[code] > 0)
    .map((code) => ({
      method: METHODS[code],
      calls: callsOf[code],
      total_ns: byMethod[code],
      share: total === 0 ? 0 : byMethod[code] / total,
    }));
  const shares: Partial<Record<Method, number>> = {};
  for (const { method, share } of evidence) {
    shares[method] = share;
  }
  const kind = timeKindOf(trace);
  return {
    rows: rows.to - rows.from,
    counted: window === undefined ? countedCalls(trace) : countedInWindow(trace, rows),
    rows_in_file: trace.report.rowsInFile,
    ranks: rankCounts(trace),
    skipped: trace.report.skipped,
    time_kind: kind,
    gpu_time_ns: kind === 'gpu' ? total : 0,
    classified_share: total === 0 ? 0 : classified / total,
    by_method: shares,
    evidence,
  };
}

function rankCounts({ ranks, run = [] }: Trace): Population['ranks'] {
  const unread = run.filter((file) => !file.loaded).length;
  return { loaded: ranks.length, available: ranks.length + unread };
}

/** "8 of 128 ranks are loaded"; '' where all are. */
export function loadedRanksText({ ranks: { loaded, available } }: Population): string {
  return loaded === available
    ? ''
    : `${formatCount(loaded)} of ${formatCount(available)} ranks ${loaded === 1 ? 'is' : 'are'} loaded`;
}

/** A recorder that drops events counts them over its whole recording: of a window nobody knows. */
function countedInWindow(trace: Trace, rows: RowSpan): number | null {
  return keepsPartOfEvents(trace.format) ? null : rows.to - rows.from;
}

/** The figures that tell one trace from another. */
export function traceFigures(trace: Trace): TraceFigures {
  return {
    path: trace.files.map((file) => file.path).join(', '),
    format: trace.format,
    events: trace.report.rowsRead,
    gpu_events: trace.gpu.count,
    span_ns: trace.spanNs,
    recorded_ns: recordedNs(trace),
    ranks: trace.ranks.length,
  };
}
